import { fileURLToPath } from 'node:url';
import { seededRandom } from '@holdfast/demo/random.ts';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import pg from 'pg';
import { askFor } from '../ask.ts';
import type { Bench, Program } from '../bench.ts';
import { dropDatabases } from '../checkouts.ts';
import { httpContender } from '../contenders.ts';
import { BOOKINGS_A_USER, growBookings } from '../grown-bookings.ts';
import type { Buyer } from '../issuer.ts';
import { get, type LoadPlan, send } from '../load/plan.ts';
import type { Contender, Figure, Prepared, Workload } from '../workload.ts';

const BOOKING = fileURLToPath(import.meta.resolve('@holdfast/booking/main.ts'));
/** At most 1.5 times the time, which is this share of the rate of one request after another. */
const SHARE = 0.67;
const SMALL = 1_000;
const PRICE_MINOR = 4_500;
/** A report reads what there is, so its bound grows with that. */
const REPORT_MS_A_MILLION = 30_000;
/** As many as the small one has buyers: each reads a page that is full. */
const READERS = SMALL / BOOKINGS_A_USER;

/** Whether booking and the page of one's bookings stay as fast when there are many more. */
export const bookingGrowth = (id: string, grown: number): Workload => ({
  id,
  group: 'growth',
  title: `growth: ${SMALL.toLocaleString('en')} to ${grown.toLocaleString('en')} bookings`,
  prepare: (bench) => prepare(bench, id, bench.quick ? SMALL * 3 : grown),
});

async function prepare(bench: Bench, id: string, grown: number): Promise<Prepared> {
  const steps = bench.quick ? 10 : 300;
  const sizes = { small: SMALL, grown };
  const contenders: Contender[] = [];
  const audits: (() => Promise<string[]>)[] = [];
  const reports: (() => Promise<Figure[]>)[] = [];
  for (const [size, count] of Object.entries(sizes)) {
    const { program, url, pool } = await openBooking(bench, `${id}-${size}`.toLowerCase());
    const first = await placeFirst(bench, program);
    const users = await growBookings(url, first, count, bench.say);
    // All of them have as many bookings, small or grown.
    const readers = await bench.issuer.buyers(Math.min(READERS, users.length), users);
    const plans = {
      place: () => placements(bench, steps),
      'my bookings': (slice: number) => Promise.resolve(pages(readers, steps, slice)),
    };
    for (const [kind, planOf] of Object.entries(plans)) {
      contenders.push({
        name: `${kind}, ${size}`,
        what: `${count.toLocaleString('en')} bookings`,
        async measure(slice) {
          const plan = await planOf(slice);
          const of = { name: kind, what: '', program, expected: /^(200|202)$/ };
          return httpContender(bench, { ...of, planOf: () => plan }).measure(slice);
        },
      });
    }
    reports.push(() => timeReports(bench, pool, size));
    // A warm-up and the rounds place as many bookings each.
    const wanted = count + 1 + (bench.rounds + 1) * steps;
    audits.push(() => countBookings(pool, wanted));
  }
  return {
    contenders,
    bars: [
      ...['place', 'my bookings'].map((kind) => ({
        kind: 'ratio' as const,
        of: `${kind}, grown`,
        to: `${kind}, small`,
        atLeast: SHARE,
      })),
      {
        kind: 'figure',
        figure: 'slowest report, grown',
        atMost: (REPORT_MS_A_MILLION * Math.max(grown, 100_000)) / 1_000_000,
      },
    ],
    async figures() {
      const figures: Figure[] = [];
      for (const report of reports) figures.push(...(await report()));
      return figures;
    },
    audit: async () => (await Promise.all(audits.map((audit) => audit()))).flat(),
  };
}

/** Booking alone: the bench signs the offers, and there is nobody to pay, so bookings stay placed. */
async function openBooking(
  bench: Bench,
  name: string,
): Promise<{ program: Program; url: string; pool: pg.Pool }> {
  const database = `bench_${bench.run}_${name}`;
  const topicPrefix = `${database}.`;
  bench.atEnd(() => dropDatabases(bench, [database]));
  bench.atEnd(() => dropTopics(bench.stores.KAFKA_BROKERS, topicPrefix));
  const program = await bench.start({
    name: `booking-${name}`,
    file: BOOKING,
    env: (port) => ({
      ...bench.stores,
      HOST: '127.0.0.1',
      PORT: `${port}`,
      LOG_LEVEL: 'error',
      TOPIC_PREFIX: topicPrefix,
      DATABASE_NAME: database,
      AUTH_URL: bench.issuer.url,
      CATALOG_URL: bench.issuer.url,
      PAYMENT_URL: 'http://127.0.0.1:9',
      PAYMENT_SECRET_KEY: 'sk_test_unused',
      PAYMENT_WEBHOOK_SECRET: 'whsec_unused',
      PROVIDER_BACKLOG: '1000000',
      // One look at the provider that is not there, and no other one in the time of a run.
      BREAKER_PAUSE_SECONDS: '86400',
    }),
    ready: '/readyz',
  });
  const url = urlOf(bench.stores.POSTGRES_URL, database);
  const pool = new pg.Pool({ connectionString: url });
  bench.atEnd(() => pool.end());
  return { program, url, pool };
}

async function placeFirst(bench: Bench, program: Program): Promise<string> {
  const [buyer] = await bench.issuer.buyers(1);
  if (!buyer) throw new Error('There is nobody to book');
  const body = { offer: await offerTo(bench, buyer), paymentMethod: 'pm_card_visa' };
  const { booking } = await askFor<{ booking: { bookingId: string } }>(
    program,
    'POST',
    '/api/bookings',
    { as: buyer, body },
  );
  return booking.bookingId;
}

const seat = { label: 'A 1', section: 'Stalls', row: 'A', number: '1', category: 'Stalls' };

const offerTo = (bench: Bench, { userId }: Buyer) =>
  bench.issuer.signOffer({
    holdId: newId(),
    userId,
    eventId: newId(),
    eventName: 'An evening at the bench',
    venueName: 'House of the bench',
    startsAt: '2099-05-01T18:00:00.000Z',
    timeZone: 'Europe/Vienna',
    seats: [{ ...seat, seatId: 'A-1', priceMinor: PRICE_MINOR }],
    currency: 'EUR',
    totalMinor: PRICE_MINOR,
    maxPerUser: 12,
    expiresAt: '2999-01-01T00:00:00.000Z',
  });

/** One request after another: the rate is one over the time of an answer. */
const inTurn = (requests: readonly { text: string }[]): LoadPlan => ({
  url: '',
  connections: 1,
  requests,
  chains: requests.map((_, at) => [at]),
});

async function placements(bench: Bench, steps: number): Promise<LoadPlan> {
  const buyers = await bench.issuer.buyers(steps);
  const bodies = await Promise.all(
    buyers.map(async (buyer) => ({
      offer: await offerTo(bench, buyer),
      paymentMethod: 'pm_card_visa',
    })),
  );
  return inTurn(
    buyers.map(({ token }, at) => ({
      text: send('POST', '/api/bookings', token, bodies[at] ?? {}),
    })),
  );
}

function pages(readers: readonly Buyer[], steps: number, slice: number): LoadPlan {
  const random = seededRandom(slice);
  return inTurn(
    Array.from({ length: steps }, () => {
      const token = readers[random.between(0, readers.length - 1)]?.token ?? '';
      return { text: get('/api/bookings', { authorization: `Bearer ${token}` }) };
    }),
  );
}

/** How long each report takes when it is read whole. */
async function timeReports(bench: Bench, pool: pg.Pool, size: string): Promise<Figure[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select table_name as name from information_schema.tables
     where table_schema = 'analytics' order by table_name`,
  );
  const figures: Figure[] = [];
  for (const { name } of rows) {
    bench.say(`reading the report ${name}, ${size}`);
    const startedAt = performance.now();
    await pool.query(`select count(r::text) from analytics.${name} r`);
    const value = performance.now() - startedAt;
    figures.push({ name: `report ${name}, ${size}`, value, unit: 'ms' });
  }
  const slowest = Math.max(...figures.map(({ value }) => value));
  return [...figures, { name: `slowest report, ${size}`, value: slowest, unit: 'ms' }];
}

async function countBookings(pool: pg.Pool, wanted: number): Promise<string[]> {
  const { rows } = await pool.query<{ count: number }>('select count(*)::int from bookings');
  const [found] = rows;
  return found?.count === wanted ? [] : [`${found?.count} bookings are there, not ${wanted}`];
}
