import { readFile } from 'node:fs/promises';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import pg from 'pg';
import type { RelationalSettings } from './baselines/relational.ts';
import type { Bench } from './bench.ts';
import { httpContender, programAt } from './contenders.ts';
import type { Buyer } from './issuer.ts';
import type { LoadPlan } from './load/plan.ts';
import type { SeededEvent } from './seeding.ts';
import type { Contender } from './workload.ts';

const SCHEMA = new URL('./baselines/relational-schema.sql', import.meta.url);

type Strategy = RelationalSettings['strategy'];

const WHAT: Readonly<Record<Strategy, string>> = {
  'row-locks': 'koa + joi + SELECT FOR UPDATE, pooled, prepared, audit and outbox rows',
  'redis-locks': 'the same behind Redis SET NX a seat, FOR UPDATE NOWAIT',
  'counted-quota': 'the same under an advisory lock an event, with a counted quota',
};

/**
 * Contenders that hold the same seats in PostgreSQL, each strategy in a database of its own.
 * After each slice it is audited: what it got wrong is a fault.
 */
export async function relationalContenders(
  bench: Bench,
  of: {
    strategies: readonly Strategy[];
    events: readonly SeededEvent[];
    buyers: readonly Buyer[];
    expected: RegExp;
    planOf: (slice: number) => LoadPlan;
  },
): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (const strategy of of.strategies) {
    const postgresUrl = await createDatabase(bench, strategy.replaceAll('-', '_'), SCHEMA);
    await seedSeats(postgresUrl, of.events);
    const program = await bench.start({
      name: strategy,
      file: programAt('relational'),
      args: [
        JSON.stringify({
          jwksUrl: `${bench.issuer.url}/jwks`,
          postgresUrl,
          redisUrl: bench.stores.REDIS_URL,
          strategy,
        }),
      ],
      ready: '/livez',
    });
    contenders.push(
      httpContender(bench, {
        ...of,
        name: strategy,
        what: WHAT[strategy],
        program,
        async check(sample) {
          const response = await fetch(`${program.url}/audit`);
          const findings = (await response.json()) as string[];
          return { ...sample, faults: [...(sample.faults ?? []), ...findings] };
        },
      }),
    );
  }
  return contenders;
}

/** A database for a baseline with its tables, dropped at the end; answers its URL. */
export async function createDatabase(bench: Bench, name: string, schema: URL): Promise<string> {
  const server = bench.stores.POSTGRES_URL;
  const database = `bench_${bench.run}_${name}`;
  await runAt(server, `create database ${database}`);
  bench.atEnd(() => runAt(server, `drop database ${database} with (force)`));
  const url = urlOf(server, database);
  await runAt(url, await readFile(schema, 'utf8'));
  return url;
}

/** Fills a baseline's table of seats. */
export async function seedSeats(url: string, events: readonly SeededEvent[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const { eventId, seatIds } of events) {
      await client.query('insert into seats (event_id, seat_id) select $1, unnest($2::text[])', [
        eventId,
        seatIds,
      ]);
    }
    await client.query('vacuum analyze seats');
  } finally {
    await client.end();
  }
}

async function runAt(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
