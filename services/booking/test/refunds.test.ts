import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import Stripe from 'stripe';
import { makeOffer, makeSeat } from './catalog.ts';
import { type Client, createClient } from './client.ts';
import { startWorld, WEBHOOK_SECRET, type World } from './world.ts';

describe('refunds', () => {
  let world: World;
  let buyer: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
    admin = await world.login(['admin']);
  });
  after(() => world?.stop());

  async function sell(card = 'pm_card_visa') {
    const seats = [makeSeat('A-1', 4_800), makeSeat('A-2', 3_100)];
    const offer = await world.signOffer(makeOffer(buyer.userId, { seats }));
    const { bookingId } = (await buyer.book(offer, card)).body.booking;
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    return bookingId as string;
  }
  const refund = (bookingId: string, wanted: object, key?: string) =>
    admin.post(
      `/api/bookings/${bookingId}/refunds`,
      { reason: 'view_restricted', ...wanted },
      key ? { 'idempotency-key': key } : {},
    );
  const refundsOf = async (bookingId: string) =>
    (await buyer.get(`/api/bookings/${bookingId}/refunds`)).body.refunds;
  const settled = (bookingId: string, status = 'succeeded') =>
    waitUntil(`refunds of ${bookingId} to have ${status}`, async () => {
      const found = await refundsOf(bookingId);
      return found.every((one: { status: string }) => one.status === status) && found;
    });
  const balances = (bookingId: string) =>
    world.rows<{ kind: string; balance: number }>(
      `select a.kind, sum(l.amount_minor)::int as balance
       from ledger_journals j join ledger_lines l on l.journal_id = j.id
       join ledger_accounts a on a.id = l.account_id
       where j.booking_id = $1 group by 1 having sum(l.amount_minor) <> 0 order by 1`,
      [bookingId],
    );

  it('repay a part and then the rest, and leave tickets and seats as they are', async () => {
    const bookingId = await sell();
    const part = await refund(bookingId, { amountMinor: 1_000 });
    expect(part.status, JSON.stringify(part.body)).to.equal(202);
    expect(part.body.refund).to.include({
      status: 'requested',
      amountMinor: 1_000,
      currency: 'EUR',
      reason: 'view_restricted',
      askedBy: `user:${admin.userId}`,
    });
    expect(part.body.refund.seats).to.deep.equal([
      { seatId: 'A-1', amountMinor: 608 },
      { seatId: 'A-2', amountMinor: 392 },
    ]);
    await settled(bookingId);
    expect(await balances(bookingId)).to.deep.equal([
      { kind: 'organizer_payable', balance: -6_900 },
      { kind: 'provider_clearing', balance: 6_900 },
    ]);
    const { body } = await buyer.get(`/api/bookings/${bookingId}`);
    expect(body.booking).to.include({
      status: 'confirmed',
      refundedMinor: 1_000,
      paymentStatus: 'captured',
    });
    expect(
      body.booking.seats.map(({ ticketStatus }: { ticketStatus: string }) => ticketStatus),
    ).to.deep.equal(['live', 'live']);
    const seat = await refund(bookingId, { seatIds: ['A-2'] });
    expect(seat.body.refund.seats).to.deep.equal([{ seatId: 'A-2', amountMinor: 2_708 }]);
    const rest = await refund(bookingId, { amountMinor: 4_192 });
    expect(rest.body.refund.seats).to.deep.equal([{ seatId: 'A-1', amountMinor: 4_192 }]);
    await settled(bookingId);
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captured: 7_900, refunded: 7_900, refunds: 3 });
    expect(await balances(bookingId)).to.deep.equal([]);
    const told = (await buyer.get(`/api/bookings/${bookingId}`)).body.booking;
    expect(told).to.include({ status: 'confirmed', paymentStatus: 'refunded' });
    const types = await waitUntil('the messages', () => {
      const found = world.catalog.firstTypesAbout(bookingId);
      return found.includes('payment.refunded.v1') && found;
    });
    expect(types.filter((type) => type.startsWith('refund.'))).to.have.members([
      ...Array(3).fill('refund.requested.v1'),
      ...Array(3).fill('refund.succeeded.v1'),
    ]);
    expect(types).to.not.include('booking.cancelled.v1');
  });

  it('never exceed what is left: two agents who repay the whole at once repay it once', async () => {
    const bookingId = await sell();
    const answers = await Promise.all([
      refund(bookingId, { amountMinor: 7_900 }),
      refund(bookingId, { amountMinor: 7_900 }),
      refund(bookingId, { seatIds: ['A-1', 'A-2'] }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).to.deep.equal([202, 409, 409]);
    expect(
      answers.filter(({ status }) => status === 409).map(({ body }) => body.code),
    ).to.deep.equal(['refund_exceeds_payment', 'refund_exceeds_payment']);
    await settled(bookingId);
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ refunded: 7_900, refunds: 1 });
  });

  it('are made once under a key, and refuse another request under it', async () => {
    const bookingId = await sell();
    const key = newId();
    const first = await refund(bookingId, { amountMinor: 500 }, key);
    const again = await refund(bookingId, { amountMinor: 500 }, key);
    expect([first.status, again.status]).to.deep.equal([202, 202]);
    expect(again.body.refund.refundId).to.equal(first.body.refund.refundId);
    expect(again.headers.get('idempotent-replayed')).to.equal('true');
    const other = await refund(bookingId, { amountMinor: 501 }, key);
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    expect(await settled(bookingId)).to.have.lengthOf(1);
    await world.rows('delete from idempotency_keys where key = $1', [key]);
    const late = await refund(bookingId, { amountMinor: 500 }, key);
    expect([late.status, late.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    expect(await refundsOf(bookingId)).to.have.lengthOf(1);
  });

  it('are refused where no money was taken, for a strange seat, and for more than is left', async () => {
    const { bookingId } = (
      await buyer.book(await world.signOffer(makeOffer(buyer.userId)), 'pm_card_chargeDeclined')
    ).body.booking;
    await buyer.outcome(bookingId);
    const codeOf = async (id: string, wanted: object) => (await refund(id, wanted)).body.code;
    expect(await codeOf(bookingId, { amountMinor: 1 })).to.equal('booking_not_refundable');
    expect(await codeOf(newId(), { amountMinor: 1 })).to.equal('booking_not_found');
    const sold = await sell();
    expect(await codeOf(sold, { seatIds: ['Z-9'] })).to.equal('seat_not_found');
    expect(await codeOf(sold, { amountMinor: 7_901 })).to.equal('refund_exceeds_payment');
    expect(await codeOf(sold, { amountMinor: 1, seatIds: ['A-1'] })).to.equal('invalid_request');
    expect(await refundsOf(sold)).to.deep.equal([]);
  });

  it('that take their time are asked about until they are paid, and made once', async () => {
    const bookingId = await sell('pm_card_pendingRefund');
    await refund(bookingId, { amountMinor: 700 });
    await settled(bookingId);
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ refunded: 700, refunds: 1 });
  });

  it('that come back from a closed card have failed: the books say so, and a retry pays again', async () => {
    const bookingId = await sell('pm_card_refundFail');
    await refund(bookingId, { amountMinor: 7_900 });
    await settled(bookingId);
    await waitUntil('the money to have come back at the provider', async () => {
      const [line] = await world.sandbox.bookOf(bookingId);
      return line?.refunded === 0;
    });
    const [row] = await world.rows<{ id: string; provider_id: string }>(
      'select id, provider_id from refunds where booking_id = $1',
      [bookingId],
    );
    const event = JSON.stringify({
      id: `evt_${newId()}`,
      object: 'event',
      type: 'refund.failed',
      data: { object: { id: row?.provider_id, object: 'refund', metadata: {} } },
    });
    const deliver = async () => {
      const signature = Stripe.webhooks.generateTestHeaderString({
        payload: event,
        secret: WEBHOOK_SECRET,
      });
      return fetch(`${world.service.url}/api/webhooks/stripe`, {
        method: 'POST',
        body: event,
        headers: { 'stripe-signature': signature },
      });
    };
    expect([(await deliver()).status, (await deliver()).status]).to.deep.equal([200, 200]);
    const [failed] = await settled(bookingId, 'failed');
    expect(failed).to.include({ failure: 'expired_or_canceled_card', amountMinor: 7_900 });
    expect(await balances(bookingId)).to.deep.equal([
      { kind: 'provider_clearing', balance: 7_900 },
      { kind: 'refunds_payable', balance: -7_900 },
    ]);
    expect((await buyer.get(`/api/bookings/${bookingId}`)).body.booking.paymentStatus).to.equal(
      'captured',
    );
    const listed = (await admin.get('/api/admin/refunds')).body.refunds;
    expect(listed.map((one: { refundId: string }) => one.refundId)).to.include(row?.id);
    const path = `/api/admin/refunds/${row?.id}/retry`;
    const retried = await Promise.all([admin.post(path), admin.post(path)]);
    expect(retried.map(({ status }) => status)).to.include(202);
    await settled(bookingId);
    expect(await balances(bookingId)).to.deep.equal([]);
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captured: 7_900, refunds: 2 });
    expect((await admin.post(path)).body.code).to.equal('refund_not_failed');
  });

  for (const kind of ['error_after_success', 'error_before', 'error_saved']) {
    it(`never pay twice when the provider answers with ${kind}`, async () => {
      const bookingId = await sell();
      await world.sandbox.fail({ route: 'refund', kind, times: 1 });
      await refund(bookingId, { amountMinor: 900 });
      await settled(bookingId);
      const [line] = await world.sandbox.bookOf(bookingId);
      expect(line).to.include({ refunded: 900, refunds: 1 });
    });
  }

  it('never pay twice when two instances ask, for the lease of the first ran out', async () => {
    const bookingId = await sell();
    await world.sandbox.fail({ route: 'refund', kind: 'late', delayMs: 1_500, times: 1 });
    await refund(bookingId, { amountMinor: 900 });
    await waitUntil('the first to have asked', async () => {
      const rows = await world.rows(
        `update provider_calls set leased_until = now() - interval '1 second'
         where booking_id = $1 and kind = 'refund' and leased_until is not null returning id`,
        [bookingId],
      );
      return rows.length === 1;
    });
    await settled(bookingId);
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ refunded: 900, refunds: 1 });
    const journals = await world.rows(
      `select from ledger_journals where booking_id = $1 and kind = 'refund'`,
      [bookingId],
    );
    expect(journals).to.have.lengthOf(1);
  });

  it('are refused while the money is being captured, and possible once it is', async () => {
    await world.sandbox.fail({ route: 'capture', kind: 'late', delayMs: 1_000, times: 1 });
    const offer = await world.signOffer(makeOffer(buyer.userId));
    const { bookingId } = (await buyer.book(offer)).body.booking;
    await waitUntil('the capture to be asked for', async () => {
      const rows = await world.rows(`select from bookings where id = $1 and status = 'capturing'`, [
        bookingId,
      ]);
      return rows.length === 1;
    });
    const early = await refund(bookingId, { amountMinor: 1 });
    expect(early.body.code).to.equal('booking_not_refundable');
    const cancelled = await admin.post(`/api/bookings/${bookingId}/cancel`, {});
    expect(cancelled.body.code).to.equal('booking_not_cancellable');
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    expect((await refund(bookingId, { amountMinor: 1 })).status).to.equal(202);
  });

  it('require a login, and the role admin to be made, listed or retried', async () => {
    const bookingId = await sell();
    const path = `/api/bookings/${bookingId}/refunds`;
    const nobody = createClient(world.service.url, newId(), '');
    const stranger = await world.login();
    const answers = [
      await nobody.get(path),
      await stranger.get(path),
      await buyer.post(path, { amountMinor: 1, reason: 'x' }),
      await buyer.get('/api/admin/refunds'),
      await buyer.post(`/api/admin/refunds/${newId()}/retry`),
      await nobody.post(path, { amountMinor: 1, reason: 'x' }),
    ];
    expect(answers.map(({ status }) => status)).to.deep.equal([401, 404, 403, 403, 403, 401]);
    expect((await admin.get(path)).body).to.deep.equal({ refunds: [] });
  });
});
