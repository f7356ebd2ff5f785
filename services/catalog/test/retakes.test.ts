import {
  type BookingState,
  bookingAuthorized,
  bookingConfirmed,
  retakeKeyOf,
} from '@holdfast/shared/contracts/bookings.ts';
import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import { seatIds, startWorld, type User, type World } from './world.ts';

describe('seats taken again for money that came late', () => {
  let world: World;
  let buyer: User;

  before(async () => {
    world = await startWorld();
    // The relay rests, so that the messages can be read where they wait.
    await world.catalog.relay.stop();
    await world.catalog.sweeper.stop();
    buyer = await world.user();
  });
  after(() => world.stop());

  function retake(eventId: string, count: number, priceMinor = 2_500): BookingState {
    const bookingId = newId();
    return {
      bookingId,
      holdId: derivedId('hold', buyer.userId, retakeKeyOf(bookingId)),
      pinId: derivedId('pin', bookingId),
      eventId,
      userId: buyer.userId,
      seats: seatIds(count).map((seatId) => ({
        seatId,
        ticketId: null,
        category: 'General',
        priceMinor,
      })),
      totalMinor: count * priceMinor,
      currency: 'EUR',
      retakes: newId(),
    };
  }
  const statuses = async (eventId: string) =>
    (await world.seats(eventId)).map((seat) => seat.status);
  async function answerTo({ holdId }: BookingState) {
    const { outbox } = await world.hold(holdId);
    const answers = outbox.filter(({ type }) => type.startsWith('hold.pin'));
    return answers.map(({ type }) => type);
  }

  it('are held and pinned at once, all of them, and sold when the booking is confirmed', async () => {
    const eventId = await world.event(3);
    const booking = retake(eventId, 2);
    await world.send(bookingAuthorized, booking);
    expect(await statuses(eventId)).to.deep.equal(['committing', 'committing', 'available']);
    expect(await answerTo(booking)).to.deep.equal(['hold.pinned.v1']);
    await world.send(bookingAuthorized, booking);
    expect(await statuses(eventId), 'after a repeat').to.deep.equal([
      'committing',
      'committing',
      'available',
    ]);
    await world.send(bookingConfirmed, booking);
    expect(await statuses(eventId)).to.deep.equal(['sold', 'sold', 'available']);
  });

  it('are refused when one is not free: none is taken, whoever has it keeps it', async () => {
    const eventId = await world.event(3);
    const rival = await world.user();
    expect((await world.take(rival, eventId, seatIds(1))).status).to.equal(201);
    const booking = retake(eventId, 2);
    await world.send(bookingAuthorized, booking);
    expect(await statuses(eventId)).to.deep.equal(['held', 'available', 'available']);
    expect(await answerTo(booking)).to.deep.equal(['hold.pin_refused.v1']);
  });

  it('are refused, and free again, when they cost something else by now', async () => {
    const eventId = await world.event(2);
    const booking = retake(eventId, 2, 1_900);
    await world.send(bookingAuthorized, booking);
    expect(await statuses(eventId)).to.deep.equal(['available', 'available']);
    expect(await answerTo(booking)).to.deep.equal(['hold.pin_refused.v1']);
  });
});
