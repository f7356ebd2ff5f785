import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import {
  drizzle,
  type NodePgDatabase,
  NodePgSession,
  NodePgTransaction,
} from 'drizzle-orm/node-postgres';
import { PgDialect } from 'drizzle-orm/pg-core';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { describeError } from '../errors.ts';
import { closeAll } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { isOutage } from '../outage.ts';
import { PreparingClient } from './preparing-client.ts';

// Money and counters are bigint columns; they fit a double exactly below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond 2^53`);
  return value;
});

type NoSchema = Record<string, never>;
type Executing = {
  /** Sends a statement now, before any that is asked for later. */
  execute<Row extends pg.QueryResultRow>(query: SQL | string): Promise<pg.QueryResult<Row>>;
};
/** A transaction; every store function takes one, so that an operation owns the commit. */
export type Transaction = Executing & Omit<NodePgTransaction<NoSchema, NoSchema>, 'execute'>;
export type Database = Executing &
  Omit<NodePgDatabase<NoSchema>, 'execute' | 'transaction'> & {
    transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  };

export type Postgres = {
  readonly db: Database;
  /** The same for statements that find their rows by keys, on connections of their own. */
  readonly lookups: Database;
  readonly pool: pg.Pool;
  ping(): Promise<void>;
  close(): Promise<void>;
};

/**
 * A process that is stopped or cut off in the middle of a transaction loses it, and its locks on
 * bookings and outbox buckets, after this time. Longer than a relay waits for the broker.
 */
const QUIET_LIMIT_MS = 60_000;
/**
 * A prepared statement keeps its plan. One made while a table is new reads the whole of it, which
 * is best then, and goes on so until the table has been analyzed, however fast it grows meanwhile.
 * For statements that look rows up by keys only one plan is right: one index lookup a row.
 */
const LOOKUPS_ONLY = ' -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';
const SHARED_MIGRATIONS = new URL('../../migrations', import.meta.url).pathname;

/**
 * Opens a service's database as its application role, after creating the database and role
 * and running the migrations that are missing (shared ones first). Several instances may do
 * this at once. While the server is down it is tried again until `signal` aborts.
 */
export async function openPostgres(options: {
  url: string;
  database: string;
  /** Role that the service works as; it owns nothing, so grants bind it. */
  role: string;
  migrations: URL;
  log: Logger;
  /** Most connections of `db`, and of `lookups`. */
  poolSize?: number;
  signal?: AbortSignal;
}): Promise<Postgres> {
  for (;;) {
    try {
      await prepare(options);
      break;
    } catch (error) {
      if (!isOutage(error) || options.signal?.aborted) throw error;
      options.log.warn('postgres.not_ready', { error: describeError(error) });
      await sleep(500);
    }
  }
  const pool = openPool(options, '');
  const lookups = openPool(options, LOOKUPS_ONLY);
  return {
    db: databaseOf(pool),
    lookups: databaseOf(lookups),
    pool,
    async ping() {
      await pool.query('select 1');
    },
    close: () =>
      closeAll(
        () => lookups.end(),
        () => pool.end(),
      ),
  };
}

function openPool(
  options: { url: string; database: string; role: string; log: Logger; poolSize?: number },
  planning: string,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: urlOf(options.url, options.database),
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: 5_000,
    options: `-c role=${options.role} -c idle_in_transaction_session_timeout=${QUIET_LIMIT_MS}${planning}`,
    application_name: `holdfast ${options.database}`,
    pipeline: true,
    stream: () => new BatchingSocket(),
    Client: PreparingClient,
  });
  pool.on('error', (error) =>
    options.log.warn('postgres.connection_lost', { error: error.message }),
  );
  // A connection that is cut while a transaction thinks has nobody else listening, and an error
  // without a listener ends the process; the transaction's next statement fails anyway.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

function databaseOf(pool: pg.Pool): Database {
  return Object.assign(executing(drizzle({ client: pool })), { transaction: inTransaction(pool) });
}

/**
 * Sends the statements of one turn of the event loop together: a transaction that asks for several
 * by `Promise.all` pays for one write and one wait. Two rules keep that safe. They arrive in the
 * order in which they are asked for, but for drizzle's builders: these are sent once somebody waits
 * for them, and at once only by their `execute()`. And each is a single statement: a chain might ask
 * for its next one after the failure of a neighbour has rolled back.
 */
class BatchingSocket extends Socket {
  override uncork(): void {
    process.nextTick(() => super.uncork());
  }
}

/** drizzle's own `execute` sends nothing until its answer is waited for. */
function executing<Sender extends { execute(query: SQL | string): { execute(): unknown } }>(
  sender: Sender,
): Omit<Sender, 'execute'> & Executing {
  const prepare = sender.execute.bind(sender);
  return Object.assign(sender, {
    execute: (query: SQL | string) => prepare(query).execute(),
  }) as Omit<Sender, 'execute'> & Executing;
}

/**
 * In place of drizzle's own `transaction`. `begin` leaves together with what the work asks for
 * first, so it costs no round trip. Were it ever to fail alone, the connection is ended at once and
 * nothing more is done on it without a transaction. And where `begin` fails the connection goes back
 * to the pool: drizzle's would be lost, so that each outage would cost the pool some for good.
 */
function inTransaction(pool: pg.Pool): Database['transaction'] {
  const dialect = new PgDialect();
  // One for all transactions of a connection, so that its queries are built once (`builtOnce`).
  const transactions = new WeakMap<pg.PoolClient, Transaction>();
  const open = (client: pg.PoolClient): Transaction => {
    const session = new NodePgSession<NoSchema, NoSchema>(client, dialect, undefined);
    return executing(new NodePgTransaction<NoSchema, NoSchema>(dialect, session, undefined));
  };
  return async (work) => {
    const client = await pool.connect();
    const tx = transactions.get(client) ?? open(client);
    transactions.set(client, tx);
    let isOut = true;
    const giveBack = (broken: boolean) => {
      if (isOut) client.release(broken);
      isOut = false;
    };
    const begun = tx.execute(sql`begin`);
    begun.catch(() => giveBack(true));
    try {
      const result = await work(tx);
      await begun;
      const { command } = await tx.execute(sql`commit`);
      if (command !== 'COMMIT') throw new Error('A statement failed, and its transaction with it');
      giveBack(false);
      return result;
    } catch (error) {
      const undone = await tx.execute(sql`rollback`).then(
        () => true,
        () => false,
      );
      giveBack(!undone || isOutage(error));
      throw error;
    }
  };
}

/**
 * Whether rows are locked or written in this transaction by now. For a write that leaves together
 * with `begin` and locks: were `begin` to fail alone, it would stand without them.
 */
export const HAS_LOCKED = sql`pg_current_xact_id_if_assigned() is not null`;

/** The instant of a transaction by the server's clock, as its `now()` says, to the millisecond. */
export async function instantOf(tx: Transaction): Promise<Date> {
  const { rows } = await tx.execute<{ now: string }>(sql`select now()`);
  return new Date(rows[0]?.now ?? Number.NaN);
}

async function prepare(options: {
  url: string;
  database: string;
  role: string;
  migrations: URL;
  log: Logger;
}): Promise<void> {
  await createDatabase(options.url, options.database, options.role);
  const databaseUrl = urlOf(options.url, options.database);
  for (const [dir, migrationsTable] of [
    [SHARED_MIGRATIONS, 'shared_migrations'],
    [options.migrations.pathname, 'migrations'],
  ] as const) {
    await runner({
      databaseUrl,
      dir,
      migrationsTable,
      direction: 'up',
      advisoryLockMode: 'wait',
      log: (message) => options.log.debug('postgres.migrating', { message }),
    });
  }
}

async function createDatabase(url: string, database: string, role: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(4011)');
    const found = await client.query(
      'select exists (select from pg_database where datname = $1) as database, exists (select from pg_roles where rolname = $2) as role',
      [database, role],
    );
    if (!found.rows[0].role) await client.query(`create role ${pg.escapeIdentifier(role)} nologin`);
    if (!found.rows[0].database) {
      await client.query(`create database ${pg.escapeIdentifier(database)}`);
    }
  } finally {
    await client.end();
  }
}

/** The server's URL with another database. */
export function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** The SQLSTATE and constraint of an error, wherever drizzle wrapped it. */
export function sqlStateOf(error: unknown): { code: string; constraint: string } | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof pg.DatabaseError) {
      return { code: at.code ?? '', constraint: at.constraint ?? '' };
    }
  }
  return undefined;
}
