import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * The sandbox's database: one SQLite file in WAL mode, owned by one process at a time. Work is
 * queued and the work of one event-loop tick is committed together, so that many requests share
 * one write; a promise resolves after its commit.
 */
export type Store = {
  readonly db: DatabaseSync;
  /** Runs `work` in a transaction of its own within the tick's; if it throws, its writes are undone. */
  commit<T>(work: () => T): Promise<T>;
  close(): Promise<void>;
};

const OBJECT_TABLES = [
  'payment_intents',
  'charges',
  'refunds',
  'balance_transactions',
  'events',
] as const;

export type ObjectTable = (typeof OBJECT_TABLES)[number];

const SCHEMA = [
  ...OBJECT_TABLES.map(
    (table) => `
    create table if not exists ${table} (
      seq integer primary key autoincrement,
      id text not null unique,
      payment_intent text not null,
      created integer not null,
      body text not null
    ) strict;
    create index if not exists ${table}_by_intent on ${table} (payment_intent, seq);`,
  ),
  `create table if not exists idempotency_keys (
    key text primary key,
    fingerprint text not null,
    request_id text not null,
    status integer not null,
    body text not null,
    saved_at_ms integer not null
  ) strict;
  create index if not exists idempotency_keys_by_age on idempotency_keys (saved_at_ms);`,
  `create table if not exists deliveries (
    event_id text primary key,
    attempts integer not null default 0,
    next_attempt_at_ms integer,
    delivered_at_ms integer,
    last_error text
  ) strict;
  create index if not exists deliveries_due on deliveries (next_attempt_at_ms)
    where next_attempt_at_ms is not null;`,
  `create table if not exists settlements (
    payment_intent text primary key,
    due_at_ms integer not null,
    succeeds integer not null
  ) strict;`,
];

/** How long to wait for a predecessor that is still closing. */
const BUSY_LIMIT_MS = 5_000;

type QueuedWork = { run(): () => void; fail(error: unknown): void };

/** Opens, and creates at need, the database in a folder. Throws if another process has it open. */
export function openStore(dataDir: string): Store {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, 'payments.sqlite');
  const db = new DatabaseSync(file, { timeout: BUSY_LIMIT_MS });
  try {
    db.exec('pragma locking_mode = exclusive');
    db.exec('pragma journal_mode = wal');
    // Outlives the process, however it ends. A loss of power may cost the last payments, which
    // a sandbox may forget: waiting for the disk here slowed the services beside it.
    db.exec('pragma synchronous = normal');
    db.exec(SCHEMA.join('\n'));
  } catch (error) {
    db.close();
    throw new Error(`Could not open ${file}; is another payment sandbox using it?`, {
      cause: error,
    });
  }

  const begin = db.prepare('begin immediate');
  const commit = db.prepare('commit');
  const rollback = db.prepare('rollback');
  const open = db.prepare('savepoint request');
  const keep = db.prepare('release request');
  const undo = db.prepare('rollback to request');
  let queue: QueuedWork[] = [];
  let closed = false;

  function runOne(work: QueuedWork): () => void {
    open.run();
    try {
      const settle = work.run();
      keep.run();
      return settle;
    } catch (error) {
      undo.run();
      keep.run();
      return () => work.fail(error);
    }
  }

  function drain(): void {
    const batch = queue;
    queue = [];
    if (batch.length === 0) return;
    try {
      begin.run();
      const settled = batch.map(runOne);
      commit.run();
      for (const settle of settled) settle();
    } catch (error) {
      // The disk is full or the file is gone: nothing of the batch was kept.
      if (db.isTransaction) rollback.run();
      for (const work of batch) work.fail(error);
    }
  }

  return {
    db,
    commit<T>(work: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (closed) return reject(new Error('The store is closed'));
        if (queue.length === 0) setImmediate(drain);
        queue.push({
          run() {
            const value = work();
            return () => resolve(value);
          },
          fail: reject,
        });
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      drain();
      db.close();
    },
  };
}
