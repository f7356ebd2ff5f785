import { seededRandom } from '@holdfast/demo/random.ts';
import type { Bench } from '../bench.ts';
import { openCatalogs } from '../catalog.ts';
import { httpContender } from '../contenders.ts';
import { growCatalog, type Size } from '../grown-catalog.ts';
import { holdRequest } from '../load/hold-requests.ts';
import { get, type LoadPlan } from '../load/plan.ts';
import { CATEGORIES, CITIES, dayAt, WORDS } from '../programme.ts';
import type { SeededEvent } from '../seeding.ts';
import type { Contender, Prepared, Workload } from '../workload.ts';

/** At most 1.3 times the time, which is this share of the rate of one request after another. */
const SHARE = 0.77;
const DAYS_OF_A_SEARCH = 14;
/** Holds of one account in one event, below the cap of an account. */
const HOLDS_A_BUYER = 10;

/** Whether hold, map and search stay as fast when everything has grown a hundredfold and more. */
export const catalogGrowth: Workload = {
  id: 'G1',
  group: 'growth',
  title: 'growth: 1,000,000 events, 100,000 seats in one, 1,000,000 holds',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const sizes: Record<string, Size> = bench.quick
    ? {
        small: { events: 50, seats: 200, holds: 50 },
        grown: { events: 400, seats: 1_000, holds: 400 },
      }
    : {
        small: { events: 1_000, seats: 10_000, holds: 1_000 },
        grown: { events: 1_000_000, seats: 100_000, holds: 1_000_000 },
      };
  const steps = bench.quick ? 10 : 500;
  const audits: (() => Promise<string[]>)[] = [];
  const contenders: Contender[] = [];
  for (const [name, size] of Object.entries(sizes)) {
    const catalogs = await openCatalogs(bench, `G1-${name}`);
    audits.push(catalogs.audit);
    const catalog = await catalogs.start({ name: `catalog-${name}` });
    const hot = await growCatalog(bench, catalogs, catalog, size);
    const common = { program: catalog, expected: /^(200|201)$/, settle: catalogs.drain };
    const what = `${size.events} events, ${size.seats} seats, ${size.holds} holds`;
    const plans = await plansOf(bench, hot, steps);
    for (const [kind, planOf] of Object.entries(plans)) {
      contenders.push(httpContender(bench, { ...common, name: `${kind}, ${name}`, what, planOf }));
    }
  }
  return {
    contenders,
    bars: ['hold', 'hold and map', 'search'].map((kind) => ({
      kind: 'ratio',
      of: `${kind}, grown`,
      to: `${kind}, small`,
      atLeast: SHARE,
    })),
    audit: async () => (await Promise.all(audits.map((audit) => audit()))).flat(),
  };
}

/** One request after another: the rate is one over the time of an answer. */
async function plansOf(
  bench: Bench,
  hot: SeededEvent,
  steps: number,
): Promise<Record<string, (slice: number) => LoadPlan>> {
  const buyers = await bench.issuer.buyers(
    Math.ceil((2 * steps * (bench.rounds + 1)) / HOLDS_A_BUYER),
  );
  const hold = (at: number) => {
    const buyer = buyers[Math.floor(at / HOLDS_A_BUYER)];
    if (!buyer) throw new Error('There are fewer buyers than holds');
    return holdRequest(buyer, hot, { seatIds: [hot.seatIds[at]] });
  };
  const plan = (rows: readonly (readonly { text: string }[])[]): LoadPlan => ({
    url: '',
    connections: 1,
    requests: rows.flat(),
    chains: rows.map((row, at) => row.map((_, step) => at * row.length + step)),
    goOnAfter: [201],
  });
  const range = Array.from({ length: steps }, (_, at) => at);
  const map = { text: get(`/api/events/${hot.eventId}/seat-map`) };
  return {
    hold: (slice) => plan(range.map((at) => [hold(2 * slice * steps + at)])),
    'hold and map': (slice) => plan(range.map((at) => [hold((2 * slice + 1) * steps + at), map])),
    search: (slice) => plan(range.map((at) => [{ text: get(searchPath(slice * steps + at)) }])),
  };
}

/** A search that nobody has made before: a word, a city and a category within two weeks. */
function searchPath(seed: number): string {
  const random = seededRandom(seed);
  const anyOf = (list: readonly string[]) => list[random.between(0, list.length - 1)] ?? '';
  const day = random.between(0, 350);
  const query = {
    q: anyOf(WORDS),
    city: anyOf(CITIES),
    category: anyOf(CATEGORIES),
    from: dayAt(day).toISOString(),
    to: dayAt(day + DAYS_OF_A_SEARCH).toISOString(),
  };
  return `/api/search?${new URLSearchParams(query)}`;
}
