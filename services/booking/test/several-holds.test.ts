import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { bookingAuthorized } from '@holdfast/shared/contracts/bookings.ts';
import { eventCancelled } from '@holdfast/shared/contracts/events.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('a booking of several holds', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  /** Offers of two holds of one event, in the order of their ids. */
  function twoOffers(parts: Partial<Offer> = {}): [Offer, Offer] {
    const eventId = newId();
    const make = (seat: string) =>
      makeOffer(buyer.userId, { eventId, seats: [makeSeat(seat)], ...parts });
    const [a, b] = [make('A-1'), make('B-1')];
    return a.holdId < b.holdId ? [a, b] : [b, a];
  }
  const book = async (...offers: Offer[]) =>
    buyer.post('/api/bookings', {
      offers: await Promise.all(offers.map((offer) => world.signOffer(offer))),
      paymentMethod: 'pm_card_visa',
    });
  async function placed(...offers: Offer[]): Promise<string> {
    const { status, body } = await book(...offers);
    expect(status, JSON.stringify(body)).to.equal(202);
    return body.booking.bookingId;
  }
  const claims = (bookingId: string) =>
    world.rows('select hold_id from hold_claims where booking_id = $1', [bookingId]);
  const seatsOwned = async (eventId: string) =>
    (
      await world.rows<{ seats: number }>('select seats from buyer_quotas where event_id = $1', [
        eventId,
      ])
    )[0]?.seats;

  it('is pinned hold by hold, charged once for all its seats, and sold or not at all', async () => {
    const [a, b] = twoOffers();
    const bookingId = await placed(b, a);
    const outcome = await buyer.outcome(bookingId);
    expect(outcome).to.deep.include({
      status: 'confirmed',
      totalMinor: 9_600,
      holdId: a.holdId,
      holdIds: [a.holdId, b.holdId],
    });
    expect(outcome.seats.map((seat: { ticketStatus: string }) => seat.ticketStatus)).to.deep.equal([
      'live',
      'live',
    ]);
    const told = (await world.catalog.hears(bookingId, 'booking.confirmed.v1'))
      .data as BookingState;
    expect(told.holds?.map((hold) => [hold.holdId, hold.seatIds])).to.deep.equal([
      [a.holdId, [a.seats[0]?.seatId]],
      [b.holdId, [b.seats[0]?.seatId]],
    ]);
    expect(new Set(told.holds?.map(({ pinId }) => pinId)).size).to.equal(2);
    const intents = await world.sandbox.bookOf(bookingId);
    expect(intents.map(({ captured }) => captured)).to.deep.equal([9_600]);
    expect(await seatsOwned(a.eventId)).to.equal(2);
  });

  it('takes no money while one of its holds is not pinned, however often the other is', async () => {
    const [a, b] = twoOffers();
    world.catalog.policies.set(b.holdId, 'silent');
    const bookingId = await placed(a, b);
    const authorized = await world.catalog.hears(bookingId, bookingAuthorized.type);
    const about = (one: Offer): BookingState => {
      const state = authorized.data as BookingState;
      const hold = state.holds?.find(({ holdId }) => holdId === one.holdId);
      if (hold === undefined) throw new Error('the booking does not name the hold');
      return { ...state, ...hold };
    };
    // The same pin again and again, under other messages: what counts are the holds.
    const repeats = [newId(), newId()];
    await world.bus.publish(
      repeats.map((id) => world.catalog.holdMessage(holdPinned, about(a), { id })),
    );
    await waitUntil('the repeats to be read', async () => {
      const read = 'select from inbox where message_id = any($1)';
      return (await world.rows(read, [repeats])).length === 2;
    });
    const pins = () =>
      world.rows('select hold_id from pinned_holds where booking_id = $1', [bookingId]);
    expect(await pins()).to.deep.equal([{ hold_id: a.holdId }]);
    expect((await buyer.get(`/api/bookings/${bookingId}`)).body.booking.status).to.equal(
      'authorized',
    );
    expect(await world.rows('select from tickets where booking_id = $1', [bookingId])).to.be.empty;
    await world.bus.publish([world.catalog.holdMessage(holdPinned, about(b))]);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed' });
  });

  it('is undone whole when one of its pins is refused; all holds and the limit are free again', async () => {
    const [a, b] = twoOffers();
    world.catalog.policies.set(b.holdId, 'refuse');
    const bookingId = await placed(a, b);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'failed', reason: 'hold_expired' });
    const told = (await world.catalog.hears(bookingId, 'booking.failed.v1')).data as BookingState;
    expect(told.holds?.map(({ holdId }) => holdId)).to.deep.equal([a.holdId, b.holdId]);
    const [intent] = await world.sandbox.bookOf(bookingId);
    expect([intent?.status, intent?.captured]).to.deep.equal(['canceled', 0]);
    expect([await claims(bookingId), await seatsOwned(a.eventId)]).to.deep.equal([[], 0]);
  });

  it('claims all its holds or none: one that is booked refuses it, and leaves the other free', async () => {
    const [a, b] = twoOffers();
    const first = await placed(b);
    const refused = await book(a, b);
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'hold_already_booked']);
    expect((await buyer.outcome(first)).status).to.equal('confirmed');
    expect((await buyer.outcome(await placed(a))).status).to.equal('confirmed');
    expect(await seatsOwned(a.eventId)).to.equal(2);
  });

  it('lets one of the bookings of crossing holds win, and keeps no claim of the others', async () => {
    const [a, b] = twoOffers();
    const c = makeOffer(buyer.userId, { eventId: a.eventId, seats: [makeSeat('C-1')] });
    const answers = await Promise.all([book(a, b), book(c, b), book(b, a), book(a, c)]);
    const won = answers.filter(({ status }) => status === 202);
    for (const { status, body } of answers) {
      if (status === 202) continue;
      expect(body.code).to.be.oneOf(['hold_already_booked', 'request_in_flight']);
    }
    const ids = new Set(won.map(({ body }) => body.booking.bookingId));
    expect(ids.size).to.equal(1);
    for (const id of ids) expect((await claims(id)).length).to.equal(2);
  });

  it('is the same for a repeat, in any order; keeps the limit over all holds together', async () => {
    const [a, b] = twoOffers();
    const bookingId = await placed(a, b);
    expect(await placed(b, a)).to.equal(bookingId);
    const over = await book(...twoOffers({ maxPerUser: 1 }));
    expect([over.status, over.body.code]).to.deep.equal([409, 'quota_exceeded']);
  });

  it('cancelled in part keeps the seats and the money of the others, whichever hold they are of', async () => {
    const [a, b] = twoOffers({ terms: exampleTerms });
    const bookingId = await placed(a, b);
    expect(await buyer.outcome(bookingId)).to.include({ status: 'confirmed', totalMinor: 10_340 });
    const ofB = b.seats[0]?.seatId;
    const cancelled = await buyer.post(`/api/bookings/${bookingId}/cancel`, { seatIds: [ofB] });
    expect(cancelled.body.booking).to.include({ status: 'confirmed', refundedMinor: 5_070 });
    const told = await world.catalog.hears(bookingId, 'booking.seats_cancelled.v1');
    const { seats, holds } = told.data as BookingState;
    expect(seats.map(({ seatId }) => seatId)).to.deep.equal([ofB]);
    expect(holds?.map(({ holdId }) => holdId)).to.deep.equal([a.holdId, b.holdId]);
    expect(await seatsOwned(a.eventId)).to.equal(1);
    // Both holds were sold: none of them can be booked once more.
    expect((await claims(bookingId)).length).to.equal(2);

    await buyer.post(`/api/bookings/${bookingId}/cancel`);
    expect((await buyer.get(`/api/bookings/${bookingId}`)).body.booking).to.include({
      ...{ status: 'cancelled', refundedMinor: 10_340 },
    });
    const whole = (await world.catalog.hears(bookingId, 'booking.cancelled.v1')).data;
    expect((whole as BookingState).seats.length).to.equal(2);
    expect(await seatsOwned(a.eventId)).to.equal(0);
  });

  it('is cancelled whole with its event, and repaid what is left of it', async () => {
    const [a, b] = twoOffers({ terms: exampleTerms });
    const bookingId = await placed(a, b);
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const ofA = a.seats[0]?.seatId;
    await buyer.post(`/api/bookings/${bookingId}/cancel`, { seatIds: [ofA] });
    const { eventId } = a;
    await world.catalog.publishEvent(eventCancelled, { eventId, status: 'cancelled' }, 2);
    const told = (await world.catalog.hears(bookingId, 'booking.cancelled.v1'))
      .data as BookingState;
    expect(told.holds?.map(({ seatIds }) => seatIds.length)).to.deep.equal([1, 1]);
    expect(told.seats.length).to.equal(2);
    await waitUntil('all of it to be with the buyer', async () => {
      const [intent] = await world.sandbox.bookOf(bookingId);
      return intent?.refunded === 10_340;
    });
    expect(await seatsOwned(eventId)).to.equal(0);
  });

  it('is quoted as it is charged; offers of different events do not go together', async () => {
    const [a, b] = twoOffers();
    const offers = [await world.signOffer(a), await world.signOffer(b)];
    const { body } = await buyer.post('/api/bookings/quote', { offers });
    expect(body.quote).to.include({ totalMinor: 9_600 });
    const other = await world.signOffer(makeOffer(buyer.userId));
    const apart = await buyer.post('/api/bookings/quote', { offers: [offers[0], other] });
    expect([apart.status, apart.body.code]).to.deep.equal([422, 'offers_differ']);
    const both = await buyer.post('/api/bookings/quote', { offer: offers[0], offers });
    expect(both.status).to.equal(400);
  });
});
