import type { Bench } from './bench.ts';
import type { Buyer } from './issuer.ts';
import { holdStep, type Purchase, purchasePlan } from './load/checkout-requests.ts';
import type { SeededEvent } from './seeding.ts';

export const SEATS_A_BOOKING = 2;
/** Below the cap of seats that an account may have of one event. */
const BOOKINGS_A_BUYER = 4;
/** One in twenty is declined, one in fifty asked for twice. */
const DECLINED_EVERY = 20;
const REPEATED_EVERY = 50;

/** What slices of work buy: seats that no other slice wants, of every event in turn. */
export type Market = {
  readonly events: readonly SeededEvent[];
  readonly buyers: readonly Buyer[];
  readonly bookingsASlice: number;
};

export const seatsOfMarket = (slices: number, bookingsASlice: number, events: number) =>
  Math.ceil((slices * bookingsASlice) / events) * SEATS_A_BOOKING;

export const buyersOfMarket = (slices: number, bookingsASlice: number) =>
  Math.ceil((slices * bookingsASlice) / BOOKINGS_A_BUYER);

export function purchasesOf(
  { events, buyers, bookingsASlice }: Market,
  slice: number,
  onlyPaid = false,
): Purchase[] {
  return Array.from({ length: bookingsASlice }, (_, at) => {
    const turn = slice * bookingsASlice + at;
    const event = events[turn % events.length];
    const buyer = buyers[turn % buyers.length];
    const first = Math.floor(turn / events.length) * SEATS_A_BOOKING;
    const seatIds = event?.seatIds.slice(first, first + SEATS_A_BOOKING) ?? [];
    if (!event || !buyer || seatIds.length < SEATS_A_BOOKING) {
      throw new Error('The seeding is smaller than the plan');
    }
    return { buyer, eventId: event.eventId, seatIds, kind: onlyPaid ? 'paid' : kindOf(at) };
  });
}

function kindOf(at: number): Purchase['kind'] {
  if (at % DECLINED_EVERY === DECLINED_EVERY - 1) return 'declined';
  return at % REPEATED_EVERY === 0 ? 'repeated' : 'paid';
}

/** Holds seats for all; answers their offers. */
export async function holdAll(
  bench: Bench,
  url: string,
  purchases: readonly Purchase[],
): Promise<string[]> {
  const { taken } = await bench.generator.run({
    ...purchasePlan(purchases, (purchase) => [holdStep({ holds: url, bookings: url }, purchase)]),
    url,
    connections: 64,
    keepsTaken: true,
  });
  return purchases.map((_, at) => {
    const offer = taken[at]?.offer;
    if (!offer) throw new Error('A hold was not had');
    return offer;
  });
}
