import {
  type BookingState,
  bookingCancelled,
  bookingConfirmed,
  bookingFailed,
} from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, type Message, readMessage } from '@holdfast/shared/contracts/contract.ts';
import { holdEndingSoon } from '@holdfast/shared/contracts/holds.ts';
import { bookingEventChanged } from '@holdfast/shared/contracts/moved-bookings.ts';
import { paymentRefunded } from '@holdfast/shared/contracts/payments.ts';
import { userRegistered, userTierChanged } from '@holdfast/shared/contracts/users.ts';

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
type About = { userId: string; eventId?: string };

/** A kind of mail: the message that brings it about, and what it says. */
type Kind = {
  readonly type: string;
  occasionOf(message: Message): Omit<Occasion, 'messageId' | 'type' | 'time'> | undefined;
  write(content: object, event: EventFacts | undefined): Words;
};

function kind<D extends About>(
  contract: Contract<D>,
  write: (content: D, event: EventFacts | undefined) => Words,
  usefulUntilOf: (content: D) => string | null = () => null,
): Kind {
  return {
    type: contract.type,
    occasionOf(message) {
      const data = readMessage(contract, message)?.data;
      return (
        data && {
          userId: data.userId,
          eventId: data.eventId ?? null,
          usefulUntil: usefulUntilOf(data),
          content: data,
        }
      );
    },
    // Only content that this contract has read is kept under its type.
    write: (content, event) => write(content as D, event),
  };
}

const KINDS: readonly Kind[] = [
  kind(bookingConfirmed, (booking, event) => ({
    subject: `Your tickets: ${nameOf(event)}`,
    text: `Your booking is paid: ${seatsOf(booking)}, ${money(booking.totalMinor, booking.currency)} in all.\n${whenAndWhere(event)}`,
  })),
  kind(bookingFailed, (booking, event) => ({
    subject: `Your booking did not succeed: ${nameOf(event)}`,
    text: `Nothing was charged (${inWords(booking.reason ?? 'unknown reason')}). While your seats are held you can try again.`,
  })),
  kind(bookingCancelled, (booking, event) => ({
    subject: `Your booking is cancelled: ${nameOf(event)}`,
    text: `Your tickets (${seatsOf(booking)}) admit nobody any more (${inWords(booking.reason ?? 'cancelled')}). We write again when money has been paid back.`,
  })),
  kind(bookingEventChanged, (moved) => ({
    subject: `New date: ${moved.eventName}`,
    text: `It was to begin on ${instant(moved.oldStartsAt, moved.timeZone)}, and will now on ${instant(moved.newStartsAt, moved.timeZone)}. Your tickets stay valid; you can cancel free of charge until ${instant(moved.freeCancelUntil, moved.timeZone)}.`,
  })),
  kind(
    holdEndingSoon,
    (hold, event) => ({
      subject: `Your seats are held a little longer: ${nameOf(event)}`,
      text: `They are yours until ${instant(hold.expiresAt ?? '', event?.timeZone ?? 'UTC')}: pay or extend the hold before.`,
    }),
    (hold) => hold.expiresAt,
  ),
  kind(paymentRefunded, (payment) => ({
    subject: `${money(payment.amountMinor, payment.currency)} paid back`,
    text: 'The money is on its way to the card or account that you paid with.',
  })),
  kind(userRegistered, () => ({
    subject: 'Welcome to Holdfast',
    text: 'Your account is ready.',
  })),
  kind(userTierChanged, (user) => ({
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

function nameOf(event: EventFacts | undefined): string {
  return event?.name ?? 'your event';
}

function whenAndWhere(event: EventFacts | undefined): string {
  if (event === undefined) return 'Date and place are on your tickets.';
  return `${event.name}, ${event.venueName}, ${instant(event.startsAt, event.timeZone)}.`;
}

function seatsOf({ seats }: BookingState): string {
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

/** An amount in minor units as people write it, with as many decimals as the currency has. */
function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}
