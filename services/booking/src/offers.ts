import { isDeepStrictEqual } from 'node:util';
import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { NO_TERMS } from '@holdfast/shared/contracts/terms.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Booking, pinIdOf } from './booking.ts';
import type { Quote } from './quote.ts';

/** Offers of one event to one user, as one: of its holds the first gives it its name. */
export type JointOffer = Offer & {
  readonly holds: readonly { readonly holdId: string; readonly seatIds: readonly string[] }[];
};

/**
 * Takes offers together, in the order of their holds, whatever the order they came in. Refuses those
 * of different events, currencies or terms: they are different purchases.
 */
export function joinOffers(offers: readonly Offer[]): JointOffer | Refusal {
  const sorted = offers.toSorted((a, b) => (a.holdId < b.holdId ? -1 : 1));
  const [first] = sorted;
  if (first === undefined) return refused('offer_invalid', 'Send at least one offer.');
  const differ = (what: string) =>
    refused('offers_differ', `The offers are of different ${what}: book each in turn.`);
  const isSame = (of: (offer: Offer) => unknown) =>
    sorted.every((one) => isDeepStrictEqual(of(one), of(first)));
  if (!isSame(({ eventId }) => eventId)) return differ('events');
  if (!isSame(({ currency }) => currency)) return differ('currencies');
  if (!isSame(({ terms = NO_TERMS }) => terms)) return differ('terms');
  const seats = sorted.flatMap((offer) => offer.seats);
  const holdIds = new Set(sorted.map(({ holdId }) => holdId));
  const seatIds = new Set(seats.map(({ seatId }) => seatId));
  if (holdIds.size < sorted.length || seatIds.size < seats.length) {
    return refused('offer_invalid', 'The offers name a hold or a seat twice: send each once.');
  }
  return {
    ...first,
    seats,
    totalMinor: sorted.reduce((sum, { totalMinor }) => sum + totalMinor, 0),
    maxPerUser: Math.min(...sorted.map(({ maxPerUser }) => maxPerUser)),
    expiresAt: sorted.map(({ expiresAt }) => expiresAt).toSorted()[0] ?? first.expiresAt,
    holds: sorted.map((offer) => ({
      holdId: offer.holdId,
      seatIds: offer.seats.map(({ seatId }) => seatId),
    })),
  };
}

type Snapshot = Omit<
  Booking,
  'status' | 'version' | 'retakes' | 'reason' | 'freeCancelUntil' | 'createdAt' | 'changedAt'
>;

/** What a booking keeps of its offer, whatever becomes of the event. */
export function snapshotOf(id: string, offer: JointOffer, quote: Quote): Snapshot {
  return {
    id,
    ...quote,
    holdId: offer.holdId,
    pinId: pinIdOf(id),
    holds: offer.holds.map(({ holdId, seatIds }, index) => ({
      holdId,
      pinId: index === 0 ? pinIdOf(id) : pinIdOf(id, holdId),
      seatIds: [...seatIds],
    })),
    eventId: offer.eventId,
    userId: offer.userId,
    currency: offer.currency,
    eventName: offer.eventName,
    venueName: offer.venueName,
    startsAt: new Date(offer.startsAt),
    timeZone: offer.timeZone,
    seats: offer.seats.map(
      ({ seatId, label, section, row, number, category, priceMinor, ticketType }) => ({
        ...{ seatId, label, section, row, number, category, priceMinor },
        ...(ticketType && { ticketType: { id: ticketType.id, name: ticketType.name } }),
        ticketId: null,
        ticketStatus: null,
      }),
    ),
  };
}
