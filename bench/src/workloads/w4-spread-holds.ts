import type { Bench } from '../bench.ts';
import { openCatalogs } from '../catalog.ts';
import { httpContender, rawContender, startFloor } from '../contenders.ts';
import { fetchHold, holdRequest } from '../load/hold-requests.ts';
import type { LoadPlan } from '../load/plan.ts';
import { openLoopFigures } from '../open-loop.ts';
import { copyEvents, makeTemplate } from '../seeding.ts';
import type { Prepared, Workload } from '../workload.ts';

/** A prime beside the number of events, so that a buyer meets another event each time. */
const BUYERS = 2_003;
const IN_FLIGHT = 64;
const SEATS_A_SLICE = 10;

/** W4: single seats of many events, each wanted by one buyer: what an evening's sales look like. */
export const spreadHolds: Workload = {
  id: 'W4',
  group: 'catalog',
  title: 'holds spread over 1,000 events',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const events = bench.quick ? 20 : 1_000;
  const seatsASlice = SEATS_A_SLICE;
  const holds = events * seatsASlice;
  const slices = bench.rounds + 3;
  const catalogs = await openCatalogs(bench, 'W4');
  const catalog = await catalogs.start();
  bench.say(`seeding ${events} events of ${slices * seatsASlice} seats`);
  const plan = { seatCount: slices * seatsASlice };
  const template = await makeTemplate(catalog, catalogs.db, catalogs.organizer, plan);
  const seeded = await copyEvents(catalogs.db, template, events);
  const buyers = await bench.issuer.buyers(bench.quick ? 50 : BUYERS);

  /** Each slice takes seats that no other slice wants, in an order that visits every event in turn. */
  const planOf = (slice: number, url: string): LoadPlan => {
    const requests = Array.from({ length: holds }, (_, at) => {
      const event = seeded[at % events];
      const seat = slice * seatsASlice + Math.floor(at / events);
      const buyer = buyers[(slice * holds + at) % buyers.length];
      if (!event || !buyer) throw new Error('The seeding is smaller than the plan');
      return holdRequest(buyer, event, { seatIds: [event.seatIds[seat]] });
    });
    return { url, connections: IN_FLIGHT, requests, chains: requests.map((_, at) => [at]) };
  };

  const sample = await fetchHold(planOf(slices - 1, catalog.url));
  const floor = await startFloor(bench, { taken: sample });
  const raw = await rawContender(
    bench,
    {
      name: 'raw driver',
      what: `findOneAndUpdate a seat, ${IN_FLIGHT} in flight, no service`,
      database: catalogs.db.databaseName,
      seats: holds,
    },
    { statement: 'one', inFlight: IN_FLIGHT, batch: 1 },
  );
  const ceiling = await rawContender(
    bench,
    {
      name: 'store ceiling',
      what: 'updateMany of 200 seats and a find, 4 in flight, no service',
      database: catalogs.db.databaseName,
      seats: bench.quick ? holds : holds * 4,
    },
    { statement: 'set', inFlight: 4, batch: 200 },
  );
  const expected = /^201$/;
  const subject = httpContender(bench, {
    name: 'holdfast',
    what: 'catalog: hold, quota, seat, message',
    program: catalog,
    expected,
    buyers,
    planOf: (slice) => planOf(slice, catalog.url),
    settle: catalogs.drain,
  });
  return {
    contenders: [
      subject,
      httpContender(bench, {
        name: 'HTTP floor',
        what: 'same kit and route, authenticated, validated, same answer, no store',
        program: floor,
        expected,
        buyers,
        planOf: (slice) => planOf(slice, floor.url),
      }),
      raw,
      ceiling,
    ],
    bars: [
      { kind: 'ratio', of: 'holdfast', to: 'HTTP floor', atLeast: 0.55 },
      { kind: 'ratio', of: 'holdfast', to: 'raw driver', atLeast: 1 },
      { kind: 'ratio', of: 'holdfast', to: 'store ceiling', atLeast: 0.6, isAim: true },
    ],
    figures: (samples) =>
      openLoopFigures(bench, samples.get('holdfast') ?? [], {
        ...planOf(bench.rounds + 1, catalog.url),
        connections: 256,
      }),
    audit: catalogs.audit,
  };
}
