import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

const terms: Terms = {
  ...NO_TERMS,
  charges: {
    ...{ perTicketMinor: 0, perTicketBasisPoints: 333, perOrderMinor: 0 },
    tax: { name: 'Tax', basisPoints: 1_250, included: false },
  },
};

describe('money of a currency', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  const place = async (currency: string, priceMinor: number, parts: object = {}) => {
    const seats = [makeSeat('C-1', priceMinor)];
    const offer = makeOffer(buyer.userId, { currency, seats, ...parts });
    return buyer.book(await world.signOffer(offer));
  };

  async function exported(admin: Client, eventId: string) {
    const response = await fetch(`${world.service.url}/api/reports/revenue_by_event.ndjson`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    const lines = (await response.text()).trim().split('\n');
    return lines.map((line) => JSON.parse(line)).find((row) => row.event_id === eventId);
  }

  /** Face value, fee, taxes of both, and how often the provider's unit is in ours. */
  const cases: [string, number, number, number, number][] = [
    ['JPY', 5_000, 167, 625 + 21, 1],
    ['EUR', 4_850, 162, 606 + 20, 1],
    ['KWD', 5_120, 170, 640 + 20, 1],
    ['ISK', 5_000, 167, 625 + 21, 100],
  ];
  for (const [currency, face, fee, taxes, units] of cases) {
    const total = face + fee + taxes;
    it(`${currency} is the same in quote, payment, ledger, reports and at the provider, and comes back whole`, async () => {
      const eventId = newId();
      const placed = await place(currency, face, { eventId, terms });
      expect(placed.status, JSON.stringify(placed.body)).to.equal(202);
      const { bookingId } = placed.body.booking;
      const outcome = await buyer.outcome(bookingId);
      expect(outcome).to.include({ status: 'confirmed', totalMinor: total, currency });
      const [intent] = await world.sandbox.bookOf(bookingId);
      expect(intent?.captured).to.equal(total * units);
      const [ledger] = await world.rows(
        `select a.currency::text, l.amount_minor::int as amount from ledger_lines l
         join ledger_accounts a on a.id = l.account_id join ledger_journals j on j.id = l.journal_id
         where j.booking_id = $1 and a.kind = 'provider_clearing'`,
        [bookingId],
      );
      expect(ledger).to.deep.equal({ currency, amount: total });
      const admin = await world.login(['admin']);
      const report = await admin.get(`/api/admin/reports/revenue-by-event?currency=${currency}`);
      const row = report.body.rows.find((one: { eventId: string }) => one.eventId === eventId);
      expect(row).to.include({ currency, netMinor: total, organizerMinor: face });
      const line = await exported(admin, eventId);
      expect(line).to.include({ currency, net_minor: total, fees_minor: fee });
      await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'customer_request' });
      await world.catalog.hears(bookingId, 'payment.refunded.v1');
      const [after] = await world.sandbox.bookOf(bookingId);
      expect(after?.refunded).to.equal(total * units);
    });
  }

  it('of three decimals is repaid in steps that can be paid, also in part and of several seats', async () => {
    const seats = [makeSeat('C-1', 1_010), makeSeat('C-2', 1_010)];
    const placed = await place('KWD', 0, { seats });
    const { bookingId } = placed.body.booking;
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const admin = await world.login(['admin']);
    const repay = (wanted: object) =>
      admin.post(`/api/bookings/${bookingId}/refunds`, { reason: 'noise', ...wanted });
    const odd = await repay({ amountMinor: 15 });
    expect([odd.status, odd.body.code]).to.deep.equal([422, 'amount_not_chargeable']);
    expect(odd.body.detail).to.match(/steps of 0\.010 KWD/);
    const even = await repay({ amountMinor: 10 });
    expect(even.body.refund.seats).to.deep.equal([{ seatId: 'C-1', amountMinor: 10 }]);
    await repay({ seatIds: ['C-1'] });
    await repay({ amountMinor: 1_010 });
    await world.catalog.hears(bookingId, 'payment.refunded.v1');
    expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ refunded: 2_020, refunds: 3 });
  });

  it('that can not be charged is refused with the bound, and the hold stays free for more seats', async () => {
    const refused: [string, number, RegExp][] = [
      ['EUR', 49, /0\.49 EUR is below 0\.50 EUR/],
      ['JPY', 49, /49 JPY is below 50 JPY/],
      ['KWD', 5_125, /5\.125 KWD can not be charged: .* steps of 0\.010 KWD/],
      ['EUR', 100_000_000, /1000000\.00 EUR is more/],
    ];
    for (const [currency, priceMinor, detail] of refused) {
      const { status, body } = await place(currency, priceMinor);
      expect([status, body.code]).to.deep.equal([422, 'amount_not_chargeable']);
      expect(body.detail).to.match(detail);
    }
    const holdId = newId();
    expect((await place('EUR', 49, { holdId })).status).to.equal(422);
    expect((await place('EUR', 50, { holdId })).status).to.equal(202);
  });
});
