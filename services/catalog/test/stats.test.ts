import {
  bookingAuthorized,
  bookingCancelled,
  bookingConfirmed,
} from '@holdfast/shared/contracts/bookings.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { bookingOf, startWorld, type World } from './world.ts';

describe('statistics of an event', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const stats = (eventId: string, as = world.organizer) =>
    world.call('GET', `/api/events/${eventId}/stats`, { as });

  it('count seats, orders and revenue as they are, and a returned order no more', async () => {
    const eventId = await world.event(10);
    const other = await world.event(2);
    const [first, second, third] = await Promise.all([1, 2, 3].map(() => world.user()));
    if (!first || !second || !third) throw new Error('no buyers');
    const sold = [];
    for (const [buyer, seatIds] of [
      [first, ['GENERAL-1', 'GENERAL-2']],
      [second, ['GENERAL-3']],
    ] as const) {
      const { body } = await world.take(buyer, eventId, [...seatIds]);
      const booking = bookingOf(await world.hold(body.hold.holdId));
      await world.send(bookingAuthorized, booking);
      await world.send(bookingConfirmed, booking);
      sold.push(booking);
    }
    await world.take(third, eventId, ['GENERAL-4', 'GENERAL-5', 'GENERAL-6']);
    const { status, body } = await stats(eventId);
    expect(status).to.equal(200);
    const { asOf, ...figures } = body;
    expect(Math.abs(Date.now() - Date.parse(asOf))).to.be.below(2_000);
    expect(figures).to.deep.equal({
      eventId,
      currency: 'EUR',
      seatCount: 10,
      left: 4,
      held: 3,
      sold: 3,
      byCategory: [{ category: 'General', left: 4, held: 3, sold: 3 }],
      orders: 2,
      revenueMinor: 7_500,
      perMinute: { seats: 3 / 5, revenueMinor: 7_500 / 5 },
    });
    const [booking] = sold;
    if (booking) await world.send(bookingCancelled, booking);
    await waitUntil('the return', async () => (await stats(eventId)).body.left === 6);
    expect((await stats(eventId)).body).to.include({ orders: 1, revenueMinor: 2_500, sold: 1 });
    expect((await stats(other)).body).to.include({ orders: 0, revenueMinor: 0, left: 2 });
  });

  it('are for the organizer of the event and admins, and for nobody else', async () => {
    const eventId = await world.event(1);
    const stranger = await stats(eventId, await world.user('organizer'));
    const buyer = await stats(eventId, await world.user());
    const admin = await stats(eventId, await world.user('admin'));
    expect([stranger.body.code, buyer.body.code, admin.status]).to.deep.equal([
      'forbidden',
      'forbidden',
      200,
    ]);
  });
});
