import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import pg from 'pg';
import type { OneStatementRun } from './baselines/one-statement.ts';
import type { Bench, Program } from './bench.ts';
import { SECRET_KEY } from './checkouts.ts';
import { programAt } from './contenders.ts';
import { withCpu } from './measure.ts';
import type { Contender } from './workload.ts';

/** The saga of one transaction and one message a step; see baselines/step-saga.ts. */
export async function startStepSaga(
  bench: Bench,
  sandbox: Program,
  postgresUrl: string,
): Promise<{ program: Program; settle: () => Promise<void> }> {
  const topicPrefix = `bench_steps_${bench.run}.`;
  bench.atEnd(() => dropTopics(bench.stores.KAFKA_BROKERS, topicPrefix));
  const pool = new pg.Pool({ connectionString: postgresUrl });
  bench.atEnd(() => pool.end());
  const program = await bench.start({
    name: 'step-saga',
    file: programAt('step-saga'),
    args: [
      JSON.stringify({
        jwksUrl: `${bench.issuer.url}/jwks`,
        postgresUrl,
        kafkaBrokers: bench.stores.KAFKA_BROKERS,
        topicPrefix,
        paymentUrl: sandbox.url,
        secretKey: SECRET_KEY,
      }),
    ],
    ready: '/livez',
  });
  const isSettled = async () => {
    const { rows } = await pool.query<{ settled: boolean }>(`
      select not exists (select from outbox)
        and not exists (select from seats where status in ('held', 'committing')) as settled`);
    return rows[0]?.settled ?? false;
  };
  return {
    program,
    settle: async () => {
      await waitUntil('the saga in steps to end', isSettled, { limitMs: 120_000, everyMs: 100 });
    },
  };
}

/** One prepared statement for all rows of a booking; see baselines/one-statement.ts. */
export async function oneStatementContender(
  bench: Bench,
  postgresUrl: string,
  { bookings }: { bookings: number },
): Promise<Contender> {
  const program = await bench.start({
    name: 'one-statement',
    file: programAt('one-statement'),
    args: [JSON.stringify({ postgresUrl, inFlight: 64 })],
    ready: '/',
  });
  const run = async (): Promise<OneStatementRun> => {
    const response = await fetch(`${program.url}/?bookings=${bookings}`, { method: 'POST' });
    if (!response.ok) throw new Error(`The statement failed: ${await response.text()}`);
    return (await response.json()) as OneStatementRun;
  };
  return {
    name: 'one statement',
    what: 'all rows of a confirmed booking in one prepared statement, 64 in flight, no service',
    async measure() {
      const { result, own, stores } = await withCpu(bench, [program.pid], run);
      return {
        perSecond: result.booked / result.seconds,
        answered: result.booked,
        seconds: result.seconds,
        outcomes: { booked: result.booked },
        cpuMicros: { own, stores, load: 0 },
        faults: result.booked === bookings ? [] : [`booked ${result.booked} of ${bookings}`],
      };
    },
  };
}
