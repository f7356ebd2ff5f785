import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import {
  type HoldChange,
  holdChanged,
  holdEndingSoon,
  holdPinned,
  holdPinRefused,
  holdPinUnsettled,
} from '@holdfast/shared/contracts/holds.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('checkout of a booking', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  async function place(offer = makeOffer(buyer.userId), card?: string, key?: string) {
    const answer = await buyer.book(await world.signOffer(offer), card, key);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return { offer, bookingId: answer.body.booking.bookingId as string, answer };
  }
  const ticketStatuses = async (bookingId: string) =>
    (
      await world.rows<{ status: string }>('select status from tickets where booking_id = $1', [
        bookingId,
      ])
    ).map(({ status }) => status);

  it('confirms: money captured once, tickets live, journal written, messages sent in order', async () => {
    const { offer, bookingId, answer } = await place();
    expect(answer.headers.get('location')).to.equal(`/api/bookings/${bookingId}`);
    expect(answer.body.booking).to.include({
      status: 'pending',
      totalMinor: 9_600,
      currency: 'EUR',
    });

    const outcome = await buyer.outcome(bookingId);
    expect(outcome).to.include({ status: 'confirmed', reason: null, paymentStatus: 'captured' });
    expect(outcome.seats.map((seat: { ticketStatus: string }) => seat.ticketStatus)).to.deep.equal([
      'live',
      'live',
    ]);
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ status: 'succeeded', captured: 9_600, captures: 1, refunded: 0 });
    await world.catalog.hears(bookingId, 'booking.confirmed.v1');
    await world.catalog.hears(bookingId, 'payment.captured.v1');
    const types = world.catalog.firstTypesAbout(bookingId);
    expect(types.filter((type) => type.startsWith('booking'))).to.deep.equal([
      'booking.placed.v1',
      'booking.authorized.v1',
      'booking.confirmed.v1',
    ]);
    const confirmed = await world.catalog.hears(bookingId, 'booking.confirmed.v1');
    expect((confirmed.data as BookingState).seats.every(({ ticketId }) => ticketId)).to.equal(true);

    const { tickets } = (await buyer.get(`/api/bookings/${bookingId}/tickets`)).body;
    expect(tickets.map((ticket: { status: string }) => ticket.status)).to.deep.equal([
      'live',
      'live',
    ]);
    const lines = await world.rows(
      `select a.kind, a.event_id, l.amount_minor from ledger_lines l
       join ledger_accounts a on a.id = l.account_id
       join ledger_journals j on j.id = l.journal_id where j.booking_id = $1 order by 3`,
      [bookingId],
    );
    expect(lines).to.deep.equal([
      { kind: 'organizer_payable', event_id: offer.eventId, amount_minor: -9_600 },
      { kind: 'provider_clearing', event_id: null, amount_minor: 9_600 },
    ]);
  });

  for (const [card, code] of [
    ['pm_card_visa_chargeDeclined', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    ['pm_of_no_card', 'resource_missing'],
    ['pm_usBankAccount_success', 'card_refused'],
  ] as const) {
    it(`fails with ${code} on ${card}, charges nothing and asks for no pin`, async () => {
      const { bookingId } = await place(undefined, card);
      const outcome = await buyer.outcome(bookingId);
      expect(outcome).to.include({ status: 'failed', reason: code, paymentStatus: 'declined' });
      await world.catalog.hears(bookingId, 'booking.failed.v1');
      const declined = await world.catalog.hears(bookingId, 'payment.declined.v1');
      expect(declined.data).to.include({ code });
      expect(world.catalog.typesAbout(bookingId)).to.not.include('booking.authorized.v1');
      expect(await ticketStatuses(bookingId)).to.deep.equal([]);
    });
  }

  it('gives hold and quota back after a decline, so that another card under a new key buys', async () => {
    const offer = makeOffer(buyer.userId, { maxPerUser: 2 });
    const first = await place(offer, 'pm_card_visa_chargeDeclined');
    expect(await buyer.outcome(first.bookingId)).to.include({ status: 'failed' });
    const second = await place(offer, 'pm_card_visa', newId());
    expect(second.bookingId).to.not.equal(first.bookingId);
    expect(await buyer.outcome(second.bookingId)).to.include({ status: 'confirmed' });
  });

  for (const route of ['create', 'capture'] as const) {
    for (const kind of ['error_after_success', 'error_before', 'error_saved'] as const) {
      it(`charges once when the provider answers ${route} with ${kind}`, async () => {
        await world.sandbox.fail({ route, kind, times: 1 });
        const { bookingId } = await place();
        expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
        const lines = await world.sandbox.bookOf(bookingId);
        expect(lines).to.have.lengthOf(1);
        expect(lines[0]).to.include({ captures: 1, captured: 9_600 });
      });
    }
  }

  it('voids when the pin is refused, and says failed only after the void', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'refuse');
    await world.sandbox.fail({ route: 'cancel', kind: 'error_after_success', times: 1 });
    const { bookingId } = await place(offer);
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'failed',
      reason: 'hold_expired',
      paymentStatus: 'voided',
    });
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ status: 'canceled', captured: 0, capturable: 0 });
    await world.catalog.hears(bookingId, 'booking.failed.v1');
    await world.catalog.hears(bookingId, 'payment.voided.v1');
    expect(await ticketStatuses(bookingId)).to.deep.equal([]);
  });

  it('voids when a seat has a ticket of another booking, and keeps none of its other seats', async () => {
    const eventId = newId();
    const first = await place(makeOffer(buyer.userId, { eventId, seats: [makeSeat('B-2')] }));
    expect(await buyer.outcome(first.bookingId)).to.include({ status: 'confirmed' });
    const second = await place(
      makeOffer(buyer.userId, { eventId, seats: [makeSeat('B-1'), makeSeat('B-2')] }),
    );
    expect(await buyer.outcome(second.bookingId)).to.include({
      status: 'failed',
      reason: 'seat_conflict',
    });
    const [line] = await world.sandbox.bookOf(second.bookingId);
    expect(line).to.include({ status: 'canceled', captured: 0 });
    expect(await ticketStatuses(second.bookingId)).to.deep.equal([]);
    expect(await ticketStatuses(first.bookingId)).to.deep.equal(['live']);
  });

  it('has one effect of the same pin twice, late and out of order', async () => {
    const { bookingId } = await place();
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    const booking = asked.data as BookingState;
    const { catalog } = world;
    await world.bus.publish([
      catalog.holdMessage(holdPinned, booking),
      catalog.holdMessage(holdPinned, booking, { id: newId() }),
      catalog.holdMessage(holdPinRefused, booking, { id: newId(), reason: 'hold_expired' }),
      catalog.holdMessage(holdPinUnsettled, booking),
    ]);
    // The repeated outcome is the answer to the last of these four, so all were taken by then.
    await waitUntil(
      'the outcome to be repeated',
      () =>
        catalog.typesAbout(bookingId).filter((type) => type === 'booking.confirmed.v1').length > 1,
    );
    const repeats = catalog.about(bookingId).filter(({ type }) => type === 'booking.confirmed.v1');
    expect(new Set(repeats.map(({ id }) => id)).size).to.equal(1);
    expect(repeats[0]?.data).to.deep.equal(repeats[1]?.data);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captures: 1, captured: 9_600 });
    const metrics = await (await fetch(`${world.service.url}/metrics`)).text();
    expect(metrics).to.match(/holdfast_messages_ignored_total\{[^}]*reason="repeated"/);
    expect(metrics).to.match(/reason="pin_refused_when_confirmed"/);
  });

  it('asks again for a pin that is not answered, under the same message id', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const { bookingId } = await place(offer);
    await world.catalog.hears(bookingId, 'booking.authorized.v1');
    await world.loops.unansweredPins.drain();
    expect(world.catalog.typesAbout(bookingId).filter(isAuthorized)).to.have.lengthOf(1);
    await world.rows(`update bookings set asked_at = now() - interval '301 s' where id = $1`, [
      bookingId,
    ]);
    world.catalog.policies.set(offer.holdId, 'pin');
    await world.loops.unansweredPins.drain();
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    const asked = world.catalog.about(bookingId).filter(({ type }) => isAuthorized(type));
    expect(asked.map(({ id }) => id)).to.deep.equal([asked[0]?.id, asked[0]?.id]);
  });

  it('ignores a pin that is not the one of the booking', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const { bookingId } = await place(offer);
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    const booking = asked.data as BookingState;
    await world.bus.publish([
      world.catalog.holdMessage(holdPinned, { ...booking, pinId: newId() }),
      world.catalog.holdMessage(holdPinRefused, booking, { reason: 'hold_released' }),
    ]);
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'failed',
      reason: 'hold_released',
    });
  });

  it('ignores what else happens to its hold, added seats and reminders, and goes on by its pin', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const { bookingId } = await place(offer);
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    const booking = asked.data as BookingState;
    const pinned = world.catalog.holdMessage(holdPinned, booking);
    const aside = [holdChanged, holdEndingSoon].map((contract) => {
      const message = world.catalog.holdMessage(contract, booking);
      const { pinId: _pinId, bookingId: _bookingId, ...data } = message.data as HoldChange;
      return { ...message, data };
    });
    await world.bus.publish([...aside, pinned]);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    const metrics = await (await fetch(`${world.service.url}/metrics`)).text();
    for (const { type } of aside) {
      expect(metrics).to.include(`type="${type}",reason="no_booking"`);
    }
  });

  it('cancels once: full refund, tickets void, quota back; a repeat changes nothing', async () => {
    const { offer, bookingId } = await place(makeOffer(buyer.userId, { maxPerUser: 2 }));
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    const admin = await world.login(['user', 'admin']);
    const path = `/api/bookings/${bookingId}/cancel`;
    const byBuyer = await buyer.post(path, { reason: 'no time' });
    expect(byBuyer.body.code).to.equal('cancellation_not_allowed');
    const answers = await Promise.all([
      admin.post(path, { reason: 'customer_request' }),
      admin.post(path, { reason: 'customer_request' }),
    ]);
    for (const answer of answers) {
      expect(answer.status).to.equal(200);
      expect(answer.body.booking).to.include({ status: 'cancelled', reason: 'customer_request' });
    }
    await world.catalog.hears(bookingId, 'payment.refunded.v1');
    expect((await admin.post(path, { reason: 'again' })).body.booking).to.include({
      status: 'cancelled',
      reason: 'customer_request',
      paymentStatus: 'refunded',
    });
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captured: 9_600, refunded: 9_600, refunds: 1 });
    expect(await ticketStatuses(bookingId)).to.deep.equal(['void', 'void']);
    expect(
      world.catalog.firstTypesAbout(bookingId).filter((type) => type === 'booking.cancelled.v1'),
    ).to.have.lengthOf(1);
    const balances = await world.rows(
      `select sum(l.amount_minor)::int as balance from ledger_lines l
       join ledger_journals j on j.id = l.journal_id where j.booking_id = $1 group by l.account_id`,
      [bookingId],
    );
    expect(balances).to.deep.equal([{ balance: 0 }, { balance: 0 }, { balance: 0 }]);

    const again = await place(makeOffer(buyer.userId, { ...offer, holdId: newId() }));
    expect(await buyer.outcome(again.bookingId)).to.include({ status: 'confirmed' });
  });

  it('refuses to cancel a failed booking', async () => {
    const { bookingId } = await place(undefined, 'pm_card_visa_chargeDeclined');
    await buyer.outcome(bookingId);
    const admin = await world.login(['admin']);
    const answer = await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'x' });
    expect(answer).to.deep.include({ status: 409 });
    expect(answer.body.code).to.equal('booking_not_cancellable');
    expect(
      (await admin.post(`/api/bookings/${newId()}/cancel`, { reason: 'x' })).body.code,
    ).to.equal('booking_not_found');
  });
});

function isAuthorized(type: string): boolean {
  return type === 'booking.authorized.v1';
}
