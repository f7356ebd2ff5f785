import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { and, eq, sql } from 'drizzle-orm';
import { idempotencyKeys } from './tables.ts';

export type KeyUse = { readonly fingerprint: string; readonly bookingId: string };

/**
 * Locks a user's key until the transaction ends; false when another request works under it at
 * this moment. Never waits.
 */
export async function tryLockKey(tx: Transaction, userId: string, key: string): Promise<boolean> {
  const { rows } = await tx.execute<{ mine: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`${userId} ${key}`}, 0)) as mine`,
  );
  return rows[0]?.mine === true;
}

export async function findKeyUse(
  tx: Transaction,
  userId: string,
  key: string,
): Promise<KeyUse | undefined> {
  const [use] = await tx
    .select({ fingerprint: idempotencyKeys.fingerprint, bookingId: idempotencyKeys.bookingId })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.userId, userId), eq(idempotencyKeys.key, key)));
  return use;
}

export async function keepKeyUse(
  tx: Transaction,
  userId: string,
  key: string,
  use: KeyUse,
): Promise<void> {
  await tx.insert(idempotencyKeys).values({ userId, key, ...use });
}

/** Forgets keys older than so many days (at least one is promised); answers how many. */
export async function forgetOldKeys(db: Database, days: number): Promise<number> {
  const { rowCount } = await db.execute(sql`
    delete from idempotency_keys where created_at < now() - make_interval(days => ${days})`);
  return rowCount ?? 0;
}
