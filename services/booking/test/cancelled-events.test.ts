import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { eventCancelled, eventCreated, eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('checkout for an event that is cancelled', () => {
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

  it('voids when the event was cancelled before the pin came', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const { bookingId } = await place(offer);
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    await cancelEvent(offer.eventId);
    await world.bus.publish([world.catalog.holdMessage(holdPinned, asked.data as BookingState)]);
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'failed',
      reason: 'event_cancelled',
    });
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ status: 'canceled', captured: 0 });
  });

  it('refunds instead of confirming when the event was cancelled while money was captured', async () => {
    const offer = makeOffer(buyer.userId);
    await world.sandbox.fail({ route: 'capture', kind: 'late', delayMs: 1_500, times: 1 });
    const { bookingId } = await place(offer);
    await waitUntil('the capture to be asked for', async () => {
      const [row] = await world.rows<{ status: string }>(
        'select status from bookings where id = $1',
        [bookingId],
      );
      return row?.status === 'capturing';
    });
    await cancelEvent(offer.eventId);
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'cancelled',
      reason: 'event_cancelled',
    });
    await world.catalog.hears(bookingId, 'payment.refunded.v1');
    expect(world.catalog.typesAbout(bookingId)).to.not.include('booking.confirmed.v1');
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captured: 9_600, refunded: 9_600, captures: 1, refunds: 1 });
    expect(await ticketStatuses(bookingId)).to.deep.equal(['void', 'void']);
  });

  it('voids when the event was cancelled while the money was being reserved', async () => {
    await world.sandbox.fail({ route: 'create', kind: 'late', delayMs: 1_500, times: 1 });
    const { offer, bookingId } = await place();
    expect(await statusOf(bookingId)).to.equal('pending');
    await cancelEvent(offer.eventId);
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'failed',
      reason: 'event_cancelled',
    });
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ status: 'canceled', captured: 0 });
    expect(await ticketStatuses(bookingId)).to.deep.equal([]);
    expect(await reportedOf(offer.eventId)).to.deep.equal([bookingId]);
  });

  it('leaves a checkout alone that is being undone for another reason', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'refuse');
    await world.sandbox.fail({ route: 'cancel', kind: 'late', delayMs: 1_500, times: 1 });
    const { bookingId } = await place(offer);
    await waitUntil('the void to be asked for', async () => {
      return (await statusOf(bookingId)) === 'voiding';
    });
    await cancelEvent(offer.eventId);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'failed', reason: 'hold_expired' });
    expect(await reportedOf(offer.eventId)).to.deep.equal([]);
  });

  it('cancels and refunds what was sold of an event before it was cancelled', async () => {
    const { offer, bookingId } = await place();
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
    await cancelEvent(offer.eventId);
    await world.catalog.hears(bookingId, 'payment.refunded.v1');
    expect(await buyer.outcome(bookingId)).to.include({
      status: 'cancelled',
      reason: 'event_cancelled',
      refundedMinor: 9_600,
    });
  });

  it('keeps the status of an event whatever it is, and sells on unless it is cancelled', async () => {
    const { offer, bookingId } = await place();
    const { eventId } = offer;
    await world.catalog.publishEvent(eventCreated, { eventId }, 1);
    const unheardOf = { eventId, status: 'moved_indoors' as 'published' };
    await world.catalog.publishEvent(eventUpdated, unheardOf, 2);
    await waitUntil('the status to be projected', async () => {
      const rows = await world.rows(
        `select from events where event_id = $1 and status = 'moved_indoors'`,
        [eventId],
      );
      return rows.length === 1;
    });
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
  });

  const statusOf = async (bookingId: string) =>
    (
      await world.rows<{ status: string }>('select status from bookings where id = $1', [bookingId])
    )[0]?.status;

  /** The bookings that the sweep of the event has dealt with, once it is done. */
  async function reportedOf(eventId: string): Promise<string[]> {
    await waitUntil('the sweep to end', async () => {
      const done = await world.rows(
        `select from event_sweeps where event_id = $1 and state = 'done'`,
        [eventId],
      );
      return done.length === 1;
    });
    const rows = await world.rows<{ booking_id: string }>(
      `select o.booking_id from event_sweep_outcomes o join event_sweeps s on s.id = o.sweep_id
       where s.event_id = $1`,
      [eventId],
    );
    return rows.map(({ booking_id }) => booking_id);
  }

  async function cancelEvent(eventId: string): Promise<void> {
    await world.catalog.publishEvent(eventCreated, { eventId }, 1);
    await world.catalog.publishEvent(eventCancelled, { eventId, status: 'cancelled' }, 2);
    await waitUntil('the cancellation to be projected', async () => {
      const rows = await world.rows(
        `select from events where event_id = $1 and status = 'cancelled'`,
        [eventId],
      );
      return rows.length === 1;
    });
  }
});
