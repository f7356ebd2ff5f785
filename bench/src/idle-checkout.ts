import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { bookingPlaced } from '@holdfast/shared/contracts/bookings.ts';
import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import pg from 'pg';
import type { Bench } from './bench.ts';
import type { Checkouts } from './checkouts.ts';
import { bookStep, outcomeStep, type Purchase, purchasePlan } from './load/checkout-requests.ts';
import { holdAll } from './purchases.ts';
import { median } from './statistics.ts';
import type { Figure } from './workload.ts';

const PURCHASES = 100;
const PROBES = 100;
const ROUND_TRIPS = 2;
const COMMITS = 4;

/**
 * One purchase after another on an idle system, from the booking's request to its outcome, beside
 * what it can not do without: its messages through Kafka and its commits.
 */
export async function idleFigures(
  bench: Bench,
  { catalog, booking, postgresUrl }: Checkouts,
  purchases: readonly Purchase[],
): Promise<Figure[]> {
  const few = purchases.slice(0, PURCHASES);
  const counter = { holds: catalog.url, bookings: booking.url };
  const offers = await holdAll(bench, catalog.url, few);
  bench.say('latency of a purchase on an idle system');
  const roundTripMs = await probeKafka(bench);
  const commitMs = await probeCommits(postgresUrl);
  const { chains } = await bench.generator.run({
    ...purchasePlan(few, (purchase, at) => [
      bookStep(counter, purchase, offers[at]),
      outcomeStep(counter, purchase),
    ]),
    url: booking.url,
    connections: 1,
  });
  const idleMs = chains.paid?.p50 ?? 0;
  const least = ROUND_TRIPS * roundTripMs + COMMITS * commitMs;
  return [
    { name: 'idle p50, placed to confirmed', value: idleMs, unit: 'ms' },
    { name: 'a produce-consume round trip, p50', value: roundTripMs, unit: 'ms' },
    { name: 'a commit, p50', value: commitMs, unit: 'ms' },
    { name: 'idle p50 / (2 round trips + 4 commits)', value: idleMs / least, unit: '' },
  ];
}

/** Milliseconds from a send until the consumer has it, through the bus that services use. */
async function probeKafka({ stores, run }: Bench): Promise<number> {
  const topicPrefix = `bench_probe_${run}.`;
  const bus = createKafkaBus({
    brokers: stores.KAFKA_BROKERS,
    clientId: 'bench-probe',
    topicPrefix,
    log: createLogger('bench', 'silent'),
  });
  let arrived: (id: string) => void = () => undefined;
  const { joined } = bus.subscribe({
    group: 'bench-probe',
    topics: ['booking.bookings'],
    onMessage: async ({ id }) => arrived(id),
  });
  try {
    await joined;
    const times: number[] = [];
    for (let probe = 0; probe < PROBES; probe += 1) {
      const message = newMessage(bookingPlaced, {
        key: newId(),
        version: 1,
        time: new Date(),
        origin: systemOrigin('bench', newId()),
        data: bookingPlaced.example,
      });
      const arrival = new Promise<void>((resolve) => {
        arrived = (id) => id === message.id && resolve();
      });
      const startedAt = performance.now();
      await bus.publish([message]);
      await arrival;
      times.push(performance.now() - startedAt);
    }
    return median(times);
  } finally {
    await bus.close();
    await dropTopics(stores.KAFKA_BROKERS, topicPrefix);
  }
}

async function probeCommits(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('create table bench_probe (id int)');
    const times: number[] = [];
    for (let probe = 0; probe < PROBES; probe += 1) {
      const startedAt = performance.now();
      await client.query({ name: 'probe', text: 'insert into bench_probe values (1)' });
      times.push(performance.now() - startedAt);
    }
    await client.query('drop table bench_probe');
    return median(times);
  } finally {
    await client.end();
  }
}
