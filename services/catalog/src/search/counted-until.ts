import { describeError } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { Counters } from '../stores/counters.ts';
import type { Listings } from '../stores/listings.ts';
import type { StoreClock } from '../stores/store-clock.ts';
import type { Recounts } from './recounts.ts';

/** A change names its instant so long before it is stored at most. */
const STORED_MS = 500;
/** While Redis is away, boards are behind other processes by 2.5 s, and looked at again after 3. */
const AWAY_MS = 4_000;
/** Listings counted anew at a time for a process that died with changes perhaps uncounted. */
const MENDED_TOGETHER = 50;

/**
 * Until when the counts of all listings are known to be right, though they may be older: whatever
 * was stored before has been told and counted. Each process says in the store until when that is so
 * of what it was told; the earliest of these holds for all. One that ends without a word keeps it
 * where it was until every listing has been counted anew.
 */
export function createCountedUntil(deps: {
  counters: Counters;
  listings: Listings;
  recounts: Recounts;
  clock: StoreClock;
  /** Whether boards follow what other processes store. */
  follows: () => Promise<boolean>;
  log: Logger;
}) {
  const { counters, listings, recounts, clock, log } = deps;
  const id = newId();
  let until: Date | undefined;
  let joined = false;

  async function say(): Promise<void> {
    const now = await clock.now();
    const untold = await counters.untoldSince(now);
    const lagMs = (await deps.follows()) ? STORED_MS : AWAY_MS;
    // After the look at what waits: what no longer waits was told to some process before.
    const own = Math.min(
      now.getTime() - lagMs,
      untold === 'unknown' ? 0 : (untold?.getTime() ?? Number.POSITIVE_INFINITY),
      recounts.uncountedSince(),
    );
    await counters.say(id, new Date(own), now);
    joined = true;
    const all = await counters.allUntil();
    if (all && (until === undefined || all > until)) until = all;
  }

  return {
    /** The instant as last heard; it stays where it is while nobody counts. */
    get: (): Date | undefined => until,

    say,

    /** Has listings counted anew for processes that ended without a word, oldest counts first. */
    async mend(): Promise<void> {
      const gone = await counters.gone(await clock.now());
      if (gone.length === 0) return;
      const oldest = await listings.countedFirst(MENDED_TOGETHER);
      const asOf = oldest[0] && (await listings.find(oldest[0]))?.asOf;
      const mended = gone.filter(({ heardUntil }) => asOf === undefined || heardUntil < asOf);
      await counters.remove(mended.map((one) => one.id));
      if (mended.length < gone.length) for (const eventId of oldest) recounts.note(eventId);
    },

    /** Counts what is left and says that this process counts no more; its relays have stopped. */
    async leave(): Promise<void> {
      if (!joined) return;
      try {
        await recounts.finish();
        await counters.remove([id]);
      } catch (error) {
        log.debug('counter.left_without_a_word', { error: describeError(error) });
      }
    },
  };
}

export type CountedUntil = ReturnType<typeof createCountedUntil>;
