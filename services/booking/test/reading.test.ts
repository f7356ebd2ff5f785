import { expect } from 'chai';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('reading bookings', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  it('shows a booking to its owner and to admins, to nobody else', async () => {
    const { bookingId } = (await buyer.book(await world.signOffer(makeOffer(buyer.userId)))).body
      .booking;
    const path = `/api/bookings/${bookingId}`;
    const admin = await world.login(['admin']);
    const stranger = await world.login();
    expect((await buyer.get(path)).status).to.equal(200);
    expect((await admin.get(path)).status).to.equal(200);
    for (const hidden of [path, `${path}/tickets`, `${path}?wait=5`]) {
      const answer = await stranger.get(hidden);
      expect([answer.status, answer.body.code]).to.deep.equal([404, 'booking_not_found']);
    }
  });

  it('lists an account’s bookings newest first, by page and by status', async () => {
    const client = await world.login();
    const ids: string[] = [];
    for (const card of ['pm_card_visa', 'pm_card_visa_chargeDeclined', 'pm_card_visa']) {
      const placed = await client.book(await world.signOffer(makeOffer(client.userId)), card);
      ids.unshift(placed.body.booking.bookingId);
      await client.outcome(placed.body.booking.bookingId);
    }
    const first = (await client.get('/api/bookings?limit=2')).body;
    expect(idsOf(first)).to.deep.equal(ids.slice(0, 2));
    const rest = (await client.get(`/api/bookings?limit=2&cursor=${first.next}`)).body;
    expect(idsOf(rest)).to.deep.equal(ids.slice(2));
    expect(rest.next).to.equal(null);
    expect(idsOf((await client.get('/api/bookings?status=failed')).body)).to.deep.equal([ids[1]]);
  });

  it('lists those of an event, and those that are to come or over, page by page too', async () => {
    const client = await world.login();
    const place = async (parts: Parameters<typeof makeOffer>[1]) => {
      const offer = await world.signOffer(makeOffer(client.userId, parts));
      return (await client.book(offer)).body.booking as { bookingId: string; eventId: string };
    };
    const over = await place({ startsAt: '2020-01-01T19:00:00.000Z' });
    const { eventId } = over;
    const again = await place({
      eventId,
      seats: [makeSeat('B-1')],
      startsAt: '2020-01-01T19:00:00.000Z',
    });
    const soon = await place({ startsAt: '2999-01-01T19:00:00.000Z' });
    const list = async (query: string) => (await client.get(`/api/bookings?${query}`)).body;
    expect(idsOf(await list('when=upcoming'))).to.deep.equal([soon.bookingId]);
    expect(idsOf(await list(`eventId=${eventId}`))).to.deep.equal(
      [again, over].map((one) => one.bookingId),
    );
    expect(idsOf(await list(`eventId=${eventId}&when=upcoming`))).to.deep.equal([]);
    const first = await list('when=past&limit=1');
    const rest = await list(`when=past&limit=1&cursor=${first.next}`);
    expect([idsOf(first), idsOf(rest), rest.next]).to.deep.equal([
      [again.bookingId],
      [over.bookingId],
      null,
    ]);
    expect((await client.get('/api/bookings?when=soon')).status).to.equal(400);
  });

  it('shows the kind of each ticket where its offer says one, and none where it says none', async () => {
    const child = { ...makeSeat('B-1', 2_400), ticketType: { id: 'child', name: 'Child' } };
    const offer = makeOffer(buyer.userId, { seats: [child, makeSeat('B-2')] });
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    await buyer.outcome(bookingId);
    const { booking } = (await buyer.get(`/api/bookings/${bookingId}`)).body;
    const { tickets } = (await buyer.get(`/api/bookings/${bookingId}/tickets`)).body;
    for (const list of [booking.seats, tickets]) {
      expect(list[0]).to.deep.include({ seatId: 'B-1', ticketType: child.ticketType });
      expect(list[1]).to.not.have.property('ticketType');
    }
  });

  it('shows the same booking, with its payment, by an id in capitals', async () => {
    const { bookingId } = (await buyer.book(await world.signOffer(makeOffer(buyer.userId)))).body
      .booking;
    const settled = await buyer.outcome(bookingId);
    const answer = await buyer.get(`/api/bookings/${bookingId.toUpperCase()}?wait=5`);
    expect(answer.body.booking).to.deep.include({ status: 'confirmed', paymentStatus: 'captured' });
    expect(settled.status).to.equal('confirmed');
  });

  it('waits no longer than asked for an outcome, and shows the booking as it stands then', async () => {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    await world.catalog.hears(bookingId, 'booking.authorized.v1');
    const started = performance.now();
    const answer = await buyer.get(`/api/bookings/${bookingId}?wait=0.3`);
    expect(answer.body.booking.status).to.equal('authorized');
    expect(performance.now() - started).to.be.within(250, 3_000);
  });
});

function idsOf(page: { bookings: { bookingId: string }[] }): string[] {
  return page.bookings.map(({ bookingId }) => bookingId);
}
