import {
  bookingCancelled,
  bookingConfirmed,
  bookingFailed,
  bookingSeatsCancelled,
} from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, type Message, readMessage } from '@holdfast/shared/contracts/contract.ts';
import { holdEndingSoon } from '@holdfast/shared/contracts/holds.ts';
import {
  bookingEventChanged,
  type MovedBooking,
} from '@holdfast/shared/contracts/moved-bookings.ts';
import { refundSucceeded } from '@holdfast/shared/contracts/refunds.ts';
import {
  type TransferChange,
  transferAccepted,
  transferDeclined,
  transferExpired,
} from '@holdfast/shared/contracts/transfers.ts';
import { userRegistered, userTierChanged } from '@holdfast/shared/contracts/users.ts';
import { formatMoney } from '@holdfast/shared/money.ts';

/** Something to tell somebody, as a message says it. */
export type Occasion = {
  readonly messageId: string;
  readonly type: string;
  /** When it happened. */
  readonly time: string;
  readonly userId: string;
  readonly eventId: string | null;
  /** Later it is of no use to anybody. */
  readonly usefulUntil: string | null;
  readonly content: object;
};

export type Recipient = { readonly name: string; readonly email: string };
export type EventFacts = {
  readonly name: string;
  readonly venueName: string;
  readonly startsAt: string;
  readonly timeZone: string;
};

export type Mail = {
  /** The same however often the mail is sent, so that whoever receives it twice can tell. */
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};

type Words = { subject: string; text: string };

/** A kind of mail: the message that brings it about, whom it concerns, and what it says. */
type Kind = {
  readonly type: string;
  occasionOf(message: Message): Omit<Occasion, 'messageId' | 'type' | 'time'> | undefined;
  write(content: object, event: EventFacts | undefined): Words;
};

type Concerned = { userId: string; eventId?: string; usefulUntil?: string | null };

function kind<D extends object>(
  contract: Contract<D>,
  concernedBy: (content: D) => Concerned,
  write: (content: D, event: EventFacts | undefined) => Words,
): Kind {
  return {
    type: contract.type,
    occasionOf(message) {
      const content = readMessage(contract, message)?.data;
      if (content === undefined) return undefined;
      const { userId, eventId = null, usefulUntil = null } = concernedBy(content);
      return { userId, eventId, usefulUntil, content };
    },
    // Only content that this contract has read is kept under its type.
    write: (content, event) => write(content as D, event),
  };
}

const buyer = ({ userId, eventId }: { userId: string; eventId: string }) => ({ userId, eventId });
const account = ({ userId }: { userId: string }) => ({ userId });
const sender = ({ fromUserId, eventId }: TransferChange) => ({ userId: fromUserId, eventId });

const KINDS: readonly Kind[] = [
  kind(bookingConfirmed, buyer, (booking, event) => ({
    subject: `Your tickets: ${nameOf(event)}`,
    text: `Your booking is paid: ${seatsOf(booking.seats)}, ${formatMoney(booking.totalMinor, booking.currency)} in all.\n${whenAndWhere(event)}`,
  })),
  kind(bookingFailed, buyer, (booking, event) => ({
    subject: `Your booking did not succeed: ${nameOf(event)}`,
    // Money may have been taken all the same, by a debit or late: that is paid back.
    text: `You owe nothing (${inWords(booking.reason ?? 'unknown reason')}), and whatever was charged is paid back in full. While your seats are held you can try again.`,
  })),
  kind(bookingCancelled, buyer, (booking, event) => ({
    subject: `Your booking is cancelled: ${nameOf(event)}`,
    text: `Your tickets admit nobody any more (${inWords(booking.reason ?? 'cancelled')}): ${seatsOf(booking.seats)}. We write again when money has been paid back.`,
  })),
  kind(bookingSeatsCancelled, buyer, (booking, event) => ({
    subject: `Some of your tickets are cancelled: ${nameOf(event)}`,
    text: `These admit nobody any more, the others stay: ${seatsOf(booking.seats)}. We write again when money has been paid back.`,
  })),
  kind(bookingEventChanged, buyer, (moved) => ({
    subject: `${moved.cause === 'postponed' ? 'Postponed' : 'New date'}: ${moved.eventName}`,
    text: `${startOf(moved)} Your tickets stay valid; you can cancel free of charge until ${instant(moved.freeCancelUntil, moved.timeZone)}.`,
  })),
  kind(
    holdEndingSoon,
    (hold) => ({ ...buyer(hold), usefulUntil: hold.expiresAt }),
    (hold, event) => ({
      subject: `Your seats are held a little longer: ${nameOf(event)}`,
      text: `They are yours until ${instant(hold.expiresAt ?? '', event?.timeZone ?? 'UTC')}: pay or extend the hold before.`,
    }),
  ),
  kind(refundSucceeded, buyer, (refund, event) => ({
    subject: `${formatMoney(refund.amountMinor, refund.currency)} paid back: ${nameOf(event)}`,
    text: 'The money is on its way to the card or account that you paid with.',
  })),
  kind(transferAccepted, sender, (transfer) => ({
    subject: `Your tickets have a new owner: ${transfer.eventName}`,
    text: `${transfer.toEmail} has accepted ${seatsOf(transfer.tickets)}. The codes that you have let nobody in any more.`,
  })),
  kind(transferDeclined, sender, (transfer) => ({
    subject: `Your tickets were declined: ${transfer.eventName}`,
    text: `${transfer.toEmail} does not take ${seatsOf(transfer.tickets)}. They are yours as before.`,
  })),
  kind(transferExpired, sender, (transfer) => ({
    subject: `Nobody accepted your tickets: ${transfer.eventName}`,
    text: `${transfer.toEmail} did not answer in time. ${seatsOf(transfer.tickets)}: yours as before.`,
  })),
  kind(userRegistered, account, () => ({
    subject: 'Welcome to Holdfast',
    text: 'Your account is ready.',
  })),
  kind(userTierChanged, account, (user) => ({
    subject: `You are ${user.tier} now`,
    text: `With ${count(user.confirmedBookings, 'confirmed booking')} your account went from ${user.previousTier} to ${user.tier}.`,
  })),
];

/** What a message gives occasion to tell; undefined when nobody is told of it. */
export function occasionOf(message: Message): Occasion | undefined {
  const occasion = KINDS.find(({ type }) => type === message.type)?.occasionOf(message);
  return occasion && { messageId: message.id, type: message.type, time: message.time, ...occasion };
}

/** The mail about an occasion, to somebody who may still be unknown here. */
export function writeMail(
  occasion: Pick<Occasion, 'messageId' | 'type' | 'userId' | 'content'>,
  recipient: Recipient | undefined,
  event: EventFacts | undefined,
): Mail {
  const found = KINDS.find(({ type }) => type === occasion.type);
  if (found === undefined) throw new Error(`No mail tells of ${occasion.type}`);
  const { subject, text } = found.write(occasion.content, event);
  return {
    messageId: `<${occasion.messageId}@holdfast>`,
    to: recipient ? `${recipient.name} <${recipient.email}>` : `user ${occasion.userId}`,
    subject,
    text,
  };
}

function startOf({ cause, oldStartsAt, newStartsAt, timeZone }: MovedBooking): string {
  const [before, now] = [instant(oldStartsAt, timeZone), instant(newStartsAt, timeZone)];
  if (cause === 'postponed') return `It does not begin on ${before}; we write when it will.`;
  return before === now
    ? `It takes place after all: on ${now}.`
    : `It was to begin on ${before}, and will now on ${now}.`;
}

function nameOf(event: EventFacts | undefined): string {
  return event?.name ?? 'your event';
}

function whenAndWhere(event: EventFacts | undefined): string {
  if (event === undefined) return 'Date and place are on your tickets.';
  return `${event.name}, ${event.venueName}, ${instant(event.startsAt, event.timeZone)}.`;
}

function seatsOf(seats: readonly { seatId: string }[]): string {
  return `${count(seats.length, 'ticket')} (${seats.map(({ seatId }) => seatId).join(', ')})`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function inWords(code: string): string {
  return code.replaceAll('_', ' ');
}

function instant(at: string, timeZone: string): string {
  const style = { dateStyle: 'full', timeStyle: 'short', timeZone } as const;
  return new Intl.DateTimeFormat('en-GB', style).format(new Date(at));
}
