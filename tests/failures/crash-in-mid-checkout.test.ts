import { buy, createSale, type Sale } from '@holdfast/demo/buyer.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import {
  clearProviderFaults,
  countMiddleStates,
  createEvent,
  registerBuyer,
  type System,
  setProviderFault,
  sharedSystem,
  waitForEveryOutcome,
} from '../system.ts';

const SEATS = 260;
const BUYERS = 90;
const AT_LEAST_IN_THE_MIDDLE = 20;
/** Slow enough that checkouts pile up in their middle states, short enough to go on. */
const PROVIDER_DELAY_MS = 400;

type Victim = { kill(): Promise<void>; start(): Promise<void> };

describe('a crash in mid-checkout', () => {
  let system: System;
  let tokens: string[];

  before(async () => {
    system = await sharedSystem();
    tokens = await Promise.all(Array.from({ length: BUYERS }, () => registerBuyer(system.api)));
  });

  /** Lets the buyers loose, kills the victim while checkouts stand half done, and brings it back. */
  async function crash(victim: Victim): Promise<Sale> {
    const sale = createSale(system.api, await createEvent(system, SEATS), 4_711);
    await setProviderFault(system, { route: '*', kind: 'late', delayMs: PROVIDER_DELAY_MS });
    const buying = Promise.allSettled(tokens.map((token) => buy(sale, token, 'buys')));
    await waitUntil(
      `${AT_LEAST_IN_THE_MIDDLE} checkouts in middle states`,
      async () => (await countMiddleStates(system)) >= AT_LEAST_IN_THE_MIDDLE,
      { limitMs: 30_000, everyMs: 5 },
    );
    await victim.kill();
    await clearProviderFaults(system);
    await victim.start();
    const outcomes = await buying;
    await waitForEveryOutcome(system);
    const failures = outcomes.flatMap((one) =>
      one.status === 'rejected' ? [String(one.reason)] : [],
    );
    expect(failures, 'buyers without an outcome').to.deep.equal([]);
    return sale;
  }

  /** What was answered as confirmed is confirmed, and the auditor finds nothing. */
  async function expectNothingLost(sale: Sale): Promise<void> {
    expect(sale.confirmed.length, 'bookings confirmed').to.be.greaterThan(0);
    const { rows } = await system.booking.query<{ id: string }>(
      `select id from bookings where id = any($1) and status = 'confirmed'`,
      [sale.confirmed],
    );
    expect(rows.map((row) => row.id).sort()).to.deep.equal(sale.confirmed.toSorted());
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
  }

  for (const name of ['booking', 'catalog'] as const) {
    it(`of ${name} loses no acknowledged booking and leaves none half done`, async () => {
      await expectNothingLost(await crash(system.services.handles[name]!));
    });
  }

  for (const name of ['mongodb', 'postgres', 'kafka'] as const) {
    it(`of the store ${name} loses no acknowledged booking and leaves none half done`, async () => {
      await expectNothingLost(await crash(system.stack.stores[name]));
    });
  }

  it('of Redis fails no request', async () => {
    const before = system.api.retries();
    await expectNothingLost(await crash(system.stack.stores.redis));
    expect(system.api.retries() - before, 'requests that had to be sent again').to.equal(0);
  });
});
