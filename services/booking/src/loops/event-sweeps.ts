import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { isOutage } from '@holdfast/shared/outage.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { OnChanged } from '../operations/advance-checkout.ts';
import { resumeForLateBookings } from '../operations/reopen-sweeps.ts';
import { BatchFailed, sweepBookings } from '../operations/sweep-bookings.ts';

/** Batches a second; the pace says how large they are. */
const ROUNDS_A_SECOND = 4;

/**
 * Cancels and repays the bookings of events that were cancelled, and tells those of events that
 * were moved, a batch a round. Checkouts under way see a cancellation themselves.
 */
export function createEventSweepLoop(deps: {
  db: Database;
  onChanged: OnChanged;
  onEnqueued: () => void;
  /** Bookings of one event a second at most, of all instances together. */
  perSecond: number;
  log: Logger;
}): Loop {
  const { perSecond, log } = deps;
  const limit = Math.ceil(perSecond / ROUNDS_A_SECOND);

  /** After a batch has failed as a whole: one by one, and what poisons it is passed over. */
  async function sweepOneByOne(): Promise<number> {
    let count = 0;
    while (count < limit) {
      const one = { limit: 1, perSecond: Number.POSITIVE_INFINITY };
      const done = await sweepBookings(deps, one).catch((error) => {
        const [bookingId] = bookingsOf(error);
        if (bookingId === undefined) throw error;
        const reason = innermost(error);
        log.error('event_sweep.booking_failed', { bookingId, error: reason });
        return sweepBookings(deps, { ...one, failure: { bookingId, reason } });
      });
      if (done === 0) return count;
      count += done;
    }
    return count;
  }

  return createLoop({
    name: 'event-sweeps',
    intervalMs: 1_000 / ROUNDS_A_SECOND,
    log,
    async round() {
      try {
        return await sweepBookings(deps, { limit, perSecond });
      } catch (error) {
        if (bookingsOf(error).length === 0) throw error;
        log.warn('event_sweep.batch_failed', { error: describeError(error) });
        return sweepOneByOne();
      }
    },
  });
}

/** Looks for bookings that were made of old holds after the sweep of a moved event had ended. */
export function createLateBookingLoop(deps: { db: Database; log: Logger }): Loop {
  return createLoop({
    name: 'late-bookings',
    intervalMs: 10_000,
    log: deps.log,
    async round() {
      await resumeForLateBookings(deps.db);
      return 0;
    },
  });
}

/** What a batch had taken that failed, unless the store was out of reach: then nobody is to blame. */
function bookingsOf(error: unknown): readonly string[] {
  return error instanceof BatchFailed && !isOutage(error) ? error.bookingIds : [];
}

/** What the store said, without the statement that drizzle puts around it. */
function innermost(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return describeError(inner).slice(0, 500);
}
