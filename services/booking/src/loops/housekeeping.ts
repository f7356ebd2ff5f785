import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import { forgetOldKeys } from '../stores/idempotency-keys.ts';

const HOUR_MS = 3_600_000;
const MONTHS_AHEAD = 3;
const KEYS_KEPT_DAYS = 7;

/** Creates the partitions of `bookings` for this month and the coming ones; answers how many. */
export async function createPartitions(db: Database): Promise<number> {
  const { rows } = await db.execute<{ created: number }>(sql`
    select create_booking_partitions((now() at time zone 'UTC')::date, ${MONTHS_AHEAD + 1})
      as created`);
  return rows[0]?.created ?? 0;
}

/** Hourly: coming partitions, and idempotency keys past their time. */
export function createHousekeepingLoop(deps: { db: Database; log: Logger }): Loop {
  return createLoop({
    name: 'housekeeping',
    intervalMs: HOUR_MS,
    log: deps.log,
    async round() {
      await createPartitions(deps.db);
      await forgetOldKeys(deps.db, KEYS_KEPT_DAYS);
      return 0;
    },
  });
}
