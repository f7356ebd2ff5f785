import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { eventCancelled } from '@holdfast/shared/contracts/events.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { postponeCall } from '../src/stores/provider-calls.ts';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, WEBHOOK_SECRET, type World } from './world.ts';

describe('a payment that settles by itself', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());
  afterEach(() => world.sandbox.forgetFaults());

  async function place(account: string, offer = makeOffer(buyer.userId)) {
    const answer = await buyer.send('POST', '/api/bookings', {
      offer: await world.signOffer(offer),
      paymentMethod: `pm_usBankAccount_${account}`,
      paymentMethodType: 'us_bank_account',
    });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    expect(answer.body.booking.status).to.equal('pending');
    return answer.body.booking.bookingId as string;
  }
  const intentOf = async (bookingId: string) =>
    waitUntil('the intent', async () => (await world.sandbox.bookOf(bookingId))[0]?.id);
  /** Waits until the provider works on it, and answers the provider's id. */
  async function untilProcessing(bookingId: string): Promise<string> {
    await waitUntil('processing', async () => {
      const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
      return booking.paymentStatus === 'processing' && booking.status === 'capturing';
    });
    return intentOf(bookingId);
  }
  const ticketStatuses = async (bookingId: string) =>
    (
      await world.rows<{ status: string }>('select status from tickets where booking_id = $1', [
        bookingId,
      ])
    ).map(({ status }) => status);
  /** Lets the loop of overdue payments find all that the provider works on. */
  async function runOutOfTime(bookingId: string): Promise<void> {
    await world.rows(
      `update payments set changed_at = now() - interval '1 hour' where booking_id = $1`,
      [bookingId],
    );
    await world.loops.overduePayments.drain();
  }

  it('is charged only once the seats are pinned, and confirms when the provider says so', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const bookingId = await place('success', offer);
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    expect(await world.sandbox.bookOf(bookingId)).to.deep.equal([]);
    await world.bus.publish([world.catalog.holdMessage(holdPinned, asked.data as BookingState)]);

    const outcome = await buyer.outcome(bookingId);
    expect(outcome).to.include({ status: 'confirmed', paymentStatus: 'captured' });
    expect(await ticketStatuses(bookingId)).to.deep.equal(['live', 'live']);
    const lines = await world.sandbox.bookOf(bookingId);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ status: 'succeeded', captures: 1, captured: 9_600 });
    const audit = await world.rows<{ action: string }>(
      `select a.action from audit_entries a join payments p on p.id = a.aggregate_id
       where p.booking_id = $1 order by a.seq`,
      [bookingId],
    );
    expect(audit.map(({ action }) => action)).to.deep.equal([
      'payment.requested',
      'payment.processing',
      'payment.captured',
    ]);
  });

  it('fails when the bank says no: tickets void, seats given back, another method may buy', async () => {
    const offer = makeOffer(buyer.userId);
    const bookingId = await place('insufficientFunds', offer);
    const outcome = await buyer.outcome(bookingId);
    expect(outcome).to.include({
      status: 'failed',
      reason: 'insufficient_funds',
      paymentStatus: 'declined',
    });
    expect(await ticketStatuses(bookingId)).to.deep.equal(['void', 'void']);
    await world.catalog.hears(bookingId, 'booking.failed.v1');
    const again = await buyer.book(await world.signOffer(offer), 'pm_card_visa', 'by-card');
    expect((await buyer.outcome(again.body.booking.bookingId)).status).to.equal('confirmed');
  });

  it('never asks the provider when the pin is refused', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'refuse');
    const bookingId = await place('success', offer);
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'failed',
      reason: 'hold_expired',
      paymentStatus: 'voided',
    });
    expect(await world.sandbox.bookOf(bookingId)).to.deep.equal([]);
  });

  it('is paid back when its event was cancelled while the provider worked on it', async () => {
    const offer = makeOffer(buyer.userId);
    const bookingId = await place('processing', offer);
    const intent = await untilProcessing(bookingId);
    await world.catalog.publishEvent(
      eventCancelled,
      { eventId: offer.eventId, status: 'cancelled' },
      1,
    );
    await waitUntil('the cancellation', async () => {
      const rows = await world.rows(
        `select from events where event_id = $1 and status = 'cancelled'`,
        [offer.eventId],
      );
      return rows.length > 0;
    });
    await world.sandbox.settle(intent, true);
    const outcome = await buyer.outcome(bookingId);
    expect(outcome).to.include({ status: 'cancelled', reason: 'event_cancelled' });
    const [line] = await waitUntil('the refund', async () => {
      const lines = await world.sandbox.bookOf(bookingId);
      return lines[0]?.refunded === 9_600 && lines;
    });
    expect(line).to.include({ captures: 1, refunds: 1 });
  });

  it('charges once whatever becomes of the answer to the charge', async () => {
    for (const kind of ['error_before', 'error_after_success', 'error_saved', 'twice']) {
      await world.sandbox.fail({ route: 'create', kind, times: 1 });
      const bookingId = await place('success');
      expect(await buyer.outcome(bookingId), kind).to.include({ status: 'confirmed' });
      const lines = await world.sandbox.bookOf(bookingId);
      expect(lines, kind).to.have.lengthOf(1);
      expect(lines[0], kind).to.include({ captures: 1, captured: 9_600, refunded: 0 });
    }
  }).timeout(30_000);

  describe('that takes too long', () => {
    it('gives the seats back only when the void is certain', async () => {
      const bookingId = await place('processing');
      await untilProcessing(bookingId);
      await world.sandbox.fail({ route: 'cancel', kind: 'error_before' });
      await runOutOfTime(bookingId);
      await waitUntil('a try that failed', async () => {
        const rows = await world.rows(
          `select from provider_calls where booking_id = $1 and kind = 'void' and attempts > 1`,
          [bookingId],
        );
        return rows.length > 0;
      });
      const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
      expect(booking).to.include({ status: 'voiding', reason: 'payment_overdue' });
      expect(await ticketStatuses(bookingId)).to.deep.equal(['reserved', 'reserved']);
      expect(world.catalog.typesAbout(bookingId)).not.to.include('booking.failed.v1');

      await world.sandbox.forgetFaults();
      const outcome = await buyer.outcome(bookingId);
      expect(outcome).to.include({ status: 'failed', reason: 'payment_overdue' });
      expect(await ticketStatuses(bookingId)).to.deep.equal(['void', 'void']);
      expect((await world.sandbox.bookOf(bookingId))[0]).to.include({
        status: 'canceled',
        captures: 0,
      });
      // The question how it ended comes to its end too.
      await waitUntil('no open call', async () => {
        const open = await world.rows(
          `select from provider_calls where booking_id = $1 and status = 'requested'`,
          [bookingId],
        );
        return open.length === 0;
      });
    }).timeout(30_000);

    it('sells after all when the money comes before the void, and charges once', async () => {
      const bookingId = await place('processing');
      const intent = await untilProcessing(bookingId);
      await world.sandbox.fail({ route: 'cancel', kind: 'error_before' });
      await runOutOfTime(bookingId);
      await waitUntil('voiding', async () => {
        const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
        return booking.status === 'voiding';
      });
      await world.sandbox.settle(intent, true);
      await world.sandbox.forgetFaults();
      const outcome = await buyer.outcome(bookingId);
      expect(outcome).to.include({ status: 'confirmed', reason: null, paymentStatus: 'captured' });
      expect(await ticketStatuses(bookingId)).to.deep.equal(['live', 'live']);
      expect((await world.sandbox.bookOf(bookingId))[0]).to.include({
        captures: 1,
        refunded: 0,
      });
    }).timeout(30_000);

    it('is left alone while it is within the limit', async () => {
      const bookingId = await place('processing');
      const intent = await untilProcessing(bookingId);
      expect(await world.loops.overduePayments.runOnce()).to.equal(0);
      await world.sandbox.settle(intent, true);
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    });
  });

  it('is not charged again after a day without an answer, though the provider has forgotten the key', async () => {
    const { providerCalls } = world.loops;
    await providerCalls.stop();
    const bookingId = await place('success');
    const makeCallDue = () =>
      waitUntil('the charge', async () => {
        const rows = await world.rows(
          `update provider_calls
           set created_at = now() - interval '25 hours', next_attempt_at = now()
           where booking_id = $1 and kind = 'charge' and status = 'requested' returning id`,
          [bookingId],
        );
        return rows.length === 1;
      });
    await makeCallDue();
    await world.sandbox.fail({ route: 'create', kind: 'error_after_success', times: 1 });
    await providerCalls.drain();
    expect(await world.sandbox.bookOf(bookingId)).to.have.lengthOf(1);
    await world.sandbox.damage(['delete from idempotency_keys']);
    await makeCallDue();
    providerCalls.start();
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    expect(await world.sandbox.bookOf(bookingId)).to.have.lengthOf(1);
  });

  describe('told of by webhooks', () => {
    before(async () => {
      const url = `${world.service.url}/api/webhooks/stripe`;
      await world.sandbox.kill();
      await world.sandbox.start({ WEBHOOK_URL: url, WEBHOOK_SECRET });
    });

    /** Puts the next look at the payment off for an hour. */
    const putOff = (bookingId: string) =>
      waitUntil('a look that is put off', async () => {
        const rows = await world.rows(
          `update provider_calls set next_attempt_at = now() + interval '1 hour'
           where booking_id = $1 and kind = 'await' and status = 'requested'
             and attempts > 0 and leased_until is null returning id`,
          [bookingId],
        );
        return rows.length > 0;
      });

    it('is looked at as soon as the webhook comes, though it comes twice', async () => {
      const bookingId = await place('processing');
      const intent = await untilProcessing(bookingId);
      await putOff(bookingId);
      await world.sandbox.fail({ route: 'webhook', kind: 'twice' });
      await world.sandbox.settle(intent, true);
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
      expect((await world.sandbox.bookOf(bookingId))[0]).to.include({ captures: 1, refunded: 0 });
    });

    it('does not lose a hint that comes while an older answer is under way', async () => {
      const bookingId = await place('processing');
      const intent = await untilProcessing(bookingId);
      // The look began before the hint, and brings an answer from before it.
      const [look] = await waitUntil('the look, held', async () => {
        const rows = await world.rows<{ id: string; attempts: number }>(
          `update provider_calls set leased_until = now() + interval '30 seconds',
             next_attempt_at = now(), attempts = attempts + 5
           where booking_id = $1 and kind = 'await' and leased_until is null
           returning id, attempts`,
          [bookingId],
        );
        return rows.length > 0 && rows;
      });
      await world.sandbox.settle(intent, true);
      await waitUntil('the hint', async () => {
        const rows = await world.rows(
          `select from provider_calls where id = $1
             and next_attempt_at > leased_until - interval '30 seconds'`,
          [look?.id],
        );
        return rows.length > 0;
      });
      const { db } = await world.service.ready;
      const call = { id: look?.id ?? '', attempts: look?.attempts ?? 0 };
      await postponeCall(db, call, { error: 'an old answer', freshKey: false });
      const due = await world.rows(
        `select from provider_calls where id = $1 and (next_attempt_at <= now() or attempts > $2)`,
        [call.id, call.attempts],
      );
      expect(due, 'due at once').to.have.lengthOf(1);
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    });

    it('confirms when the webhook overtakes the answer to the charge itself', async () => {
      await world.sandbox.fail({ route: 'create', kind: 'late', delayMs: 700, times: 1 });
      const bookingId = await place('success');
      await waitUntil('the webhook of the end', async () => {
        const rows = await world.rows(
          `select from webhook_events where type = 'payment_intent.succeeded'`,
        );
        return rows.length > 0 && (await world.sandbox.bookOf(bookingId))[0]?.captures === 1;
      });
      const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
      expect(booking.status).to.equal('capturing');
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    });

    it('confirms though no webhook ever comes', async () => {
      await world.sandbox.fail({ route: 'webhook', kind: 'never' });
      const bookingId = await place('success');
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    });
  });
});
