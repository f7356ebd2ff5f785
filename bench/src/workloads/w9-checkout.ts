import type { Bench } from '../bench.ts';
import { type Checkouts, openCheckouts } from '../checkouts.ts';
import { WARM_UP } from '../contenders.ts';
import { idleFigures } from '../idle-checkout.ts';
import {
  bookStep,
  type Counter,
  holdStep,
  outcomeStep,
  type Purchase,
  purchasePlan,
} from '../load/checkout-requests.ts';
import type { LoadPlan, LoadResult, WireRequest } from '../load/plan.ts';
import { measureLoad, withCpu } from '../measure.ts';
import { buyersOfMarket, type Market, purchasesOf, seatsOfMarket } from '../purchases.ts';
import { createDatabase, seedSeats } from '../relational.ts';
import { median } from '../statistics.ts';
import { oneStatementContender, startStepSaga } from '../step-saga.ts';
import type { Contender, Figure, Prepared, Sample, Workload } from '../workload.ts';

const EVENTS = 8;
/**
 * As many purchases at once as suit each best: in steps one waits three seconds and more for polls,
 * so it takes many to keep that saga busy.
 */
const CONNECTIONS = { holdfast: 192, steps: 768 };
const EXPECTED = /^(201|202|200 confirmed|200 failed)$/;
const HALF = 0.5;
const SCHEMA = new URL('../baselines/checkout-schema.sql', import.meta.url);

/** W9: from the wish for seats to the outcome, some cards declined, some requests sent twice. */
export const checkout: Workload = {
  id: 'W9',
  group: 'booking',
  title: 'hold to paid to confirmed, 5 % declined, 2 % asked for twice',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const slices = bench.rounds + 3;
  const bookingsASlice = bench.quick ? 40 : 1_200;
  const seats = seatsOfMarket(slices, bookingsASlice, EVENTS);
  const checkouts = await openCheckouts(bench, 'W9', { events: EVENTS, seats });
  const buyers = await bench.issuer.buyers(buyersOfMarket(slices, bookingsASlice));
  const market = { events: checkouts.events, buyers, bookingsASlice };
  const stepsUrl = await createDatabase(bench, 'steps', SCHEMA);
  await seedSeats(stepsUrl, checkouts.events);
  const steps = await startStepSaga(bench, checkouts.sandbox, stepsUrl);
  const spent = createSpending();
  const counter = { holds: checkouts.catalog.url, bookings: checkouts.booking.url };
  return {
    contenders: [
      subjectOf(bench, checkouts, market, { counter, spent }),
      {
        name: 'saga in steps',
        what: 'same kit and provider; one transaction and one message a step, outbox polled each second',
        measure: async (slice) => {
          const { url } = steps.program;
          const plan = {
            ...planOf(market, slice, { holds: url, bookings: url }),
            connections: CONNECTIONS.steps,
          };
          const pids = [steps.program.pid];
          const of = { pids, expected: EXPECTED, settle: steps.settle, countOf: countChains };
          return requireOutcomes(await measureLoad(bench, of, plan), market, slice);
        },
      },
      await oneStatementContender(bench, await createDatabase(bench, 'one', SCHEMA), {
        bookings: bookingsASlice,
      }),
    ],
    bars: BARS,
    figures: async (samples) => [
      ...spent.figures(),
      ...(await latencyFigures(bench, checkouts, samples, {
        ...planOf(market, bench.rounds + 1, counter),
      })),
      ...(await idleFigures(bench, checkouts, purchasesOf(market, bench.rounds + 2, true))),
    ],
    audit: checkouts.audit,
  };
}

const BARS: Prepared['bars'] = [
  { kind: 'ratio', of: 'holdfast', to: 'saga in steps', atLeast: 3 },
  { kind: 'ratio', of: 'holdfast', to: 'one statement', atLeast: 0.25 },
  { kind: 'figure', figure: 'CPU a booking', atMost: 1_800 },
  { kind: 'figure', figure: 'CPU a booking', atMost: 900, isAim: true },
  { kind: 'figure', figure: 'idle p50 / (2 round trips + 4 commits)', atMost: 3 },
  { kind: 'figure', figure: 'hold to confirmed, half load, p95', atMost: 250 },
  { kind: 'figure', figure: 'hold to compensated, half load, p95', atMost: 1_000 },
];

function planOf(market: Market, slice: number, counter: Counter): LoadPlan {
  return {
    ...purchasePlan(purchasesOf(market, slice), (purchase) => stepsOf(counter, purchase)),
    url: counter.bookings,
    connections: CONNECTIONS.holdfast,
  };
}

function stepsOf(counter: Counter, purchase: Purchase): WireRequest[] {
  const book = bookStep(counter, purchase);
  const booked = purchase.kind === 'repeated' ? [book, book] : [book];
  return [holdStep(counter, purchase), ...booked, outcomeStep(counter, purchase)];
}

const countChains = ({ chains }: LoadResult) =>
  Object.values(chains).reduce((sum, { count }) => sum + count, 0);

function subjectOf(
  bench: Bench,
  checkouts: Checkouts,
  market: Market,
  { counter, spent }: { counter: Counter; spent: Spending },
): Contender {
  const { catalog, booking, sandbox, settle } = checkouts;
  return {
    name: 'holdfast',
    what: 'catalog and booking, with offers, pins, ledger, audit chain, messages and webhooks',
    async measure(slice) {
      const plan = planOf(market, slice, counter);
      const of = { pids: [catalog.pid, booking.pid], expected: EXPECTED, settle };
      const postgresBefore = await bench.postgresCpu();
      const { result: inCatalog, own: catalogCpu } = await withCpu(bench, [catalog.pid], () =>
        withCpu(bench, [sandbox.pid], () =>
          measureLoad(bench, { ...of, countOf: countChains }, plan),
        ),
      );
      const sample = inCatalog.result;
      const postgresAfter = await bench.postgresCpu();
      if (slice !== WARM_UP) {
        spent.add({
          bookings: sample.answered,
          catalog: catalogCpu,
          booking: sample.cpuMicros.own - catalogCpu,
          postgres:
            postgresBefore === undefined || postgresAfter === undefined
              ? undefined
              : postgresAfter - postgresBefore,
          sandbox: inCatalog.own,
        });
      }
      return requireOutcomes(sample, market, slice);
    },
  };
}

/** Every purchase must have come to the outcome that its card leads to. */
function requireOutcomes(sample: Sample, market: Market, slice: number): Sample {
  const purchases = purchasesOf(market, slice);
  const declined = purchases.filter(({ kind }) => kind === 'declined').length;
  const wanted = { '200 confirmed': purchases.length - declined, '200 failed': declined };
  const wrong = Object.entries(wanted).flatMap(([outcome, times]) => {
    const found = sample.outcomes[outcome] ?? 0;
    return found === times ? [] : [`${found} purchases came out "${outcome}", not ${times}`];
  });
  return { ...sample, faults: [...(sample.faults ?? []), ...wrong] };
}

type Spent = {
  bookings: number;
  catalog: number;
  booking: number;
  postgres: number | undefined;
  sandbox: number;
};
type Spending = ReturnType<typeof createSpending>;

/** CPU of the rounds, by who used it. */
function createSpending() {
  const rounds: Spent[] = [];
  const aBooking = (pick: (spent: Spent) => number) =>
    median(rounds.map((spent) => pick(spent) / spent.bookings));
  return {
    add(spent: Spent) {
      rounds.push(spent);
    },
    figures(): Figure[] {
      const parts = [
        { name: 'CPU a booking: catalog', value: aBooking(({ catalog }) => catalog), unit: 'µs' },
        { name: 'CPU a booking: booking', value: aBooking(({ booking }) => booking), unit: 'µs' },
        { name: 'sandbox, apart', value: aBooking(({ sandbox }) => sandbox), unit: 'µs' },
      ];
      if (rounds.some(({ postgres }) => postgres === undefined)) return parts;
      const postgres = (spent: Spent) => spent.postgres ?? 0;
      const all = (spent: Spent) => spent.catalog + spent.booking + postgres(spent);
      return [
        { name: 'CPU a booking', value: aBooking(all), unit: 'µs' },
        ...parts,
        { name: 'CPU a booking: PostgreSQL', value: aBooking(postgres), unit: 'µs' },
      ];
    },
  };
}

/** Whole purchases by schedule, at half the rate of the rounds. */
async function latencyFigures(
  bench: Bench,
  checkouts: Checkouts,
  samples: ReadonlyMap<string, readonly Sample[]>,
  plan: LoadPlan,
): Promise<Figure[]> {
  const rates = (samples.get('holdfast') ?? []).map(({ perSecond }) => perSecond);
  const ratePerSecond = Math.max(1, HALF * median(rates));
  bench.say(`latency at ${Math.round(ratePerSecond)} purchases a second`);
  const { chains } = await bench.generator.run({ ...plan, ratePerSecond });
  await checkouts.settle();
  const { paid, declined } = chains;
  return [
    { name: 'half load, purchases a second', value: ratePerSecond, unit: '/s' },
    { name: 'hold to confirmed, half load, p50', value: paid?.p50 ?? 0, unit: 'ms' },
    { name: 'hold to confirmed, half load, p95', value: paid?.p95 ?? 0, unit: 'ms' },
    { name: 'hold to compensated, half load, p95', value: declined?.p95 ?? 0, unit: 'ms' },
  ];
}
