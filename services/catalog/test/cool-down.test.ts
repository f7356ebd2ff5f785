import { bookingAuthorized, bookingFailed } from '@holdfast/shared/contracts/bookings.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Hold } from '../src/hold.ts';
import type { Seat } from '../src/seat.ts';
import { changing } from './changing.ts';
import { bookingOf, seatIds, startWorld, type User, type World } from './world.ts';

describe('a seat on which a hold ran out', () => {
  let world: World;
  const { held, add } = changing(() => world);
  before(async () => {
    world = await startWorld({ SWEEP_INTERVAL_MS: '600000', HOLD_COOLDOWN_SECONDS: '60' });
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  /** A hold on the first `count` of four seats that ran out this long ago; nothing is written yet. */
  async function ranOut(count = 2, agoMs = 0) {
    const { buyer, hold, eventId } = await held(count, 4);
    const found = await world.stores.holds.find(hold._id);
    if (!found) throw new Error('no hold');
    const expiresAt = new Date(found.now.getTime() - agoMs);
    await world.db.collection<Hold>('holds').updateOne({ _id: hold._id }, { $set: { expiresAt } });
    await world.db
      .collection<Seat>('seats')
      .updateMany({ eventId, 'hold.id': hold._id }, { $set: { 'hold.expiresAt': expiresAt } });
    // This process saw the seats taken for longer than they are now.
    world.stores.taken.forget(seatIds(count).map((seatId) => `${eventId}:${seatId}`));
    return { buyer, hold, eventId };
  }
  const take = async (as: User, eventId: string, seats: string[]) => {
    const { status, body } = await world.take(as, eventId, seats);
    return status === 201 ? 'taken' : body.code;
  };

  for (const isSwept of [false, true]) {
    const when = isSwept ? 'after the sweeper ended the hold' : 'before anything is written';

    it(`is refused to its account, and to no other, ${when}`, async () => {
      const { buyer, eventId } = await ranOut();
      if (isSwept) await world.catalog.sweeper.drain();
      const { status, body } = await world.take(buyer, eventId, ['GENERAL-3', ...seatIds(2)]);
      expect([status, body.code, body.seatIds]).to.deep.equal([
        409,
        'seat_cooling_down',
        seatIds(2),
      ]);
      expect(body.retryAfterSeconds).to.be.within(50, 60);
      expect((await world.seat(eventId, 'GENERAL-3')).status).to.equal('available');
      expect(await take(buyer, eventId, ['GENERAL-3'])).to.equal('taken');
      expect(await take(await world.user(), eventId, seatIds(2))).to.equal('taken');
    });

    it(`is refused to each of many parallel tries of its account, ${when}; one rival wins`, async () => {
      const { buyer, eventId } = await ranOut(1);
      if (isSwept) await world.catalog.sweeper.drain();
      const rivals = await Promise.all(Array.from({ length: 5 }, () => world.user()));
      const answers = await Promise.all(
        [...rivals, ...rivals.map(() => buyer)].map((as) => take(as, eventId, ['GENERAL-1'])),
      );
      const mine = answers.slice(rivals.length);
      expect(answers.filter((one) => one === 'taken')).to.have.length(1);
      expect(mine).to.not.include('taken');
    });
  }

  it('is refused at once, without waiting for rivals to settle', async () => {
    const { buyer, eventId } = await ranOut();
    const startedAt = performance.now();
    expect(await take(buyer, eventId, seatIds(2))).to.equal('seat_cooling_down');
    expect(performance.now() - startedAt).to.be.lessThan(1_500);
  });

  it('is for its account again once the time has passed, swept or not', async () => {
    for (const isSwept of [false, true]) {
      const { buyer, eventId } = await ranOut(2, 61_000);
      if (isSwept) await world.catalog.sweeper.drain();
      expect(await take(buyer, eventId, seatIds(2))).to.equal('taken');
    }
  });

  it('remembers its account though another took it over, gave it back or ran out as well', async () => {
    const { buyer, eventId } = await ranOut(1);
    const rival = await world.user();
    const taken = await world.take(rival, eventId, ['GENERAL-1']);
    const { holdId } = taken.body.hold;
    await world.call('DELETE', `/api/holds/${holdId}`, { as: rival });
    expect(await take(buyer, eventId, ['GENERAL-1'])).to.equal('seat_cooling_down');
    const again = await world.take(rival, eventId, ['GENERAL-1'], 1);
    expect(again.status).to.equal(201);
    await waitUntil('the hold of the rival to run out', async () => {
      const found = await world.stores.holds.find(again.body.hold.holdId);
      return found && found.now >= found.hold.expiresAt;
    });
    for (const as of [buyer, rival]) {
      expect(await take(as, eventId, ['GENERAL-1'])).to.equal('seat_cooling_down');
    }
    expect(await take(await world.user(), eventId, ['GENERAL-1'])).to.equal('taken');
  });

  it('is not added to another hold of its account either; the hold stays as it was', async () => {
    const { buyer, eventId } = await ranOut(1);
    const { body } = await world.take(buyer, eventId, ['GENERAL-3']);
    const hold = await world.hold(body.hold.holdId);
    const answer = await add(buyer, hold, ['GENERAL-1', 'GENERAL-2']);
    expect([answer.status, answer.body.code]).to.deep.equal([409, 'seat_cooling_down']);
    expect((await world.hold(hold._id)).seats).to.have.length(1);
    expect((await world.seat(eventId, 'GENERAL-2')).status).to.equal('available');
  });

  it('is left out where the best seats are chosen for its account, and chosen for others', async () => {
    const { buyer, eventId } = await ranOut(2);
    await world.catalog.sweeper.drain();
    const best = async (as: User) => {
      const { body } = await world.call('POST', `/api/events/${eventId}/holds`, {
        as,
        body: { bestAvailable: { partySize: 2 } },
      });
      return body.hold?.seats.map((seat: { seatId: string }) => seat.seatId) ?? body.code;
    };
    expect(await best(buyer)).to.deep.equal(['GENERAL-3', 'GENERAL-4']);
    expect(await best(await world.user())).to.deep.equal(seatIds(2));
  });

  it('is only one that ran out: given back, dropped or unpaid seats are for all at once', async () => {
    const { buyer, hold, eventId } = await held(2, 2);
    await world.call('DELETE', `/api/holds/${hold._id}/seats/GENERAL-1`, { as: buyer });
    expect(await take(buyer, eventId, ['GENERAL-1'])).to.equal('taken');
    await world.call('DELETE', `/api/holds/${hold._id}`, { as: buyer });
    expect(await take(buyer, eventId, ['GENERAL-2'])).to.equal('taken');

    const paying = await held(1, 1, {}, 1);
    const booking = bookingOf(paying.hold);
    await world.send(bookingAuthorized, booking);
    await waitUntil('the time of the hold to pass', async () => {
      const found = await world.stores.holds.find(paying.hold._id);
      return found && found.now >= found.hold.expiresAt;
    });
    await world.send(bookingFailed, booking);
    expect((await world.hold(paying.hold._id)).state).to.equal('expired');
    expect(await take(paying.buyer, paying.eventId, ['GENERAL-1'])).to.equal('taken');
  });
});
