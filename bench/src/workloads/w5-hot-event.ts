import type { Bench } from '../bench.ts';
import { openCatalogs } from '../catalog.ts';
import { httpContender, startFloor } from '../contenders.ts';
import { fetchHold } from '../load/hold-requests.ts';
import { openLoopFigures } from '../open-loop.ts';
import { relationalContenders } from '../relational.ts';
import type { Prepared, Workload } from '../workload.ts';
import { clicks, seedHotEvent } from './hot-event.ts';

/** W5: two thousand buyers click in one event of 20,000 seats, 1 to 6 seats each. */
export const hotEvent: Workload = {
  id: 'W5',
  group: 'catalog',
  title: 'a hot event: 20,000 seats, 2,000 buyers, 1 to 6 seats',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const catalogs = await openCatalogs(bench, 'W5');
  const catalog = await catalogs.start();
  const slices = bench.rounds + 3;
  const hot = await seedHotEvent(bench, catalogs, catalog, slices);
  const expected = /^(201|409 seat_unavailable)$/;
  const { buyers } = hot;
  const planOf = (slice: number) => clicks(hot, slice, catalog.url);
  const floor = await startFloor(bench, { taken: await fetchHold(planOf(slices - 1)) });
  const relational = await relationalContenders(bench, {
    strategies: ['row-locks', 'redis-locks', 'counted-quota'],
    events: hot.events.slice(0, bench.rounds + 1),
    buyers,
    expected,
    planOf,
  });
  return {
    contenders: [
      httpContender(bench, {
        name: 'holdfast',
        what: 'catalog: hold, quota, seats, message',
        program: catalog,
        expected,
        buyers,
        planOf,
        settle: catalogs.drain,
      }),
      httpContender(bench, {
        name: 'HTTP floor',
        what: 'same kit and route, authenticated, validated, same answer, no store',
        program: floor,
        expected,
        buyers,
        planOf,
      }),
      ...relational,
    ],
    bars: [
      { kind: 'ratio', of: 'holdfast', to: 'HTTP floor', atLeast: 0.6 },
      { kind: 'ratio', of: 'holdfast', to: 'row-locks', atLeast: 8 },
      { kind: 'ratio', of: 'holdfast', to: 'redis-locks', atLeast: 6 },
      { kind: 'ratio', of: 'holdfast', to: 'counted-quota', atLeast: 15 },
    ],
    figures: (samples) =>
      openLoopFigures(bench, samples.get('holdfast') ?? [], planOf(bench.rounds + 1)),
    audit: catalogs.audit,
  };
}
