import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import Stripe from 'stripe';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, WEBHOOK_SECRET, type World } from './world.ts';

describe('money that comes after its booking has failed', () => {
  let world: World;
  let buyer: Client;
  let stripe: Stripe;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
    const { port } = new URL(world.sandbox.url);
    stripe = new Stripe(world.config.PAYMENT_SECRET_KEY, {
      host: '127.0.0.1',
      port,
      protocol: 'http',
    });
  });
  after(() => world?.stop());
  afterEach(() => world.catalog.policies.delete('retakes'));

  /** A booking that a bank has declined, and the provider's id of its payment. */
  async function placeDeclined(
    offers = [makeOffer(buyer.userId)],
  ): Promise<{ bookingId: string; intent: string }> {
    const answer = await buyer.post('/api/bookings', {
      offers: await Promise.all(offers.map((offer) => world.signOffer(offer))),
      paymentMethod: 'pm_usBankAccount_insufficientFunds',
      paymentMethodType: 'us_bank_account',
    });
    return failed(answer.body.booking.bookingId);
  }
  /** The same of a card, of which the money is only reserved at first. */
  async function placeDeclinedCard(): Promise<{ bookingId: string; intent: string }> {
    const offer = await world.signOffer(makeOffer(buyer.userId));
    const answer = await buyer.book(offer, 'pm_card_chargeDeclined');
    return failed(answer.body.booking.bookingId);
  }
  async function failed(bookingId: string): Promise<{ bookingId: string; intent: string }> {
    expect((await buyer.outcome(bookingId)).status).to.equal('failed');
    const [line] = await world.sandbox.bookOf(bookingId);
    return { bookingId, intent: line?.id ?? '' };
  }
  /** The provider's word that an intent has succeeded; true or not. */
  const tell = (intent: string, id?: string) => send('payment_intent.succeeded', intent, id);
  /** Its word that the money of one is reserved. */
  const tellReserved = (intent: string, id?: string) =>
    send('payment_intent.amount_capturable_updated', intent, id);
  async function send(type: string, intent: string, id = `evt_${newId()}`): Promise<void> {
    const payload = JSON.stringify({
      id,
      object: 'event',
      type,
      data: { object: { id: intent, object: 'payment_intent' } },
    });
    const signature = await stripe.webhooks.generateTestHeaderStringAsync({
      payload,
      secret: WEBHOOK_SECRET,
    });
    const response = await fetch(`${world.service.url}/api/webhooks/stripe`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
      body: payload,
    });
    expect(response.status).to.equal(200);
  }
  const noneOpen = (bookingId: string) =>
    waitUntil('no open call', async () => {
      const open = await world.rows(
        `select from provider_calls where booking_id = $1 and status = 'requested'`,
        [bookingId],
      );
      return open.length === 0;
    });

  /** The booking that tries for the seats of another again. */
  const retakeOf = (bookingId: string) =>
    waitUntil('the new booking', async () => {
      const [row] = await world.rows<{ id: string }>('select id from bookings where retakes = $1', [
        bookingId,
      ]);
      return row?.id;
    });
  /** Sums of the journals of a payment, and the kinds of them. */
  const journalsOf = (bookingId: string) =>
    world.rows<{ kind: string; sum: number }>(
      `select j.kind, sum(l.amount_minor)::integer as sum from ledger_journals j
       join ledger_lines l on l.journal_id = j.id join payments p on p.id = j.payment_id
       where p.booking_id = $1 group by 1 order by 1`,
      [bookingId],
    );

  it('buys the seats of several holds after all, as those of one', async () => {
    const eventId = newId();
    const make = (seat: string) => makeOffer(buyer.userId, { eventId, seats: [makeSeat(seat)] });
    const { bookingId, intent } = await placeDeclined([make('A-1'), make('B-1')]);
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    await tell(intent);
    const outcome = await buyer.outcome(await retakeOf(bookingId));
    expect(outcome).to.include({ status: 'confirmed', totalMinor: 9_600 });
    expect(outcome.holdIds).to.deep.equal([outcome.holdId]);
    expect(outcome.seats.map(({ seatId }: { seatId: string }) => seatId)).to.have.members([
      'A-1',
      'B-1',
    ]);
  });

  it('buys its seats after all where they are free, by a new booking that is linked', async () => {
    const { bookingId, intent } = await placeDeclined();
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    const event = `evt_${newId()}`;
    await Promise.all([tell(intent, event), tell(intent, event), tell(intent), tell(intent)]);
    const retakeId = await retakeOf(bookingId);
    const outcome = await buyer.outcome(retakeId);
    expect(outcome).to.include({
      status: 'confirmed',
      retakes: bookingId,
      paymentStatus: 'captured',
      totalMinor: 9_600,
    });
    const failed = (await buyer.get(`/api/bookings/${bookingId}`)).body.booking;
    expect(failed).to.include({ status: 'failed', reason: 'insufficient_funds' });
    expect(failed.paymentStatus).to.equal(null);
    const places = (booking: { seats: { seatId: string; ticketStatus: string }[] }) =>
      booking.seats.map(({ seatId, ticketStatus }) => [seatId, ticketStatus]);
    expect(places(outcome)).to.deep.equal([
      ['A-1', 'live'],
      ['A-2', 'live'],
    ]);
    expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ captures: 1, refunded: 0 });
    expect(await journalsOf(retakeId)).to.deep.equal([{ kind: 'capture', sum: 0 }]);
    const asked = await world.catalog.hears(retakeId, 'booking.authorized.v1');
    expect(asked.data).to.include({ retakes: bookingId });

    await noneOpen(bookingId);
    await tell(intent);
    const again = await world.rows('select from bookings where retakes = $1', [bookingId]);
    expect(again, 'bookings that retake it').to.have.lengthOf(1);
  });

  it('is paid back in full when the seats are gone', async () => {
    const { bookingId, intent } = await placeDeclined();
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    world.catalog.policies.set('retakes', 'refuse');
    await tell(intent);
    const retakeId = await retakeOf(bookingId);
    expect(await buyer.outcome(retakeId)).to.include({ status: 'failed', reason: 'hold_expired' });
    await waitUntil('the refund', async () => {
      const lines = await world.sandbox.bookOf(bookingId);
      return lines[0]?.refunded === 9_600;
    });
    await noneOpen(retakeId);
    expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ captures: 1, refunds: 1 });
    expect(await journalsOf(retakeId)).to.deep.equal([
      { kind: 'cancel', sum: 0 },
      { kind: 'capture', sum: 0 },
      { kind: 'refund', sum: 0 },
    ]);
    const [quota] = await world.rows<{ seats: number }>(
      'select q.seats from buyer_quotas q join bookings b using (user_id, event_id) where b.id = $1',
      [retakeId],
    );
    expect(quota?.seats).to.equal(0);
  });

  it('is not repaid in part while its seats are tried for again, so that all of it can be afterwards', async () => {
    const admin = await world.login(['admin']);
    const { bookingId, intent } = await placeDeclined();
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    world.catalog.policies.set('retakes', 'silent');
    await tell(intent);
    const retakeId = await retakeOf(bookingId);
    const path = `/api/bookings/${retakeId}/refunds`;
    const early = await admin.post(path, { amountMinor: 100, reason: 'view_restricted' });
    expect([early.status, early.body.code]).to.deep.equal([409, 'booking_not_refundable']);
    world.catalog.policies.set('retakes', 'refuse');
    await admin.post(`/api/admin/bookings/${retakeId}/resume`);
    expect((await buyer.outcome(retakeId)).status).to.equal('failed');
    await noneOpen(retakeId);
    expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ refunded: 9_600, refunds: 1 });
  });

  it('is paid back in full, once, when its account has no room for the seats; it stays failed', async () => {
    const { bookingId, intent } = await placeDeclined();
    await world.rows(
      `update buyer_quotas q set seats = max_seats from bookings b
       where b.id = $1 and q.user_id = b.user_id and q.event_id = b.event_id`,
      [bookingId],
    );
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    const event = `evt_${newId()}`;
    await Promise.all([tell(intent, event), tell(intent, event), tell(intent), tell(intent)]);
    const [line] = await waitUntil('the refund', async () => {
      const lines = await world.sandbox.bookOf(bookingId);
      return lines[0]?.refunded === 9_600 && lines;
    });
    expect(line).to.include({ captures: 1, captured: 9_600, refunds: 1 });
    await noneOpen(bookingId);
    await tell(intent);
    await noneOpen(bookingId);

    const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
    expect(booking).to.include({
      status: 'failed',
      reason: 'insufficient_funds',
      paymentStatus: 'refunded',
      refundedMinor: 9_600,
    });
    expect(await journalsOf(bookingId)).to.deep.equal([
      { kind: 'cancel', sum: 0 },
      { kind: 'capture', sum: 0 },
      { kind: 'refund', sum: 0 },
    ]);
    const audit = await world.rows<{ action: string }>(
      `select a.action from audit_entries a join payments p on p.id = a.aggregate_id
       where p.booking_id = $1 order by a.seq`,
      [bookingId],
    );
    expect(audit.map(({ action }) => action).slice(-2)).to.deep.equal([
      'payment.captured',
      'payment.refunded',
    ]);
    expect(
      await world.rows(`select from tickets where booking_id = $1 and status <> 'void'`, [
        bookingId,
      ]),
    ).to.deep.equal([]);
  });

  /** What became of a booking's payment, by its audit trail, and its calls. */
  async function trailOf(bookingId: string) {
    const [entries, calls] = await Promise.all([
      world.rows<{ action: string }>(
        `select a.action from audit_entries a join payments p on p.id = a.aggregate_id
         where p.booking_id = $1 order by a.seq`,
        [bookingId],
      ),
      world.rows<{ kind: string }>(
        `select kind from provider_calls where booking_id = $1 and kind <> 'await'
         order by created_at`,
        [bookingId],
      ),
    ]);
    return {
      actions: entries.map(({ action }) => action),
      calls: calls.map(({ kind }) => kind),
    };
  }
  const paymentIs = (bookingId: string, status: string) =>
    waitUntil(`a payment that is ${status}`, async () => {
      const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
      return booking.paymentStatus === status;
    });

  for (const [how, say] of [
    ['a webhook says so', tellReserved],
    ['it is found by asking', tell],
  ] as const) {
    it(`is voided once, never captured, when it is only reserved and ${how}`, async () => {
      const { bookingId, intent } = await placeDeclinedCard();
      await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
      expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ capturable: 9_600 });
      const event = `evt_${newId()}`;
      await Promise.all([say(intent, event), say(intent, event), say(intent), say(intent)]);
      await paymentIs(bookingId, 'voided');
      await say(intent);
      await noneOpen(bookingId);
      const [line] = await world.sandbox.bookOf(bookingId);
      expect(line).to.include({ status: 'canceled', capturable: 0, captures: 0 });
      expect(await trailOf(bookingId)).to.deep.equal({
        actions: ['payment.requested', 'payment.declined', 'payment.authorized', 'payment.voided'],
        calls: ['authorize', 'void'],
      });
      const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
      expect(booking).to.include({ status: 'failed', reason: 'generic_decline' });
      expect(await world.rows('select from bookings where retakes = $1', [bookingId])).to.be.empty;
    });
  }

  it('is paid back when it was reserved and somebody captured it before the void', async () => {
    const { bookingId, intent } = await placeDeclinedCard();
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    await world.sandbox.fail({ route: 'cancel', kind: 'error_before' });
    await tellReserved(intent);
    await paymentIs(bookingId, 'authorized');
    await stripe.paymentIntents.capture(intent);
    await world.sandbox.forgetFaults();
    await tell(intent);
    await paymentIs(bookingId, 'refunded');
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captures: 1, refunds: 1, refunded: 9_600 });
    expect((await trailOf(bookingId)).calls).to.deep.equal(['authorize', 'void', 'refund']);
  });

  it('does not count the booking that it came to as failed again', async () => {
    const countFailed = async () => {
      const text = await (await fetch(`${world.service.url}/metrics`)).text();
      const lines = text
        .split('\n')
        .filter((line) => /^holdfast_checkouts_total.*failed/.test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    };
    const before = await countFailed();
    const declined = await placeDeclinedCard();
    expect(await countFailed()).to.equal(before + 1);
    await stripe.paymentIntents.confirm(declined.intent, { payment_method: 'pm_card_visa' });
    await tellReserved(declined.intent);
    await paymentIs(declined.bookingId, 'voided');
    expect(await countFailed()).to.equal(before + 1);
  });

  it('is found by a resume where the word of it was lost, and paid for its seats', async () => {
    const admin = await world.login(['admin']);
    const resume = (id: string) => admin.post(`/api/admin/bookings/${id}/resume`);
    const { bookingId, intent } = await placeDeclined();
    expect((await resume(bookingId)).body).to.deep.equal({ done: 'await_asked' });
    await noneOpen(bookingId);
    expect((await buyer.outcome(bookingId)).paymentStatus).to.equal('declined');
    await stripe.paymentIntents.confirm(intent, { payment_method: 'pm_card_visa' });
    expect((await resume(bookingId)).status).to.equal(200);
    const retakeId = await retakeOf(bookingId);
    expect((await buyer.outcome(retakeId)).status).to.equal('confirmed');
    expect((await resume(bookingId)).body.code).to.equal('booking_not_resumable');
    expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ captures: 1, refunded: 0 });
  });

  it('is looked for at the provider, and nothing changes when the word was not true', async () => {
    const { bookingId, intent } = await placeDeclined();
    await tell(intent);
    await noneOpen(bookingId);
    const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
    expect(booking).to.include({ status: 'failed', paymentStatus: 'declined', refundedMinor: 0 });
  });
});
