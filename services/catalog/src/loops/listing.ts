import { createBatches } from '@holdfast/shared/batches.ts';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { createLoop, joinLoops, type Loop } from '@holdfast/shared/loop.ts';
import { followVenues } from '../operations/follow-venue.ts';
import { type ListingStores, listEvents } from '../operations/list-events.ts';
import { type CountedUntil, createCountedUntil } from '../search/counted-until.ts';
import { createRecounts, type Recounts } from '../search/recounts.ts';
import type { Counters } from '../stores/counters.ts';
import type { StoreClock } from '../stores/store-clock.ts';

const LIST_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 250;
const SAY_EVERY_MS = 500;
/** Boards that may have to be read from the documents at once. */
const COUNTED_TOGETHER = 20;

/** Keeps what browsing clients see behind the events and their seats by moments. */
export function createListingLoops(
  stores: ListingStores & {
    counters: Counters;
    clock: StoreClock;
    follows: () => Promise<boolean>;
  },
): {
  /** Shows changed events, also as their venues change; to be woken by each change. */
  lister: Loop;
  /** Counts the seats of events of which `recounts` heard, and says until when it has. */
  counter: Loop;
  recounts: Recounts;
  countedUntil: CountedUntil;
} {
  const recount = createBatches<string, number>({
    keysOf: (eventId) => [eventId],
    lanes: 1,
    mostKeys: COUNTED_TOGETHER,
    async run(eventIds) {
      const counted = await Promise.all(eventIds.map(countOne));
      const counts = counted.flatMap(({ eventId, count }) =>
        count ? [[eventId, count] as const] : [],
      );
      const turned = await stores.listings.recount(new Map(counts));
      await Promise.all(turned.map(stores.turned));
      return counted.map(({ tookMs }) => tookMs);
    },
  });
  async function countOne(eventId: string) {
    const startedAt = monotonicMs();
    const count = await stores.countSeats(eventId);
    return { eventId, count, tookMs: monotonicMs() - startedAt };
  }
  const recounts = createRecounts(recount);
  const countedUntil = createCountedUntil({ ...stores, recounts });
  const lister = createLoop({
    name: 'lister',
    intervalMs: LIST_EVERY_MS,
    log: stores.log,
    async round() {
      const followed = await followVenues(stores);
      const listed = await listEvents(stores, recounts.note);
      // Whatever was missed, by a process that died perhaps, is counted in its turn.
      if (listed === 0) {
        const [oldest] = await stores.listings.countedFirst(1);
        if (oldest !== undefined) recounts.note(oldest);
      }
      await countedUntil.mend();
      return followed + listed;
    },
  });
  const counting = createLoop({
    name: 'seat-counter',
    intervalMs: LOOK_EVERY_MS,
    log: stores.log,
    round: () => recounts.round(),
    // What changes meanwhile is counted together at the next look.
    goesOnFrom: Number.POSITIVE_INFINITY,
  });
  // Beside the counts, which it must not delay.
  const saying = createLoop({
    name: 'counted-until',
    intervalMs: SAY_EVERY_MS,
    log: stores.log,
    async round() {
      await countedUntil.say();
      return 0;
    },
  });
  const counter = joinLoops(counting, saying);
  return { lister, counter, recounts, countedUntil };
}
