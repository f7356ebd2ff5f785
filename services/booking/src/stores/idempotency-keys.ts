import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';

export type KeyUse = { readonly fingerprint: string; readonly bookingId: string };
export type UserKey = { readonly userId: string; readonly key: string };

/**
 * Locks users' keys until the transaction ends, in the order given; false where another request
 * works under one at this moment. Never waits. Answers the transaction's instant, too.
 */
export async function tryLockKeys(
  tx: Transaction,
  keys: readonly UserKey[],
): Promise<{ isMine: boolean[]; now: Date }> {
  const names = keys.map(({ userId, key }) => `${userId} ${key}`);
  const { rows } = await tx.execute<{ mine: boolean; now: string }>(sql`
    select pg_try_advisory_xact_lock(hashtextextended(name, 0)) as mine, now() as now
    from unnest(${sql.param(names)}::text[]) with ordinality as n (name, place) order by place`);
  return { isMine: rows.map(({ mine }) => mine), now: new Date(rows[0]?.now ?? Number.NaN) };
}

/** What earlier requests under the keys were, in the order given. */
export async function findKeyUses(
  tx: Transaction,
  keys: readonly UserKey[],
): Promise<(KeyUse | undefined)[]> {
  const rows = keys.map(({ userId, key }) => ({ user_id: userId, key }));
  const { rows: found } = await tx.execute<KeyUse & UserKey>(sql`
    select k.user_id as "userId", k.key, k.fingerprint, k.booking_id as "bookingId"
    from idempotency_keys k join ${rowsOf('idempotency_keys', rows)} r using (user_id, key)`);
  const nameOf = ({ userId, key }: UserKey) => `${userId} ${key}`;
  const byName = new Map(
    found.map((one) => [nameOf(one), { fingerprint: one.fingerprint, bookingId: one.bookingId }]),
  );
  return keys.map((one) => byName.get(nameOf(one)));
}

export async function keepKeyUses(
  tx: Transaction,
  uses: readonly (UserKey & KeyUse)[],
): Promise<void> {
  const rows = uses.map(({ userId, key, fingerprint, bookingId }) => ({
    user_id: userId,
    key,
    fingerprint,
    booking_id: bookingId,
  }));
  await tx.execute(sql`
    insert into idempotency_keys (user_id, key, fingerprint, booking_id)
    select user_id, key, fingerprint, booking_id from ${rowsOf('idempotency_keys', rows)}`);
}

/** Forgets keys older than so many days (at least one is promised); answers how many. */
export async function forgetOldKeys(db: Database, days: number): Promise<number> {
  const { rowCount } = await db.execute(sql`
    delete from idempotency_keys where created_at < now() - make_interval(days => ${days})`);
  return rowCount ?? 0;
}
