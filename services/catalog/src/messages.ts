import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import type { EventState, VenueState } from '@holdfast/shared/contracts/events.ts';
import type { HoldChange, SeatChange } from '@holdfast/shared/contracts/holds.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Event, Venue } from './event.ts';
import type { Hold } from './hold.ts';
import { toChange } from './seat.ts';

/** A message about a hold; `version` is the document's after the write that carries it. */
export function holdMessage(
  contract: Contract<HoldChange>,
  hold: Hold,
  parts: {
    id?: string;
    seats: readonly SeatChange[];
    expiresAt: Date | null;
    version: number;
    time: Date;
    origin: Origin;
    pinId?: string | null | undefined;
    bookingId?: string | null | undefined;
    reason?: string;
    seatCount?: number;
    /** What the hold has after the change; left out where its seats are no part of the matter. */
    has?: readonly { seatId: string }[];
  },
): Message {
  return newMessage(contract, {
    ...(parts.id !== undefined && { id: parts.id }),
    key: hold._id,
    version: parts.version,
    time: parts.time,
    origin: parts.origin,
    data: {
      holdId: hold._id,
      eventId: hold.eventId,
      userId: hold.userId,
      seats: parts.seats.map(toChange),
      expiresAt: parts.expiresAt?.toISOString() ?? null,
      ...(parts.pinId && { pinId: parts.pinId }),
      ...(parts.bookingId && { bookingId: parts.bookingId }),
      ...(parts.reason !== undefined && { reason: parts.reason }),
      ...(parts.seatCount !== undefined && { seatCount: parts.seatCount }),
      ...(parts.has && { seatIds: parts.has.map(({ seatId }) => seatId) }),
    },
  });
}

/** A message about an event as it stands after the change. */
export function eventMessage(
  contract: Contract<EventState>,
  event: Event,
  parts: { version: number; time: Date; origin: Origin },
): Message {
  return newMessage(contract, {
    key: event._id,
    ...parts,
    data: {
      eventId: event._id,
      venueId: event.venueId,
      ownerId: event.ownerId,
      name: event.name,
      venueName: event.venueName,
      city: event.city,
      startsAt: event.startsAt.toISOString(),
      timeZone: event.timeZone,
      onSaleAt: event.onSaleAt.toISOString(),
      status: event.status,
      currency: event.currency,
      prices: event.prices,
      seatCount: event.seatCount,
      planVersion: event.planVersion,
      ...(event.terms && { terms: event.terms }),
    },
  });
}

export function venueMessage(
  contract: Contract<VenueState>,
  venue: Venue,
  parts: { version: number; time: Date; origin: Origin },
): Message {
  return newMessage(contract, {
    key: venue._id,
    ...parts,
    data: {
      venueId: venue._id,
      name: venue.name,
      city: venue.city,
      country: venue.country,
      timeZone: venue.timeZone,
      seatCount: venue.seatCount,
    },
  });
}
