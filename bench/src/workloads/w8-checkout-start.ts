import type { Bench } from '../bench.ts';
import { type Checkouts, openCheckouts } from '../checkouts.ts';
import { httpContender, programAt } from '../contenders.ts';
import { bookStep, purchasePlan } from '../load/checkout-requests.ts';
import type { LoadPlan } from '../load/plan.ts';
import { openLoopFigures } from '../open-loop.ts';
import { buyersOfMarket, holdAll, type Market, purchasesOf, seatsOfMarket } from '../purchases.ts';
import { createDatabase } from '../relational.ts';
import type { Prepared, Workload } from '../workload.ts';

const EVENTS = 8;
const CONNECTIONS = 128;
/** Longer than a slice, shorter than booking waits for the provider. */
const PROVIDER_DELAY_MS = 8_000;
const SCHEMA = new URL('../baselines/checkout-schema.sql', import.meta.url);

/**
 * W8: how many checkouts can be begun, each answered 202. The provider answers late, so that no
 * authorization falls into the time of a slice; its end is waited for outside of it.
 */
export const checkoutStart: Workload = {
  id: 'W8',
  group: 'booking',
  title: 'checkout initiation',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const slices = bench.rounds + 2;
  const bookingsASlice = bench.quick ? 40 : 3_000;
  const seats = seatsOfMarket(slices, bookingsASlice, EVENTS);
  const checkouts = await openCheckouts(bench, 'W8', { events: EVENTS, seats });
  const { booking, catalog } = checkouts;
  const buyers = await bench.issuer.buyers(buyersOfMarket(slices, bookingsASlice));
  const offersOf = createOffers(bench, checkouts, { ...checkouts, buyers, bookingsASlice });
  const postgresUrl = await createDatabase(bench, 'plain', SCHEMA);
  const plain = await bench.start({
    name: 'plain-booking',
    file: programAt('plain-booking'),
    args: [
      JSON.stringify({
        jwksUrl: `${bench.issuer.url}/jwks`,
        offersUrl: `${catalog.url}/.well-known/jwks.json`,
        postgresUrl,
      }),
    ],
    ready: '/livez',
  });
  const expected = /^202$/;
  const rivals = [
    {
      name: 'holdfast',
      what: 'booking: offer, hold, quota, payment, call, audit, message; many a transaction',
      program: booking,
      settle: checkouts.settle,
    },
    {
      name: 'seven statements',
      what: 'same kit and offer; a prepared, pooled transaction of seven statements, no audit',
      program: plain,
    },
  ];
  return {
    contenders: rivals.map((rival) => ({
      name: rival.name,
      what: rival.what,
      async measure(slice) {
        const plan = await offersOf(slice);
        await checkouts.delayPayments(PROVIDER_DELAY_MS);
        const settle = async () => {
          await checkouts.delayPayments(0);
          await rival.settle?.();
        };
        const contender = httpContender(bench, {
          ...rival,
          expected,
          settle,
          planOf: () => plan,
        });
        return contender.measure(slice);
      },
    })),
    bars: [
      { kind: 'ratio', of: 'holdfast', to: 'seven statements', atLeast: 3 },
      { kind: 'figure', figure: 'open loop p95', atMost: 50 },
    ],
    async figures(samples) {
      const plan = await offersOf(slices - 1);
      await checkouts.delayPayments(PROVIDER_DELAY_MS);
      const own = samples.get('holdfast') ?? [];
      const figures = await openLoopFigures(bench, own, { ...plan, url: booking.url });
      await checkouts.delayPayments(0);
      await checkouts.settle();
      return figures;
    },
    audit: checkouts.audit,
  };
}

/** Plans that book what was held beforehand; both rivals get the same offers of a slice. */
function createOffers(bench: Bench, { catalog }: Checkouts, market: Market) {
  const plans = new Map<number, Promise<LoadPlan>>();
  const make = async (slice: number): Promise<LoadPlan> => {
    const purchases = purchasesOf(market, slice, true);
    const offers = await holdAll(bench, catalog.url, purchases);
    const steps = purchasePlan(purchases, (purchase, at) => [
      { ...bookStep({ holds: '', bookings: '' }, purchase, offers[at]), isFilled: false },
    ]);
    const requests = steps.requests.map(({ url: _own, takes: _none, ...request }) => request);
    return { ...steps, requests, url: '', connections: CONNECTIONS };
  };
  return (slice: number): Promise<LoadPlan> => {
    const plan = plans.get(slice) ?? make(slice);
    plans.set(slice, plan);
    return plan;
  };
}
