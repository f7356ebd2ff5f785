import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import {
  type TransferChange,
  transferAccepted,
  transferDeclined,
  transferEnded,
  transferExpired,
  transferOffered,
  transferWithdrawn,
} from '@holdfast/shared/contracts/transfers.ts';
import { type Ignored, ignored, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Booking } from '../booking.ts';

export const TRANSFER_STATUSES = [
  'offered',
  'accepted',
  'declined',
  'withdrawn',
  'expired',
  'ended',
] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];
export type TransferEnd = Exclude<TransferStatus, 'offered'>;

/** Tickets on their way to another person: an offer, and what became of it. */
export type Transfer = {
  readonly id: string;
  readonly bookingId: string;
  readonly eventId: string;
  readonly eventName: string;
  readonly venueName: string;
  readonly startsAt: Date;
  readonly timeZone: string;
  readonly fromUserId: string;
  /** Null when auth's message of the account has not come yet. */
  readonly fromName: string | null;
  readonly toEmail: string;
  /** The account that accepted or declined. */
  readonly toUserId: string | null;
  readonly note: string | null;
  readonly status: TransferStatus;
  readonly expiresAt: Date;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly tickets: readonly TransferTicket[];
};

export type TransferTicket = {
  readonly ticketId: string;
  readonly seatId: string;
  readonly label: string;
  readonly epoch: number;
};

/** A ticket as far as it decides whether it may be offered. */
export type OfferedTicket = {
  readonly id: string;
  readonly bookingId: string;
  readonly holderId: string;
  readonly status: 'reserved' | 'live' | 'void';
  readonly firstEnteredAt: Date | null;
};

/**
 * Why tickets may not be offered; undefined where they may. Whoever holds a ticket may offer it: its
 * buyer, or the person who accepted it last.
 */
export function refuseOffer(
  wanted: { readonly ticketIds: readonly string[]; readonly userId: string },
  given: {
    readonly booking: Pick<Booking, 'id' | 'userId' | 'terms' | 'eventName'>;
    readonly tickets: ReadonlyMap<string, OfferedTicket>;
    readonly event: { readonly isCancelled: boolean; readonly hasStarted: boolean };
  },
): Refusal | undefined {
  const { booking, tickets, event } = given;
  for (const ticketId of wanted.ticketIds) {
    const ticket = tickets.get(ticketId);
    const concerns = ticket?.holderId === wanted.userId || booking.userId === wanted.userId;
    if (ticket === undefined || ticket.bookingId !== booking.id || !concerns) {
      return refused('ticket_not_found', `This account has no ticket ${ticketId} in this booking.`);
    }
    if (ticket.holderId !== wanted.userId) {
      return refused(
        'ticket_transferred',
        `Ticket ${ticketId} belongs to somebody else now: only they can pass it on, or give it back.`,
      );
    }
    const unfit = refuseTicket(ticket);
    if (unfit) return unfit;
  }
  if (!booking.terms.transferable) {
    return refused(
      'ticket_not_transferable',
      `Tickets of "${booking.eventName}" stay with their buyer: its organizer allows no transfers.`,
    );
  }
  return refuseEvent(booking.eventName, event);
}

export function refuseEvent(
  eventName: string,
  event: { readonly isCancelled: boolean; readonly hasStarted: boolean },
): Refusal | undefined {
  if (event.isCancelled) {
    return refused('event_cancelled', `"${eventName}" is cancelled; its buyers are repaid.`);
  }
  return event.hasStarted
    ? refused('event_started', `"${eventName}" has begun: its tickets stay with who has them.`)
    : undefined;
}

function refuseTicket({ id, status, firstEnteredAt }: OfferedTicket): Refusal | undefined {
  if (status === 'void') {
    return refused('ticket_void', `Ticket ${id} was cancelled: it can not be passed on.`);
  }
  if (status === 'reserved') {
    return refused('ticket_not_live', `Ticket ${id} is not paid yet: wait for its booking.`);
  }
  return firstEnteredAt === null
    ? undefined
    : refused('ticket_used', `Ticket ${id} has been used: it stays with who used it.`);
}

/**
 * What an answer makes of an offer, by the database's clock. A repeat of the answer that ended it is
 * ignored; any other comes too late.
 */
export function decideEnd(
  transfer: Pick<Transfer, 'id' | 'status' | 'toUserId'> & { readonly hasExpired: boolean },
  answer: { readonly end: TransferEnd; readonly userId: string | null },
): { readonly kind: 'accepted'; readonly status: TransferEnd } | Ignored | Refusal {
  const { end, userId } = answer;
  if (transfer.status === 'offered') {
    if (transfer.hasExpired && (end === 'accepted' || end === 'declined')) {
      return refused(
        'transfer_over',
        `Transfer ${transfer.id} has expired: ask its sender to offer the tickets again.`,
      );
    }
    return { kind: 'accepted', status: end };
  }
  const isRepeat = transfer.status === end && (transfer.toUserId ?? userId) === userId;
  if (isRepeat) return ignored('repeated');
  return refused('transfer_over', `Transfer ${transfer.id} is over: it was ${transfer.status}.`);
}

const ANNOUNCEMENTS: Readonly<Record<TransferStatus, Contract<TransferChange>>> = {
  offered: transferOffered,
  accepted: transferAccepted,
  declined: transferDeclined,
  withdrawn: transferWithdrawn,
  expired: transferExpired,
  ended: transferEnded,
};

/** The message that tells of a transfer's status. */
export function announceTransfer(transfer: Transfer, origin: Origin): Message {
  const contract = ANNOUNCEMENTS[transfer.status];
  const { toUserId, note } = transfer;
  return newMessage(contract, {
    id: derivedId(transfer.id, contract.type),
    key: transfer.id,
    version: transfer.version,
    time: transfer.changedAt,
    origin,
    data: {
      transferId: transfer.id,
      bookingId: transfer.bookingId,
      eventId: transfer.eventId,
      eventName: transfer.eventName,
      venueName: transfer.venueName,
      startsAt: transfer.startsAt.toISOString(),
      timeZone: transfer.timeZone,
      fromUserId: transfer.fromUserId,
      fromName: transfer.fromName,
      toEmail: transfer.toEmail,
      ...(toUserId !== null && { toUserId }),
      ...(note !== null && { note }),
      tickets: transfer.tickets.map((ticket) => ({ ...ticket })),
      expiresAt: transfer.expiresAt.toISOString(),
    },
  });
}
