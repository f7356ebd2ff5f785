import {
  type BookingState,
  bookingAuthorized,
  bookingCancelled,
  bookingConfirmed,
  bookingFailed,
  bookingPlaced,
  bookingSeatsCancelled,
  type PinnedHold,
  retakeKeyOf,
} from '@holdfast/shared/contracts/bookings.ts';
import type { Contract, Message } from '@holdfast/shared/contracts/contract.ts';
import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import type { Terms } from '@holdfast/shared/contracts/terms.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { BookingStatus } from './checkout.ts';
import type { QuoteLine } from './quote.ts';

/** A customer's purchase, with the snapshot of the offer that it was made from. */
export type Booking = {
  readonly id: string;
  readonly holdId: string;
  readonly pinId: string;
  /** All its holds with their pins and seats; the one above is the first. */
  readonly holds: readonly PinnedHold[];
  readonly eventId: string;
  readonly userId: string;
  readonly status: BookingStatus;
  readonly reason: string | null;
  readonly currency: string;
  /** What is charged: the lines that are not in others already. */
  readonly totalMinor: number;
  /** What it was sold under, and what that came to. */
  readonly terms: Terms;
  readonly lines: readonly QuoteLine[];
  readonly eventName: string;
  readonly venueName: string;
  readonly startsAt: Date;
  readonly timeZone: string;
  /** The event was moved: until then its buyer may cancel free of charge, whatever the terms. */
  readonly freeCancelUntil: Date | null;
  /** The failed booking whose seats and late money this one has. */
  readonly retakes: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly seats: readonly BookedSeat[];
};

export type TicketStatus = 'reserved' | 'live' | 'void';
export type BookedSeat = OfferSeat & {
  readonly ticketId: string | null;
  readonly ticketStatus: TicketStatus | null;
};

/** The one pin that a booking may have of its hold, or of a further one of its holds. */
export function pinIdOf(bookingId: string, furtherHoldId?: string): string {
  return furtherHoldId === undefined
    ? derivedId('pin', bookingId)
    : derivedId('pin', bookingId, furtherHoldId);
}

/** The hold that catalog makes when it takes seats again for a booking; both derive its id. */
export function retakenHoldOf(userId: string, bookingId: string): string {
  return derivedId('hold', userId, retakeKeyOf(bookingId));
}

/** The seats whose tickets admit somebody. */
export function liveSeatsOf(booking: Pick<Booking, 'seats'>): string[] {
  return booking.seats.flatMap(({ seatId, ticketStatus }) =>
    ticketStatus === 'live' ? [seatId] : [],
  );
}

const ANNOUNCEMENTS: Partial<Record<BookingStatus, Contract<BookingState>>> = {
  pending: bookingPlaced,
  authorized: bookingAuthorized,
  confirmed: bookingConfirmed,
  failed: bookingFailed,
  cancelled: bookingCancelled,
};

/**
 * The message that tells of a booking's status, if that status has one. Its id derives from
 * booking and type, so that a repeat is the same message.
 */
export function announce(booking: Booking, origin: Origin): Message | undefined {
  const contract = ANNOUNCEMENTS[booking.status];
  if (contract === undefined) return undefined;
  return newMessage(contract, {
    id: derivedId(booking.id, contract.type),
    key: booking.id,
    version: booking.version,
    time: booking.changedAt,
    origin,
    data: stateOf(booking, booking.seats),
  });
}

/** The message that seats of a booking were cancelled while others stay. */
export function announceCancelledSeats(
  booking: Booking,
  cancelled: readonly { readonly seatId: string }[],
  origin: Origin,
): Message {
  const ids = cancelled.map(({ seatId }) => seatId);
  return newMessage(bookingSeatsCancelled, {
    id: derivedId(booking.id, bookingSeatsCancelled.type, String(booking.version)),
    key: booking.id,
    version: booking.version,
    time: booking.changedAt,
    origin,
    data: stateOf(
      booking,
      booking.seats.filter(({ seatId }) => ids.includes(seatId)),
    ),
  });
}

function stateOf(booking: Booking, seats: readonly BookedSeat[]): BookingState {
  const sold = booking.status === 'confirmed' || booking.status === 'cancelled';
  return {
    bookingId: booking.id,
    holdId: booking.holdId,
    pinId: booking.pinId,
    ...(booking.holds.length > 1 && { holds: [...booking.holds] }),
    eventId: booking.eventId,
    userId: booking.userId,
    seats: seats.map(({ seatId, ticketId, category, priceMinor }) => ({
      seatId,
      ticketId: sold ? ticketId : null,
      category,
      priceMinor,
    })),
    totalMinor: booking.totalMinor,
    currency: booking.currency,
    ...(booking.reason !== null && { reason: booking.reason }),
    ...(booking.retakes !== null && { retakes: booking.retakes }),
  };
}
