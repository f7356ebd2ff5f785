import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Db } from 'mongodb';
import { shareRuns } from './gather.ts';

/** A reading is gone by no longer than this. */
const GOOD_MS = 5_000;

/**
 * The store's clock as this process knows it, behind it by a round trip at most: for what is shown,
 * and for instants that a write has to name beforehand. What decides compares them with `$$NOW`.
 */
export function createStoreClock(db: Db): { now(): Promise<Date> } {
  let aheadMs = 0;
  let readAt = Number.NEGATIVE_INFINITY;
  const read = shareRuns(async () => {
    const [clock] = await db
      .aggregate<{ now: Date }>([{ $documents: [{}] }, { $project: { now: '$$NOW' } }])
      .toArray();
    if (clock === undefined) throw new Error('The store did not say its time');
    readAt = monotonicMs();
    aheadMs = clock.now.getTime() - readAt;
  });
  return {
    async now() {
      if (monotonicMs() - readAt > GOOD_MS) await read();
      return new Date(monotonicMs() + aheadMs);
    },
  };
}

export type StoreClock = ReturnType<typeof createStoreClock>;
