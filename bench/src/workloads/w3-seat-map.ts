import { seededRandom } from '@holdfast/demo/random.ts';
import type { Bench, Program } from '../bench.ts';
import { captureAnswers } from '../captured.ts';
import { openCatalogs } from '../catalog.ts';
import { httpContender, introduce, programAt } from '../contenders.ts';
import { startGenerator } from '../load/drive.ts';
import { holdRequest } from '../load/hold-requests.ts';
import { get, type LoadPlan } from '../load/plan.ts';
import { openLoopFigures } from '../open-loop.ts';
import { makeTemplate } from '../seeding.ts';
import { type Contender, NotThere, type Prepared, type Workload } from '../workload.ts';

const CHANGES_A_SECOND = 200;
/** Seats that a buyer takes of the event at most, by catalog's own cap. */
const SEATS_A_BUYER = 12;
const CONNECTIONS = 64;
const LONGEST_MS = 5_000;

/** W3: the map of a house of 20,000 seats, asked for while its seats change. */
export const seatMap: Workload = {
  id: 'W3',
  group: 'catalog',
  title: 'seat map of 20,000 seats, 200 changes/s, half conditional',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const seats = bench.quick ? 2_000 : 20_000;
  const catalogs = await openCatalogs(bench, 'W3');
  const catalog = await catalogs.start();
  const { event } = await makeTemplate(catalog, catalogs.db, catalogs.organizer, {
    seatCount: seats,
  });
  const path = `/api/events/${event._id}/seat-map`;
  const first = await fetch(catalog.url + path);
  if (!first.ok) throw new NotThere(`GET /api/events/:eventId/seat-map answers ${first.status}`);
  // Another process makes the changes, so that the one that is measured only follows them.
  const changer = await catalogs.start({ name: 'catalog-2' });
  const changes = await startChanges(bench, changer, event._id, seats);
  bench.say('selling a tenth of the house');
  await changes.change(seats / 10);
  await catalogs.drain();
  const captured = await captureAnswers(
    bench,
    catalog.url,
    [path],
    first.headers.get('content-type') ?? 'application/octet-stream',
    MAP_HEADERS,
  );
  const bare = await bench.start({
    name: 'bare-http',
    file: programAt('bare-http'),
    args: [JSON.stringify({ answers: captured.file, changesPerSecond: CHANGES_A_SECOND })],
    ready: '/',
  });
  // The warm-up, the rounds of both and the open loop share the seats there are.
  const turns = 2 * (bench.rounds + 1) + 4;
  const affordableMs = ((0.9 * seats) / CHANGES_A_SECOND / turns) * 1_000;
  const durationMs = bench.quick ? 300 : Math.min(LONGEST_MS, affordableMs);
  const plan = (url: string): LoadPlan => ({ ...views(path), url, durationMs });
  const contender = (name: string, what: string, program: Program): Contender => {
    const inner = httpContender(bench, {
      name,
      what,
      program,
      expected: /^(200|304)$/,
      planOf: () => plan(program.url),
    });
    return { ...inner, measure: (slice) => changes.during(durationMs, () => inner.measure(slice)) };
  };
  return {
    contenders: [
      contender('holdfast', 'catalog: the snapshot, binary, compressed', catalog),
      contender('bare http', 'node:http with the same bytes, its ETag changing as often', bare),
    ],
    bars: [
      { kind: 'ratio', of: 'holdfast', to: 'bare http', atLeast: 0.75 },
      { kind: 'figure', figure: 'bytes of a map', atMost: 4_000 },
      { kind: 'figure', figure: 'open loop p95', atMost: 20 },
    ],
    async figures(samples) {
      const open = () => openLoopFigures(bench, samples.get('holdfast') ?? [], plan(catalog.url));
      const figures = await changes.during(durationMs, open);
      const last = await captureAnswers(bench, catalog.url, [path], '', MAP_HEADERS);
      return [...figures, { name: 'bytes of a map', value: last.bytes, unit: '' }];
    },
    audit: catalogs.audit,
  };
}

const MAP_HEADERS = { accept: 'application/octet-stream', 'accept-encoding': 'br' };

/** Every second request repeats the last ETag it saw. */
function views(path: string): LoadPlan {
  const text = get(path, MAP_HEADERS);
  return {
    url: '',
    connections: CONNECTIONS,
    requests: [
      { text, etagOf: 'map' },
      { text, etagOf: 'map', isConditional: true },
    ],
    chains: [[0], [1]],
  };
}

/** Holds seats here and there over the house, from a generator of its own. */
async function startChanges(bench: Bench, changer: Program, eventId: string, seats: number) {
  const buyers = await bench.issuer.buyers(Math.ceil(seats / SEATS_A_BUYER));
  await introduce(bench, changer, buyers);
  const generator = startGenerator();
  bench.atEnd(() => generator.stop());
  const left = shuffledSeats(seats);
  let taken = 0;

  async function change(count: number, ratePerSecond?: number): Promise<void> {
    const requests = left.splice(0, count).map((seatId) => {
      const buyer = buyers[Math.floor(taken / SEATS_A_BUYER)];
      taken += 1;
      if (!buyer) throw new Error('There are fewer buyers than seats');
      return holdRequest(buyer, { eventId }, { seatIds: [seatId] });
    });
    const { outcomes, answered } = await generator.run({
      url: changer.url,
      connections: 32,
      requests,
      chains: requests.map((_, at) => [at]),
      ...(ratePerSecond !== undefined && { ratePerSecond }),
    });
    if ((outcomes['201'] ?? 0) !== answered) {
      throw new Error(`Seats could not be changed: ${JSON.stringify(outcomes)}`);
    }
  }

  return {
    change,
    /** Changes seats while the work lasts, which takes about so long. */
    async during<T>(durationMs: number, work: () => Promise<T>): Promise<T> {
      const count = Math.ceil((CHANGES_A_SECOND * durationMs) / 1_000);
      const [result] = await Promise.all([work(), change(count, CHANGES_A_SECOND)]);
      return result;
    },
  };
}

/** The seats of the house in an order without order: a map of neighbours is smaller than any. */
function shuffledSeats(count: number): string[] {
  const random = seededRandom(1);
  return Array.from({ length: count }, (_, at) => ({
    seatId: `GENERAL-${at + 1}`,
    by: random.next(),
  }))
    .sort((a, b) => a.by - b.by)
    .map(({ seatId }) => seatId);
}
