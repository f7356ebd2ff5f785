import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { type ListingStores, listEvents } from '../operations/list-events.ts';
import { createRecounts, type Recounts } from '../search/recounts.ts';

const LIST_EVERY_MS = 10_000;
const LOOK_EVERY_MS = 250;

/** Keeps what browsing clients see behind the events and their seats by moments. */
export function createListingLoops(stores: ListingStores): {
  /** Shows changed events; to be woken by each change. */
  lister: Loop;
  /** Counts the seats of events of which `recounts` heard. */
  counter: Loop;
  recounts: Recounts;
} {
  const recounts = createRecounts(async (eventId) => {
    const count = await stores.countSeats(eventId);
    if (count && (await stores.listings.recount(eventId, count))) await stores.turned(eventId);
  });
  const lister = createLoop({
    name: 'lister',
    intervalMs: LIST_EVERY_MS,
    log: stores.log,
    async round() {
      const listed = await listEvents(stores, recounts.note);
      // Whatever was missed, by a process that died perhaps, is counted in its turn.
      if (listed === 0) {
        const [oldest] = await stores.listings.countedFirst(1);
        if (oldest !== undefined) recounts.note(oldest);
      }
      return listed;
    },
  });
  const counter = createLoop({
    name: 'seat-counter',
    intervalMs: LOOK_EVERY_MS,
    log: stores.log,
    round: () => recounts.round(),
  });
  return { lister, counter, recounts };
}
