import { type SQL, sql } from 'drizzle-orm';
import type { Bus } from '../bus/bus.ts';
import type { Message } from '../contracts/contract.ts';
import type { Logger } from '../logger.ts';
import { createLoop, type Loop } from '../loop.ts';
import type { Database, Transaction } from '../postgres/database.ts';
import { rowsOf } from '../postgres/rows.ts';

const BUCKETS = 16;
const ROUND_LIMIT = 1_000;
/** How soon to look again for rows in buckets that another relay works on. */
const OTHERS_WORK_MS = 20;

/** Puts messages into the outbox, in the transaction of the change they tell of. */
export async function enqueue(tx: Transaction, ...messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return;
  const rows = messages.map((message) => ({ bucket: bucketOf(message.key), message }));
  await tx.execute(sql`
    insert into outbox (bucket, message) select bucket, message from ${rowsOf('outbox', rows)}`);
}

/**
 * Marks messages as having their effect in this transaction, `provided` something holds. Answers the
 * ids of those that did not have it yet; for the others the caller does nothing.
 */
export async function admitAll(
  tx: Transaction,
  consumer: string,
  messageIds: readonly string[],
  provided: SQL = sql`true`,
): Promise<ReadonlySet<string>> {
  if (messageIds.length === 0) return new Set();
  const { rows } = await tx.execute<{ id: string }>(sql`
    insert into inbox (consumer, message_id)
    select ${consumer}, id from unnest(${sql.param([...messageIds].sort())}::uuid[]) id where ${provided}
    on conflict do nothing returning message_id as id`);
  return new Set(rows.map(({ id }) => id));
}

/** Marks one message; false when it had its effect already. */
export async function admitOnce(
  tx: Transaction,
  consumer: string,
  message: Message,
): Promise<boolean> {
  return (await admitAll(tx, consumer, [message.id])).has(message.id);
}

/**
 * Publishes the outbox. A round locks the buckets that have rows and that no other relay works
 * on, sends their rows in order, and deletes them when the broker has them all. Wake it after
 * each commit; the interval is the safety net. Another relay does not see what is committed while
 * it publishes: the round that found its buckets locked comes back.
 */
export function createOutboxRelay(options: {
  db: Database;
  bus: Bus;
  log: Logger;
  intervalMs?: number;
}): Loop {
  const { db, bus, log, intervalMs = 500 } = options;
  const relay = createLoop({
    name: 'outbox-relay',
    intervalMs,
    log,
    // With fewer all are sent: whoever commits more wakes his relay.
    goesOnFrom: ROUND_LIMIT,
    round: () =>
      db.transaction(async (tx) => {
        const { rows, othersWork } = await claimRows(tx);
        if (othersWork) setTimeout(relay.wake, OTHERS_WORK_MS).unref();
        if (rows.length === 0) return 0;
        await bus.publish(rows.map((row) => row.message));
        // Leaves together with the commit, which fails if it does.
        tx.execute(
          sql`delete from outbox where id = any(${sql.param(rows.map((row) => row.id))})`,
        ).catch(() => undefined);
        return rows.length;
      }),
  });
  return relay;
}

/** What this relay may send now; `othersWork` when there is more in buckets that another has. */
async function claimRows(
  tx: Transaction,
): Promise<{ rows: { id: number; message: Message }[]; othersWork: boolean }> {
  const { rows } = await tx.execute<{
    messages: { id: number; message: Message }[] | null;
    others_work: boolean;
  }>(sql`select messages, others_work from claim_outbox(${ROUND_LIMIT})`);
  return { rows: rows[0]?.messages ?? [], othersWork: rows[0]?.others_work ?? false };
}

/** Messages not yet published and the age of the oldest in seconds. */
export async function outboxLag(db: Database): Promise<{ waiting: number; oldestSeconds: number }> {
  const { rows } = await db.execute<{ waiting: number; oldest: number }>(sql`
    select count(*)::int as waiting,
      coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
    from outbox`);
  return { waiting: rows[0]?.waiting ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}

/** FNV-1a over the key: all messages of an aggregate share a bucket and so keep their order. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash % BUCKETS;
}
