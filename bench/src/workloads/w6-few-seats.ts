import { seededRandom } from '@holdfast/demo/random.ts';
import type { Bench } from '../bench.ts';
import { type Catalogs, openCatalogs } from '../catalog.ts';
import { httpContender, introduce, startFloor } from '../contenders.ts';
import type { Buyer } from '../issuer.ts';
import { holdRequest } from '../load/hold-requests.ts';
import type { LoadPlan } from '../load/plan.ts';
import { copyEvents, makeTemplate, type SeededEvent } from '../seeding.ts';
import { startWireCounter } from '../wire-counter.ts';
import type { Figure, Prepared, Sample, Workload } from '../workload.ts';

const SEATS = 100;
const CONNECTIONS = 256;

/** W6: ten thousand buyers want a hundred seats: nearly everyone loses, and must be told fast. */
export const fewSeats: Workload = {
  id: 'W6',
  group: 'catalog',
  title: '10,000 buyers for 100 seats',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const attempts = bench.quick ? 600 : 10_000;
  const catalogs = await openCatalogs(bench, 'W6');
  const catalog = await catalogs.start();
  bench.say(`seeding events of ${SEATS} seats, ${attempts} buyers`);
  const template = await makeTemplate(catalog, catalogs.db, catalogs.organizer, {
    seatCount: SEATS,
  });
  const slices = bench.rounds + 2;
  const events = await copyEvents(catalogs.db, template, slices);
  const buyers = await bench.issuer.buyers(attempts);

  const eventOf = (slice: number): SeededEvent => {
    const event = events[slice];
    if (!event) throw new Error('The seeding is smaller than the plan');
    return event;
  };
  const planOf = (slice: number): LoadPlan => rush(eventOf(slice), buyers, slice, catalog.url);
  /** Each seat of a slice must be held once and answered once. */
  const check = async (sample: Sample, slice: number): Promise<Sample> => {
    const faults = await countSeats(catalogs, eventOf(slice), sample);
    return { ...sample, faults: [...(sample.faults ?? []), ...faults] };
  };
  const floor = await startFloor(bench, 'refused');
  return {
    contenders: [
      httpContender(bench, {
        name: 'holdfast',
        what: 'catalog, a new event of 100 seats each round',
        program: catalog,
        expected: /^(201|409 seat_unavailable)$/,
        buyers,
        planOf,
        check,
        settle: catalogs.drain,
      }),
      httpContender(bench, {
        name: 'HTTP floor',
        what: 'same kit and route, authenticated, validated, refuses without a store',
        program: floor,
        expected: /^409 seat_unavailable$/,
        buyers,
        planOf,
      }),
    ],
    bars: [
      { kind: 'ratio', of: 'holdfast', to: 'HTTP floor', atLeast: 0.85 },
      { kind: 'figure', figure: 'store operations an attempt', atMost: 0.05 },
      { kind: 'figure', figure: 'seats held', atLeast: SEATS, atMost: SEATS },
    ],
    figures: () => countOperations(bench, catalogs, eventOf(slices - 1), buyers),
    audit: catalogs.audit,
  };
}

/**
 * One attempt of each buyer, all at once, for a seat drawn by chance. The last ones want one seat
 * each in turn, so that none is left over because nobody drew it.
 */
function rush(event: SeededEvent, buyers: readonly Buyer[], seed: number, url: string): LoadPlan {
  const random = seededRandom(seed);
  const firstOfLast = buyers.length - SEATS;
  const requests = buyers.map((buyer, at) => {
    const seat = at < firstOfLast ? random.between(0, SEATS - 1) : at - firstOfLast;
    return holdRequest(buyer, event, { seatIds: [event.seatIds[seat]] });
  });
  return { url, connections: CONNECTIONS, requests, chains: requests.map((_, at) => [at]) };
}

async function countSeats(
  { db }: Catalogs,
  { eventId }: SeededEvent,
  { outcomes }: Pick<Sample, 'outcomes'>,
): Promise<string[]> {
  const held = await db.collection('seats').countDocuments({ eventId, status: 'held' });
  const won = outcomes['201'] ?? 0;
  return held === SEATS && won === SEATS
    ? []
    : [`${held} of ${SEATS} seats are held, ${won} buyers were told so`];
}

/** The same rush once more through a counting way to the store, on a catalog of its own. */
async function countOperations(
  bench: Bench,
  catalogs: Catalogs,
  event: SeededEvent,
  buyers: readonly Buyer[],
): Promise<Figure[]> {
  bench.say('counting store operations');
  const counter = await startWireCounter(bench.stores.MONGODB_URL);
  try {
    const catalog = await catalogs.start({
      name: 'catalog-counted',
      env: { MONGODB_URL: counter.url },
    });
    await introduce(bench, catalog, buyers);
    const before = total(counter.counts());
    const { outcomes, answered } = await bench.generator.run(rush(event, buyers, 0, catalog.url));
    const operations = total(counter.counts()) - before;
    await catalog.stop();
    const held = await catalogs.db
      .collection('seats')
      .countDocuments({ eventId: event.eventId, status: 'held' });
    return [
      { name: 'store operations an attempt', value: operations / answered, unit: '' },
      { name: 'seats held', value: held, unit: '' },
      { name: 'buyers told that they hold one', value: outcomes['201'] ?? 0, unit: '' },
    ];
  } finally {
    await counter.stop();
  }
}

const total = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
