import { readFile } from 'node:fs/promises';
import { expectSuccess } from '@holdfast/demo/api.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import {
  clearProviderFaults,
  countMiddleStates,
  createEvent,
  freeSeats,
  registerBuyer,
  type System,
  setProviderFault,
  sharedSystem,
  waitForEveryOutcome,
} from '../system.ts';

const BUYERS = 6;
/** Long enough that the clock steps while all the checkouts stand half done. */
const PROVIDER_DELAY_MS = 1_500;
const TEN_MINUTES_MS = 600_000;

/** Clocks go right, ten minutes ahead, ten behind, right again: see `step-clock.ts`. */
describe('a clock that steps by ten minutes in mid-checkout', () => {
  let system: System;
  let buyers: string[];

  before(async () => {
    system = await sharedSystem();
    buyers = await Promise.all(Array.from({ length: BUYERS }, () => registerBuyer(system.api)));
  });
  afterEach(() => clearProviderFaults(system));

  async function stepClock(name: string, offMs: number): Promise<void> {
    const { pid } = system.services.handles[name]!;
    process.kill(pid, 'SIGWINCH');
    await waitUntil(`the clock of ${name} to be ${offMs} ms off`, async () =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes(`clock ${offMs} ms off`),
    );
  }

  /** Each buyer takes a seat and asks for it; answers the ids of the bookings. */
  async function place(eventId: string): Promise<string[]> {
    const free = await freeSeats(system.api, eventId);
    return Promise.all(
      buyers.map(async (token, at) => {
        const hold = await system.api.post<{ hold: { offer: string } }>(
          `/api/events/${eventId}/holds`,
          { seatIds: [free[at]] },
          { token },
        );
        const { offer } = expectSuccess('The hold', hold).hold;
        const placed = await system.api.post<{ booking: { bookingId: string } }>(
          '/api/bookings',
          { offer, paymentMethod: 'pm_card_visa' },
          { token },
        );
        return expectSuccess('The booking', placed).booking.bookingId;
      }),
    );
  }

  async function stepInMidCheckout(
    name: string,
    offMs: number,
    eventId: string,
  ): Promise<string[]> {
    await setProviderFault(system, { route: '*', kind: 'late', delayMs: PROVIDER_DELAY_MS });
    const placed = await place(eventId);
    await waitUntil(
      'checkouts in middle states',
      async () => (await countMiddleStates(system)) === BUYERS,
      { everyMs: 5 },
    );
    await stepClock(name, offMs);
    await clearProviderFaults(system);
    await waitForEveryOutcome(system);
    return placed;
  }

  for (const name of ['booking', 'catalog', 'auth', 'payment-sandbox', 'gateway']) {
    it(`in ${name} loses no booking, sells no seat twice and leaves nothing half done`, async function () {
      this.timeout(180_000);
      const eventId = await createEvent(system, 3 * BUYERS);
      const ahead = await stepInMidCheckout(name, TEN_MINUTES_MS, eventId);
      // From ahead to behind; while it is ahead, access tokens have run out already.
      await stepClock(name, -TEN_MINUTES_MS);
      const right = await stepInMidCheckout(name, 0, eventId);
      const { rows } = await system.booking.query<{ id: string }>(
        `select id from bookings where event_id = $1 and status = 'confirmed'`,
        [eventId],
      );
      expect(rows.map(({ id }) => id).sort()).to.deep.equal([...ahead, ...right].sort());
      const report = await system.audit();
      expect(report.findings, report.report).to.deep.equal([]);
      const figures = report.events.find((event) => event.eventId === eventId);
      expect(figures).to.include({
        seatsSold: 2 * BUYERS,
        ticketsLive: 2 * BUYERS,
        capturedMinor: 2 * BUYERS * 4_500,
        refundedMinor: 0,
      });
    });
  }
});
