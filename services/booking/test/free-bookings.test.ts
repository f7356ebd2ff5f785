import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('a booking that costs nothing', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  const freeOffer = () =>
    makeOffer(buyer.userId, { seats: [makeSeat('F-1', 0), makeSeat('F-2', 0)] });
  const place = async (offer = freeOffer()) => {
    const answer = await buyer.post('/api/bookings', { offer: await world.signOffer(offer) });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.booking as { bookingId: string; status: string; paymentStatus: null };
  };
  const money = (bookingId: string) =>
    world.rows(
      `select id from payments where booking_id = $1
       union all select id from provider_calls where booking_id = $1
       union all select id from ledger_journals where booking_id = $1`,
      [bookingId],
    );

  it('needs no card, is pinned and confirmed, and asks the provider for nothing', async () => {
    const placed = await place();
    expect(placed).to.include({ status: 'pending', paymentStatus: null, totalMinor: 0 });
    const outcome = await buyer.outcome(placed.bookingId);
    expect(outcome).to.include({ status: 'confirmed', reason: null, paymentStatus: null });
    expect(outcome.seats.map((seat: { ticketStatus: string }) => seat.ticketStatus)).to.deep.equal([
      'live',
      'live',
    ]);
    await world.catalog.hears(placed.bookingId, 'booking.confirmed.v1');
    expect(world.catalog.firstTypesAbout(placed.bookingId)).to.deep.equal([
      'booking.placed.v1',
      'booking.authorized.v1',
      'booking.confirmed.v1',
    ]);
    expect(await money(placed.bookingId)).to.deep.equal([]);
    expect(await world.sandbox.bookOf(placed.bookingId)).to.deep.equal([]);
    const entries = await world.rows<{ action: string }>(
      'select action from audit_entries where aggregate_id = $1 order by seq',
      [placed.bookingId],
    );
    expect(entries.map(({ action }) => action)).to.deep.equal([
      'booking.placed',
      'booking.authorized',
      'booking.confirmed',
    ]);
  });

  it('gives the same answer to a repeat, and has its effect once', async () => {
    const offer = freeOffer();
    const [first, again] = [await place(offer), await place(offer)];
    expect(again).to.deep.equal(first);
    await buyer.outcome(first.bookingId);
    expect(await place(offer)).to.deep.equal(first);
  });

  it('fails when its pin is refused; hold and quota are free again', async () => {
    const offer = freeOffer();
    world.catalog.policies.set(offer.holdId, 'refuse');
    const { bookingId } = await place(offer);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'failed', reason: 'hold_expired' });
    expect(await world.rows('select from hold_claims where booking_id = $1', [bookingId])).to.be
      .empty;
    const [quota] = await world.rows<{ seats: number }>(
      'select seats from buyer_quotas where event_id = $1',
      [offer.eventId],
    );
    expect(quota?.seats).to.equal(0);
  });

  it('is cancelled without a refund: its tickets end, its seats go back', async () => {
    const { bookingId } = await place();
    await buyer.outcome(bookingId);
    const admin = await world.login(['admin']);
    const answer = await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'asked for' });
    expect(answer.status).to.equal(200);
    expect(answer.body.booking).to.include({ status: 'cancelled', refundedMinor: 0 });
    await world.catalog.hears(bookingId, 'booking.cancelled.v1');
    expect(await money(bookingId)).to.deep.equal([]);
  });
});
