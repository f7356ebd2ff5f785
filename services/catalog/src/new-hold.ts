import { holdTaken } from '@holdfast/shared/contracts/holds.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { priceSeats, type SoldEvent } from './event.ts';
import { type Hold, historyEntry, totalOf } from './hold.ts';
import { holdMessage } from './messages.ts';
import type { Seat } from './seat.ts';
import type { ChoiceReasons } from './seating/choice-reasons.ts';
import type { TypesOfSeats } from './ticket-types.ts';

/** The document of a hold whose seats were just taken, with its message; it ends with the first of them. */
export function newHold(
  event: SoldEvent,
  take: { holdId: string; userId: string; attemptId: string },
  seats: readonly Seat[],
  parts: {
    fingerprint: string;
    chosen?: { reasons?: ChoiceReasons } | undefined;
    maxPerUser: number;
    types: TypesOfSeats;
  },
  origin: Origin,
): Hold {
  const priced = priceSeats(event, seats, parts.types);
  const taken = seats.flatMap((seat) => seat.hold ?? []);
  const expiresAt = new Date(Math.min(...taken.map((one) => one.expiresAt.getTime())));
  const takenAt = new Date(Math.min(...taken.map((one) => one.takenAt.getTime())));
  const hold: Hold = {
    _id: take.holdId,
    eventId: event._id,
    userId: take.userId,
    attemptId: take.attemptId,
    fingerprint: parts.fingerprint,
    ...(parts.chosen?.reasons && { reasons: parts.chosen.reasons }),
    state: 'held',
    seats: priced,
    currency: event.currency,
    totalMinor: totalOf(priced),
    ...(event.terms && { terms: event.terms }),
    event: {
      name: event.name,
      venueName: event.venueName,
      startsAt: event.startsAt,
      timeZone: event.timeZone,
    },
    maxPerUser: parts.maxPerUser,
    takenAt,
    expiresAt,
    extensions: [],
    round: 0,
    version: 1,
    movedAt: takenAt,
    pinId: null,
    bookingId: null,
    closed: [],
    askedAt: null,
    history: [
      historyEntry(takenAt, origin, 'seats taken', null, {
        state: 'held',
        expiresAt: expiresAt.toISOString(),
        seatIds: priced.map((seat) => seat.seatId),
      }),
    ],
    outbox: [],
  };
  hold.outbox.push(
    holdMessage(holdTaken, hold, {
      seats,
      has: priced,
      expiresAt,
      version: 1,
      time: takenAt,
      origin,
    }),
  );
  return hold;
}
