import { newId } from '@holdfast/shared/ids.ts';
import { ask } from '../ask.ts';
import type { Bench, Program } from '../bench.ts';
import { type Catalogs, openCatalogs } from '../catalog.ts';
import { httpContender, startFloor } from '../contenders.ts';
import { fetchHold, holdRequest } from '../load/hold-requests.ts';
import { openLoopFigures } from '../open-loop.ts';
import { copyEvents, makeTemplate } from '../seeding.ts';
import { type Figure, NotThere, type Prepared, type Workload } from '../workload.ts';
import { bestAvailable, clicks, seedHotEvent } from './hot-event.ts';

const PARTIES = 160;
const PARTY_SIZE = 4;
const PARTY_SEATS = 8_000;

/** W7: the herd of W5 lets the house choose: everyone wants the same best seats at once. */
export const herd: Workload = {
  id: 'W7',
  group: 'catalog',
  title: 'best-available herd: 20,000 seats, 2,000 parties of 1 to 6',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const catalogs = await openCatalogs(bench, 'W7');
  const catalog = await catalogs.start();
  await requireBestAvailable(bench, catalog);
  // Clicks and best available each have an event of their own in every slice.
  const slices = bench.rounds + 3;
  const hot = await seedHotEvent(bench, catalogs, catalog, 2 * slices);
  const { buyers } = hot;
  const herdOf = (slice: number) => bestAvailable(hot, slice, catalog.url);
  const floor = await startFloor(bench, { taken: await fetchHold(herdOf(slices - 1)) });
  const sold = /^(201|409 (seat_unavailable|no_fitting_seats))$/;
  return {
    contenders: [
      httpContender(bench, {
        name: 'best available',
        what: 'catalog chooses 1 to 6 seats for each party',
        program: catalog,
        expected: sold,
        buyers,
        planOf: herdOf,
        settle: catalogs.drain,
      }),
      httpContender(bench, {
        name: 'clicks',
        what: 'the same catalog, seats chosen by the buyers as in W5',
        program: catalog,
        expected: sold,
        planOf: (slice) => clicks(hot, slices + slice, catalog.url),
        settle: catalogs.drain,
      }),
      httpContender(bench, {
        name: 'HTTP floor',
        what: 'same kit and route, authenticated, validated, same answer, no store',
        program: floor,
        expected: sold,
        buyers,
        planOf: herdOf,
      }),
    ],
    bars: [
      { kind: 'ratio', of: 'best available', to: 'clicks', atLeast: 0.5 },
      { kind: 'ratio', of: 'best available', to: 'HTTP floor', atLeast: 0.3 },
      { kind: 'figure', figure: 'open loop p95', atMost: 50 },
      { kind: 'figure', figure: `parties refused of ${PARTIES}`, atMost: 0 },
    ],
    async figures(samples) {
      const open = await openLoopFigures(
        bench,
        samples.get('best available') ?? [],
        herdOf(bench.rounds + 1),
      );
      return [...open, await seatPartiesAtOnce(bench, catalogs, catalog)];
    },
    audit: catalogs.audit,
  };
}

/** All parties at once, in a house with room for many times as many: nobody may be refused. */
async function seatPartiesAtOnce(
  bench: Bench,
  catalogs: Catalogs,
  catalog: Program,
): Promise<Figure> {
  const plan = { seatCount: bench.quick ? PARTIES * PARTY_SIZE * 2 : PARTY_SEATS };
  const template = await makeTemplate(catalog, catalogs.db, catalogs.organizer, plan);
  const [event] = await copyEvents(catalogs.db, template, 1);
  if (!event) throw new Error('No event was seeded');
  const buyers = await bench.issuer.buyers(PARTIES);
  const requests = buyers.map((buyer) =>
    holdRequest(buyer, event, { bestAvailable: { partySize: PARTY_SIZE } }),
  );
  const { outcomes, answered } = await bench.generator.run({
    url: catalog.url,
    connections: PARTIES,
    requests,
    chains: requests.map((_, at) => [at]),
  });
  const refused = answered - (outcomes['201'] ?? 0);
  return { name: `parties refused of ${PARTIES}`, value: refused, unit: '' };
}

async function requireBestAvailable(bench: Bench, catalog: Program): Promise<void> {
  const [buyer] = await bench.issuer.buyers(1);
  const { status } = await ask(catalog, 'POST', `/api/events/${newId()}/holds`, {
    ...(buyer && { as: buyer }),
    body: { bestAvailable: { partySize: 2 } },
  });
  if (status === 404) return;
  throw new NotThere('POST /api/events/:eventId/holds does not take bestAvailable');
}
