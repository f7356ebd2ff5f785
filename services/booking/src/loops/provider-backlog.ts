import type { Breaker } from '@holdfast/shared/breaker.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop } from '@holdfast/shared/loop.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { countOpenCalls } from '../stores/provider-calls.ts';

const LOOK_MS = 1_000;
const SHORTEST_WAIT_SECONDS = 2;

export type ProviderBacklog = ReturnType<typeof createProviderBacklog>;

/**
 * Counts, once a second, the calls that wait for the provider. While it does not answer, bookings
 * are accepted and wait, up to a bound: a buyer who would wait longer than his hold is told so.
 */
export function createProviderBacklog(deps: {
  db: Database;
  breaker: Breaker;
  limit: number;
  log: Logger;
}) {
  const { db, breaker, limit, log } = deps;
  let open = 0;
  return {
    loop: createLoop({
      name: 'provider-backlog',
      intervalMs: LOOK_MS,
      log,
      async round() {
        open = await countOpenCalls(db, limit + 1);
        return 0;
      },
    }),
    /** Calls of checkouts that are not settled, of all processes; counted to one more than the bound. */
    open: () => open,
    /** Whether payments wait because the provider does not answer. */
    isDelayed: () => breaker.state().kind !== 'closed',
    /** Why no further booking is taken that has to be paid; undefined where it is. */
    refuseFull(): Refusal | undefined {
      if (open < limit) return undefined;
      const retryAfterSeconds = Math.max(
        SHORTEST_WAIT_SECONDS,
        Math.ceil(breaker.waitMs() / 1_000),
      );
      return refused(
        'payments_unavailable',
        `${open} payments wait for the payment provider already; nothing was booked or charged, ` +
          `and the hold lives on: ask again in ${retryAfterSeconds} s.`,
        { retryAfterSeconds },
      );
    },
  };
}
