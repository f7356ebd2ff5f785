import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { sql } from 'drizzle-orm';
import type { AuthParts } from './parts.ts';

const BATCH = 1_000;

/**
 * Renews the signing keys and removes what has no effect any more: sessions past their end with
 * their tokens, and windows of login attempts that are over.
 */
export function createHousekeeping(parts: AuthParts): Loop {
  const { db, keyring, log } = parts;
  return createLoop({
    name: 'housekeeping',
    intervalMs: 60_000,
    log,
    async round() {
      await keyring.renew();
      const ended = await db.execute(sql`
        delete from sessions where id in (
          select id from sessions where expires_at <= clock_timestamp() limit ${BATCH})`);
      const windows = await db.execute(sql`
        delete from login_attempts where window_ends_at <= clock_timestamp()`);
      return (ended.rowCount ?? 0) + (windows.rowCount ?? 0);
    },
  });
}
