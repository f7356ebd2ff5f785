import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { audit } from '@holdfast/auditor/audit.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { openPostgres, urlOf } from '@holdfast/shared/postgres/database.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import pg from 'pg';
import type { Bench, Program } from './bench.ts';
import { openCatalogs } from './catalog.ts';
import { makeTemplate, type SeededEvent } from './seeding.ts';

const fileOf = (module: string) => fileURLToPath(import.meta.resolve(module));
const BOOKING = fileOf('@holdfast/booking/main.ts');
const SANDBOX = fileOf('@holdfast/payment-sandbox/main.ts');
const AUTH_MIGRATIONS = new URL('../migrations', import.meta.resolve('@holdfast/auth/main.ts'));
export const SECRET_KEY = 'sk_test_of_the_bench';
const WEBHOOK_SECRET = 'whsec_of_the_bench';
/** Longer than any run: no hold of ours runs out by itself. */
const HOLD_SECONDS = '7200';
const SETTLE_MS = 300_000;

/** Catalog, booking and the payment sandbox together, on databases and topics of their own. */
export type Checkouts = {
  readonly catalog: Program;
  readonly booking: Program;
  readonly sandbox: Program;
  readonly postgresUrl: string;
  readonly events: readonly SeededEvent[];
  /** Resolves when every checkout has its outcome and every message was published. */
  settle(): Promise<void>;
  /** Makes the provider answer new payments that much later, or at once again. */
  delayPayments(ms: number): Promise<void>;
  audit(): Promise<string[]>;
};

export async function openCheckouts(
  bench: Bench,
  workload: string,
  size: { events: number; seats: number },
): Promise<Checkouts> {
  const holds = {
    HOLD_DEFAULT_SECONDS: HOLD_SECONDS,
    HOLD_MAX_SECONDS: HOLD_SECONDS,
    HOLD_TOTAL_MAX_SECONDS: HOLD_SECONDS,
  };
  const catalogs = await openCatalogs(bench, workload);
  const database = `bench_${bench.run}_${workload.toLowerCase()}`;
  const env = {
    ...bench.stores,
    TOPIC_PREFIX: `${catalogs.db.databaseName}.`,
    HOST: '127.0.0.1',
    AUTH_URL: bench.issuer.url,
    LOG_LEVEL: 'warn',
    DATABASE_NAME: database,
    PAYMENT_SECRET_KEY: SECRET_KEY,
    PAYMENT_WEBHOOK_SECRET: WEBHOOK_SECRET,
  };
  bench.atEnd(() => dropDatabases(bench, [database, `${database}_auth`]));
  // Nobody has an account here, but the auditor looks at auth's other tables too.
  await createAuthTables(bench, `${database}_auth`);
  const catalog = await catalogs.start({ env: holds });
  const { booking, sandbox } = await startPayers(bench, { ...env, CATALOG_URL: catalog.url });
  const pool = new pg.Pool({ connectionString: urlOf(bench.stores.POSTGRES_URL, database) });
  bench.atEnd(() => pool.end());
  bench.say(`seeding ${size.events} events of ${size.seats} seats`);
  const events: SeededEvent[] = [];
  for (let at = 0; at < size.events; at += 1) {
    const plan = { seatCount: size.seats };
    const { event, seats } = await makeTemplate(catalog, catalogs.db, catalogs.organizer, plan);
    events.push({ eventId: event._id, seatIds: seats.map(({ seatId }) => String(seatId)) });
  }
  const settle = async () => {
    const limit = { limitMs: SETTLE_MS, everyMs: 50 };
    await waitUntil('the checkouts to reach their outcomes', () => isSettled(pool), limit);
    await catalogs.drain();
  };

  return {
    catalog,
    booking,
    sandbox,
    postgresUrl: urlOf(bench.stores.POSTGRES_URL, database),
    events,
    settle,
    delayPayments: (ms) => delayPayments(sandbox, ms),
    async audit() {
      const { findings } = await audit({
        env: {
          ...bench.stores,
          TOPIC_PREFIX: env.TOPIC_PREFIX,
          MONGODB_DATABASE: catalogs.db.databaseName,
          BOOKING_DATABASE: database,
          AUTH_DATABASE: `${database}_auth`,
        },
        urls: { payment: sandbox.url },
        without: 'accounts',
        settleMs: bench.quick ? 5_000 : 60_000,
      });
      return findings;
    },
  };
}

/** Each must know the other's address first: the sandbox's port stays, so it is started twice. */
async function startPayers(bench: Bench, env: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-sandbox-'));
  bench.atEnd(() => rm(folder, { recursive: true, force: true }));
  const startSandbox = (settings: object = {}) =>
    bench.start({
      name: 'payment-sandbox',
      file: SANDBOX,
      env: (port) => ({
        HOST: '127.0.0.1',
        PORT: `${port}`,
        LOG_LEVEL: 'warn',
        DATA_DIR: folder,
        SECRET_KEY,
        ...settings,
      }),
      ready: '/readyz',
    });
  const first = await startSandbox();
  const booking = await bench.start({
    name: 'booking',
    file: BOOKING,
    env: (port) => ({ ...env, PORT: `${port}`, PAYMENT_URL: first.url }),
    ready: '/readyz',
  });
  await first.stop();
  const sandbox = await startSandbox({
    WEBHOOK_URL: `${booking.url}/api/webhooks/stripe`,
    WEBHOOK_SECRET,
  });
  if (sandbox.url !== first.url) throw new Error('The sandbox has another port than before');
  return { booking, sandbox };
}

async function isSettled(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ settled: boolean }>(`
    select not exists (select from bookings
        where status in ('pending', 'authorized', 'capturing', 'voiding'))
      and not exists (select from provider_calls where status = 'requested')
      and not exists (select from outbox) as settled`);
  return rows[0]?.settled ?? false;
}

async function delayPayments({ url }: Program, delayMs: number): Promise<void> {
  const faults = `${url}/_sandbox/faults`;
  await fetch(faults, { method: 'DELETE' });
  if (delayMs === 0) return;
  const body = JSON.stringify({ route: 'create', kind: 'late', delayMs });
  const { status } = await fetch(faults, { method: 'POST', body });
  if (status !== 201) throw new Error(`The sandbox answered ${status} to a rule of faults`);
}

async function createAuthTables({ stores }: Bench, database: string): Promise<void> {
  const { close } = await openPostgres({
    url: stores.POSTGRES_URL,
    database,
    role: 'auth_app',
    migrations: AUTH_MIGRATIONS,
    log: createLogger('bench', 'silent'),
  });
  await close();
}

export async function dropDatabases({ stores }: Bench, names: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: stores.POSTGRES_URL });
  await client.connect();
  try {
    for (const name of names) {
      await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    }
  } finally {
    await client.end();
  }
}
