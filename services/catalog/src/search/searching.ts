import type { Logger } from '@holdfast/shared/logger.ts';
import type { Db } from 'mongodb';
import { createListingLoops } from '../loops/listing.ts';
import { searchRoutes } from '../routes/search.ts';
import type { Boards } from '../seat-map/boards.ts';
import { countSeats } from '../seat-map/seat-counts.ts';
import { createCounters } from '../stores/counters.ts';
import type { Events } from '../stores/events.ts';
import { gather } from '../stores/gather.ts';
import { createListings } from '../stores/listings.ts';
import { createSearchIndex } from '../stores/search-index.ts';
import type { StoreClock } from '../stores/store-clock.ts';
import type { Venues } from '../stores/venues.ts';
import { createVocabulary } from '../stores/vocabulary.ts';
import { keepCounts } from './kept-counts.ts';
import { stampOf } from './listing.ts';

/** Listings, the loops that keep them, and the search over them. */
export function createSearching(deps: {
  db: Db;
  clock: StoreClock;
  events: Events;
  venues: Venues;
  boards: Boards;
  /** Hears of events that sold out, or have seats again. */
  turned: (eventId: string) => Promise<void>;
  /** Sends messages that wait in events' documents. */
  wake: () => void;
  log: Logger;
}) {
  const vocabulary = createVocabulary(deps.db);
  const listings = createListings(deps.db);
  const count = (eventId: string) => countSeats(deps.boards, eventId);
  const { lister, counter, recounts, countedUntil } = createListingLoops({
    ...deps,
    counters: createCounters(deps.db),
    follows: deps.boards.follows,
    listings,
    vocabulary,
    countSeats: count,
  });
  const countOf = gather(listings.countsOf);
  return {
    lister,
    counter,
    recounts,
    countSeats: count,
    ofOldForm: listings.ofOldForm,
    /** Has events listed again whose listings are missing, or lack what newer ones have. */
    async listAgain(): Promise<void> {
      await deps.events.listOld(await listings.ofOldForm());
      lister.wake();
    },
    /** Seats left of an event, as far as they were counted. */
    leftOf: async (eventId: string) => (await countOf(eventId))?.left,
    /** What an event's answer has to say to be still good, as far as its listing follows it. */
    async stampsOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
      const counts = await listings.countsOf(eventIds);
      return new Map([...counts].map(([id, { version, left }]) => [id, stampOf(version, left)]));
    },
    routes: searchRoutes({
      index: keepCounts(createSearchIndex(deps.db)),
      vocabulary,
      countedUntil: countedUntil.get,
    }),
    /** Says that this process counts; to be called before its relays tell of changes. */
    join: countedUntil.say,
    /** Says that it counts no more; to be called after they stopped. */
    leave: countedUntil.leave,
    start(): void {
      lister.start();
      counter.start();
    },
    async stop(): Promise<void> {
      await Promise.all([lister.stop(), counter.stop()]);
    },
  };
}

export type Searching = ReturnType<typeof createSearching>;
