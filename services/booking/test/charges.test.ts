import { exampleTerms, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

/** Two seats of 48.00: fees of 2.70 each and 2.00 for the order, and 10 % of all of it. */
const TERMS: Terms = {
  ...exampleTerms,
  charges: { ...exampleTerms.charges, tax: { name: 'VAT', basisPoints: 1_000, included: false } },
};
const [FACE, FEES, TAXES] = [9_600, 740, 2 * (480 + 27) + 20];
const TOTAL = FACE + FEES + TAXES;

describe('fees and taxes', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  const offerOf = (parts: Parameters<typeof makeOffer>[1] = {}) =>
    world.signOffer(makeOffer(buyer.userId, { terms: TERMS, ...parts }));
  async function sell(parts: Parameters<typeof makeOffer>[1] = {}) {
    const placed = await buyer.book(await offerOf(parts));
    expect(placed.status, JSON.stringify(placed.body)).to.equal(202);
    return {
      placed: placed.body.booking,
      booking: await buyer.outcome(placed.body.booking.bookingId),
    };
  }
  const balancesOf = async (bookingId: string) =>
    Object.fromEntries(
      (
        await world.rows<{ kind: string; balance: number }>(
          `select a.kind, sum(l.amount_minor)::int as balance from ledger_lines l
           join ledger_accounts a on a.id = l.account_id
           join ledger_journals j on j.id = l.journal_id where j.booking_id = $1 group by 1`,
          [bookingId],
        )
      ).map(({ kind, balance }) => [kind, balance]),
    );

  it('are quoted line by line, as the booking then has and charges them; a quote stores nothing', async () => {
    const offer = await offerOf();
    const counts = () =>
      world.rows('select (select count(*) from bookings), (select count(*) from hold_claims)');
    const before = await counts();
    const { status, body } = await buyer.post('/api/bookings/quote', { offer });
    expect(status).to.equal(200);
    expect(body.quote).to.include({ totalMinor: TOTAL, currency: 'EUR' });
    expect(body.quote.terms).to.deep.equal(TERMS);
    expect(await counts()).to.deep.equal(before);
    const { booking } = (await buyer.book(offer)).body;
    expect(booking.lines).to.deep.equal(body.quote.lines);
    const outcome = await buyer.outcome(booking.bookingId);
    expect(outcome).to.include({ status: 'confirmed', totalMinor: TOTAL });
    expect([outcome.lines, outcome.terms]).to.deep.equal([body.quote.lines, TERMS]);
    const [intent] = await world.sandbox.bookOf(booking.bookingId);
    expect(intent?.captured).to.equal(TOTAL);
  });

  it('go to accounts of their own, and all of it comes back when the booking is cancelled', async () => {
    const { booking } = await sell();
    expect(await balancesOf(booking.bookingId)).to.deep.equal({
      provider_clearing: TOTAL,
      organizer_payable: -FACE,
      fees_income: -FEES,
      taxes_payable: -TAXES,
    });
    const admin = await world.login(['admin']);
    const path = `/api/bookings/${booking.bookingId}/cancel`;
    const cancelled = await admin.post(path, { reason: 'customer_request' });
    expect(cancelled.body.booking).to.include({ status: 'cancelled', refundedMinor: TOTAL });
    await world.catalog.hears(booking.bookingId, 'payment.refunded.v1');
    expect(await balancesOf(booking.bookingId)).to.deep.equal({
      ...{ provider_clearing: 0, organizer_payable: 0, fees_income: 0, taxes_payable: 0 },
      refunds_payable: 0,
    });
    const [intent] = await world.sandbox.bookOf(booking.bookingId);
    expect(intent?.refunded).to.equal(TOTAL);
  });

  it('are told apart in reports, which add up to what was charged', async () => {
    const eventId = newId();
    await sell({ eventId });
    const { booking } = await sell({ eventId, seats: [makeSeat('B-1'), makeSeat('B-2')] });
    const admin = await world.login(['admin']);
    await admin.post(`/api/bookings/${booking.bookingId}/cancel`, { reason: 'customer_request' });
    const report = await admin.get('/api/admin/reports/revenue-by-event');
    expect(report.body.rows.find((row: { eventId: string }) => row.eventId === eventId)).to.include(
      {
        ...{ grossMinor: 2 * TOTAL, refundedMinor: TOTAL, netMinor: TOTAL },
        ...{ organizerMinor: FACE, feesMinor: FEES, taxesMinor: TAXES },
      },
    );
    const [days] = await world.rows<{ wrong: number }>(
      `select count(*)::int as wrong from analytics.sales_daily
       where net_minor <> organizer_minor + fees_minor + taxes_minor`,
    );
    const [sums] = await world.rows(
      `select sum(net_minor)::int as net, sum(bookings)::int as bookings, sum(tickets)::int as tickets,
         sum(refunds)::int as refunds from analytics.sales_daily`,
    );
    const [payments] = await world.rows(
      `select sum(captured_minor - refunded_minor)::int as net, count(*)::int as bookings,
         2 * count(*)::int as tickets, (count(*) filter (where refunded_minor > 0))::int as refunds
       from payments where captured_minor > 0`,
    );
    expect([days?.wrong, sums]).to.deep.equal([0, payments]);
  });

  it('are as they were at the hold; a request has no say in them', async () => {
    const offer = makeOffer(buyer.userId, { terms: TERMS });
    const forged = await world.signOffer({ ...offer, terms: undefined } as never, world.auth);
    expect((await buyer.post('/api/bookings/quote', { offer: forged })).body.code).to.equal(
      'offer_invalid',
    );
    const said = { offer: await world.signOffer(offer), terms: exampleTerms };
    expect((await buyer.post('/api/bookings/quote', said)).status).to.equal(400);
  });

  it('do not make a card needed where every seat is free', async () => {
    const offer = await offerOf({ seats: [makeSeat('F-1', 0)] });
    const placed = await buyer.post('/api/bookings', { offer });
    expect(placed.body.booking).to.include({ totalMinor: 0, paymentStatus: null });
    expect(await buyer.outcome(placed.body.booking.bookingId)).to.include({ status: 'confirmed' });
  });

  it('are told to nobody but the owner of the offer', async () => {
    const stranger = await world.login();
    const theirs = await stranger.post('/api/bookings/quote', { offer: await offerOf() });
    expect([theirs.status, theirs.body.code]).to.deep.equal([403, 'offer_not_owner']);
  });
});
