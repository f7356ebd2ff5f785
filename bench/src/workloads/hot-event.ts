import { seededRandom } from '@holdfast/demo/random.ts';
import type { Bench, Program } from '../bench.ts';
import type { Catalogs } from '../catalog.ts';
import type { Buyer } from '../issuer.ts';
import { holdRequest } from '../load/hold-requests.ts';
import type { LoadPlan } from '../load/plan.ts';
import { copyEvents, makeTemplate, type SeededEvent, type Template } from '../seeding.ts';

/** The hot event of W5 and W7, a new one each slice. */
export type HotEvent = {
  readonly buyers: readonly Buyer[];
  readonly template: Template;
  readonly events: readonly SeededEvent[];
  readonly eventOf: (slice: number) => SeededEvent;
};

/** Each buyer wants seats twice; with 6 at most that is the cap of an account. */
const WISHES = 2;
const MOST_SEATS = 6;
/** Places a buyer tries before giving up. */
const TRIES = 4;
const CONNECTIONS = 256;

export async function seedHotEvent(
  bench: Bench,
  catalogs: Catalogs,
  catalog: Program,
  slices: number,
): Promise<HotEvent> {
  const seats = bench.quick ? 1_000 : 20_000;
  const buyers = await bench.issuer.buyers(bench.quick ? 100 : 2_000);
  bench.say(`seeding ${slices} events of ${seats} seats`);
  const template = await makeTemplate(catalog, catalogs.db, catalogs.organizer, {
    seatCount: seats,
  });
  const events = await copyEvents(catalogs.db, template, slices);
  return {
    buyers,
    template,
    events,
    eventOf(slice) {
      const event = events[slice];
      if (!event) throw new Error('The seeding is smaller than the plan');
      return event;
    },
  };
}

/**
 * What the buyers click: 1 to 6 seats side by side, places nearer the front wanted more. One who is
 * refused tries another place, four in all.
 */
export function clicks(hot: HotEvent, slice: number, url: string): LoadPlan {
  const random = seededRandom(slice + 1);
  const event = hot.eventOf(slice);
  const requests: LoadPlan['requests'][number][] = [];
  const chains: number[][] = [];
  for (let wish = 0; wish < WISHES; wish += 1) {
    for (const buyer of hot.buyers) {
      const party = random.between(1, MOST_SEATS);
      const chain = Array.from({ length: TRIES }, () => {
        const last = event.seatIds.length - party;
        const first = Math.floor(last * random.next() ** 2);
        const seatIds = event.seatIds.slice(first, first + party);
        return requests.push(holdRequest(buyer, event, { seatIds })) - 1;
      });
      chains.push(chain);
    }
  }
  return { url, connections: CONNECTIONS, requests, chains, goOnAfter: [409] };
}

/** Parties that take whatever seats are best for them. */
export function bestAvailable(hot: HotEvent, slice: number, url: string): LoadPlan {
  const random = seededRandom(slice + 1);
  const event = hot.eventOf(slice);
  const wishes = Array.from({ length: WISHES }, () => hot.buyers).flat();
  const requests = wishes.map((buyer) =>
    holdRequest(buyer, event, { bestAvailable: { partySize: random.between(1, MOST_SEATS) } }),
  );
  return { url, connections: CONNECTIONS, requests, chains: requests.map((_, at) => [at]) };
}
