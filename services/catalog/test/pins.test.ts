import {
  bookingAuthorized,
  bookingCancelled,
  bookingConfirmed,
  bookingFailed,
  bookingSeatsCancelled,
} from '@holdfast/shared/contracts/bookings.ts';
import type { HoldChange } from '@holdfast/shared/contracts/holds.ts';
import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Hold } from '../src/hold.ts';
import { bookingOf, seatIds, startWorld, type User, type World } from './world.ts';

describe('pins', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    // The relay rests, so that the messages can be read where they wait.
    await world.catalog.relay.stop();
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  async function held(count = 2, durationSeconds = 600): Promise<{ buyer: User; hold: Hold }> {
    const eventId = await world.event(count + 1);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, seatIds(count), durationSeconds);
    return { buyer, hold: await world.hold(body.hold.holdId) };
  }

  async function answers(holdId: string): Promise<(HoldChange & { id: string; type: string })[]> {
    const { outbox } = await world.hold(holdId);
    return outbox
      .filter((message) => message.type !== 'hold.taken.v1')
      .map((message) => ({ ...(message.data as HoldChange), id: message.id, type: message.type }));
  }

  const statuses = async (hold: Hold) =>
    (await world.seats(hold.eventId)).map((seat) => seat.status);

  const part = <B extends ReturnType<typeof bookingOf>>(booking: B, ids: readonly string[]) => ({
    ...booking,
    seats: booking.seats.filter(({ seatId }) => ids.includes(seatId)),
  });

  async function runOut(hold: Hold): Promise<void> {
    await waitUntil('the hold to run out', async () => {
      const found = await world.stores.holds.find(hold._id);
      return found && found.now >= found.hold.expiresAt;
    });
  }

  describe('of a booking of several holds', () => {
    /** Two holds of one buyer, and a booking of both. */
    async function twoHolds(secondSeconds = 600) {
      const eventId = await world.event(4);
      const buyer = await world.user();
      const take = async (seats: string[], seconds: number) =>
        world.hold((await world.take(buyer, eventId, seats, seconds)).body.hold.holdId);
      const first = await take(['GENERAL-1'], 600);
      const second = await take(['GENERAL-2', 'GENERAL-3'], secondSeconds);
      const booking = bookingOf(first);
      const further = bookingOf(second, booking.bookingId);
      const pinId = derivedId('pin', booking.bookingId, second._id);
      const holds = [
        { holdId: first._id, pinId: booking.pinId, seatIds: ['GENERAL-1'] },
        { holdId: second._id, pinId, seatIds: ['GENERAL-2', 'GENERAL-3'] },
      ];
      const seats = [...booking.seats, ...further.seats];
      return { first, second, booking: { ...booking, seats, holds } };
    }
    const lastAnswer = async (hold: Hold) => (await answers(hold._id)).at(-1);

    it('are one each, under their own ids; all seats are sold, and come back when it is cancelled', async () => {
      const { first, second, booking } = await twoHolds();
      await world.send(bookingAuthorized, booking);
      for (const [index, hold] of [first, second].entries()) {
        const { pinId } = booking.holds[index] ?? {};
        expect(await lastAnswer(hold)).to.include({ type: 'hold.pinned.v1', pinId });
      }
      await world.send(bookingConfirmed, booking);
      expect(await statuses(first)).to.deep.equal(['sold', 'sold', 'sold', 'available']);
      await world.send(bookingCancelled, booking);
      expect(await statuses(first)).to.deep.equal(Array(4).fill('available'));
    });

    it('return the seats that are cancelled hold by hold; those of the other hold stay sold', async () => {
      const { first, second, booking } = await twoHolds();
      await world.send(bookingAuthorized, booking);
      await world.send(bookingConfirmed, booking);
      const cancel = (...ids: string[]) => world.send(bookingSeatsCancelled, part(booking, ids));
      const states = async () => [
        (await world.hold(first._id)).state,
        (await world.hold(second._id)).state,
      ];
      const claimed = async () =>
        (await world.claims(first.userId, first.eventId)).reduce((sum, { n }) => sum + n, 0);

      await cancel('GENERAL-2');
      await cancel('GENERAL-2');
      expect(await statuses(first)).to.deep.equal(['sold', 'available', 'sold', 'available']);
      expect([await states(), await claimed()]).to.deep.equal([['confirmed', 'confirmed'], 2]);
      // All that is left of one hold, while the booking and its other hold stand.
      await cancel('GENERAL-1');
      expect(await statuses(first)).to.deep.equal(['available', 'available', 'sold', 'available']);
      expect([await states(), await claimed()]).to.deep.equal([['returned', 'confirmed'], 1]);
      await world.send(bookingConfirmed, booking);
      await world.send(bookingCancelled, booking);
      await cancel('GENERAL-1', 'GENERAL-2');
      expect(await statuses(first)).to.deep.equal(Array(4).fill('available'));
      expect([await states(), await claimed()]).to.deep.equal([['returned', 'returned'], 0]);
    });

    it('return seats of both in one message, also where a hold has missed the sale', async () => {
      const { first, second, booking } = await twoHolds();
      await world.send(bookingAuthorized, booking);
      await world.send(bookingConfirmed, part(booking, ['GENERAL-1']));
      expect((await world.hold(second._id)).state).to.equal('pinned');
      await world.send(bookingSeatsCancelled, part(booking, ['GENERAL-1', 'GENERAL-3']));
      expect(await statuses(first)).to.deep.equal(['available', 'sold', 'available', 'available']);
      expect((await world.hold(first._id)).state).to.equal('returned');
      expect((await world.hold(second._id)).state).to.equal('confirmed');
    });

    it('are granted and refused hold by hold; what was granted is undone when the booking fails', async () => {
      const { first, second, booking } = await twoHolds(1);
      await runOut(second);
      await world.send(bookingAuthorized, booking);
      expect(await lastAnswer(first)).to.include({ type: 'hold.pinned.v1' });
      expect(await lastAnswer(second)).to.include({ type: 'hold.pin_refused.v1' });
      await world.send(bookingFailed, { ...booking, reason: 'hold_expired' });
      expect((await world.hold(first._id)).state).to.equal('held');
      expect((await statuses(first))[0]).to.equal('held');
      await world.send(bookingAuthorized, booking);
      expect(await lastAnswer(first)).to.include({ type: 'hold.pin_refused.v1' });
    });
  });

  it('pins the seats of a live hold, so that they do not expire, and answers booking', async () => {
    const { buyer, hold } = await held(2, 1);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await runOut(hold);
    await world.catalog.sweeper.drain();
    expect(await statuses(hold)).to.deep.equal(['committing', 'committing', 'available']);
    const [answer] = await answers(hold._id);
    expect(answer).to.deep.equal({
      id: derivedId(booking.pinId, 'hold.pinned.v1'),
      type: 'hold.pinned.v1',
      holdId: hold._id,
      eventId: hold.eventId,
      userId: buyer.userId,
      seats: seatIds(2).map((seatId, order) => ({
        seatId,
        version: 3,
        status: 'committing',
        order,
      })),
      seatIds: seatIds(2),
      expiresAt: null,
      pinId: booking.pinId,
      bookingId: booking.bookingId,
      reason: 'booking authorized',
    });
    const [claim] = await world.claims(buyer.userId, hold.eventId);
    expect(claim?.expiresAt).to.equal(null);
    const rival = await world.take(await world.user(), hold.eventId, ['GENERAL-1']);
    expect(rival.body.code).to.equal('seat_unavailable');
  });

  it('sells the seats when the booking is confirmed, once, and keeps the quota', async () => {
    const { buyer, hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    await world.send(bookingConfirmed, booking);
    expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
    expect((await answers(hold._id)).map((one) => one.type)).to.deep.equal([
      'hold.pinned.v1',
      'hold.confirmed.v1',
    ]);
    const after = await world.hold(hold._id);
    expect([after.state, after.history.length]).to.deep.equal(['confirmed', 3]);
    expect((await world.claims(buyer.userId, hold.eventId)).map((one) => one.n)).to.deep.equal([2]);
    const shown = await world.call('GET', `/api/holds/${hold._id}`, { as: buyer });
    expect(shown.body.hold.status).to.equal('confirmed');
  });

  it('answers a repeated pin with the same message, also when the seats are sold', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    await world.db
      .collection<{ _id: string }>('holds')
      .updateOne({ _id: hold._id }, { $set: { outbox: [] } });
    await world.send(bookingAuthorized, booking);
    await world.send(bookingAuthorized, booking);
    const repeated = await answers(hold._id);
    expect(repeated.map((one) => [one.type, one.id])).to.deep.equal([
      ['hold.pinned.v1', derivedId(booking.pinId, 'hold.pinned.v1')],
    ]);
    expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
  });

  it('gives a hold with time left back to its buyer when the booking fails, for another try', async () => {
    const { buyer, hold } = await held();
    const first = bookingOf(hold);
    await world.send(bookingAuthorized, first);
    await world.send(bookingFailed, { ...first, reason: 'card_declined' });
    const after = await world.hold(hold._id);
    expect([after.state, after.expiresAt, after.closed.map((pin) => pin.pinId)]).to.deep.equal([
      'held',
      hold.expiresAt,
      [first.pinId],
    ]);
    expect(await statuses(hold)).to.deep.equal(['held', 'held', 'available']);
    const [claim] = await world.claims(buyer.userId, hold.eventId);
    expect(claim?.expiresAt).to.be.greaterThan(hold.expiresAt);

    const second = bookingOf(after);
    await world.send(bookingAuthorized, second);
    await world.send(bookingConfirmed, second);
    expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
  });

  it('frees the seats of a failed booking whose hold has run out meanwhile', async () => {
    const { buyer, hold } = await held(1, 1);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await runOut(hold);
    await world.send(bookingFailed, booking);
    expect((await world.hold(hold._id)).state).to.equal('expired');
    expect(await statuses(hold)).to.deep.equal(['available', 'available']);
    expect(await world.claims(buyer.userId, hold.eventId)).to.deep.equal([]);
  });

  it('closes the pin of a booking that failed first: a late authorization is refused', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingFailed, booking);
    await world.send(bookingFailed, booking);
    await world.send(bookingAuthorized, booking);
    const [answer, ...more] = await answers(hold._id);
    expect([answer?.type, answer?.reason, more]).to.deep.equal([
      'hold.pin_refused.v1',
      'pin_closed',
      [],
    ]);
    expect(await statuses(hold)).to.deep.equal(['held', 'held', 'available']);
    expect((await world.hold(hold._id)).state).to.equal('held');
  });

  it('refuses a pin after the hold ran out, and again with the same answer', async () => {
    const { hold } = await held(1, 1);
    const booking = bookingOf(hold);
    await runOut(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingAuthorized, booking);
    const refusals = await answers(hold._id);
    expect(refusals.map((one) => [one.id, one.reason, one.seats])).to.deep.equal([
      [derivedId(booking.pinId, 'hold.pin_refused.v1'), 'hold_expired', []],
    ]);
  });

  it('refuses pins of holds that are released, foreign, unknown or named with other seats', async () => {
    const released = await held();
    await world.call('DELETE', `/api/holds/${released.hold._id}`, { as: released.buyer });
    const foreign = await held();
    const other = await held();
    const cases = [
      [bookingOf(released.hold), 'hold_released'],
      [{ ...bookingOf(foreign.hold), userId: newId() }, 'hold_not_owner'],
      [{ ...bookingOf(other.hold), seats: bookingOf(other.hold).seats.slice(1) }, 'seats_mismatch'],
      [{ ...bookingOf(other.hold), holdId: newId() }, 'hold_not_found'],
    ] as const;
    for (const [booking, reason] of cases) {
      await world.send(bookingAuthorized, booking);
      const last = (await answers(booking.holdId)).at(-1);
      expect([last?.type, last?.reason, last?.pinId]).to.deep.equal([
        'hold.pin_refused.v1',
        reason,
        booking.pinId,
      ]);
    }
    expect(await statuses(foreign.hold)).to.deep.equal(['held', 'held', 'available']);
    expect(await statuses(other.hold)).to.deep.equal(['held', 'held', 'available']);
  });

  it('pins a hold for one booking at a time: a second one is refused, the first goes on', async () => {
    const { hold } = await held();
    const [one, two] = [bookingOf(hold), bookingOf(hold)];
    await Promise.all([world.send(bookingAuthorized, one), world.send(bookingAuthorized, two)]);
    const types = (await answers(hold._id)).map((answer) => answer.type);
    expect(types.sort()).to.deep.equal(['hold.pin_refused.v1', 'hold.pinned.v1']);
    expect(await statuses(hold)).to.deep.equal(['committing', 'committing', 'available']);
  });

  it('undoes and refuses a pin that finds a seat taken over, and frees what it pinned', async () => {
    const { buyer, hold } = await held();
    const thief = newId();
    await world.db
      .collection<{ _id: string }>('seats')
      .updateOne({ _id: `${hold.eventId}:GENERAL-2` }, { $set: { 'hold.id': thief } });
    await world.send(bookingAuthorized, bookingOf(hold));
    const [answer] = await answers(hold._id);
    expect([answer?.type, answer?.reason]).to.deep.equal(['hold.pin_refused.v1', 'seats_lost']);
    expect((await world.hold(hold._id)).state).to.equal('expired');
    expect((await world.seat(hold.eventId, 'GENERAL-1')).status).to.equal('available');
    expect((await world.seat(hold.eventId, 'GENERAL-2')).hold?.id).to.equal(thief);
    expect(await world.claims(buyer.userId, hold.eventId)).to.deep.equal([]);
  });

  it('pins holds together, each its own seats: one that lost a seat is refused, the other does not get it', async () => {
    const { hold: loser } = await held();
    const other = await world.user();
    const { body } = await world.take(other, loser.eventId, ['GENERAL-3'], 600);
    const winner = await world.hold(body.hold.holdId);
    await world.db
      .collection<{ _id: string }>('seats')
      .updateOne({ _id: `${loser.eventId}:GENERAL-2` }, { $set: { 'hold.id': winner._id } });
    await Promise.all(
      [loser, winner].map((hold) => world.send(bookingAuthorized, bookingOf(hold))),
    );
    expect((await answers(loser._id))[0]?.reason).to.equal('seats_lost');
    expect((await answers(winner._id))[0]?.type).to.equal('hold.pinned.v1');
    expect(await statuses(loser)).to.deep.equal(['available', 'held', 'committing']);
  });

  it('returns sold seats when the booking is cancelled, once, with their quota', async () => {
    const { buyer, hold } = await held();
    const booking = bookingOf(hold);
    for (const contract of [
      bookingAuthorized,
      bookingConfirmed,
      bookingCancelled,
      bookingCancelled,
      bookingConfirmed,
    ]) {
      await world.send(contract, booking);
    }
    expect((await world.hold(hold._id)).state).to.equal('returned');
    expect(await statuses(hold)).to.deep.equal(['available', 'available', 'available']);
    expect(await world.claims(buyer.userId, hold.eventId)).to.deep.equal([]);
    expect((await answers(hold._id)).map((one) => one.type)).to.deep.equal([
      'hold.pinned.v1',
      'hold.confirmed.v1',
      'hold.returned.v1',
    ]);
  });

  it('returns just the seats that were cancelled, once, with their quota; the others stay sold', async () => {
    const { buyer, hold } = await held(3);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    const { movedAt } = await world.hold(hold._id);
    const one = part(booking, ['GENERAL-2']);
    await Promise.all(Array.from({ length: 4 }, () => world.send(bookingSeatsCancelled, one)));
    expect(await statuses(hold)).to.deep.equal(['sold', 'available', 'sold', 'available']);
    const after = await world.hold(hold._id);
    expect([after.state, after.seats.length, after.returned?.length]).to.deep.equal([
      ...['confirmed', 2, 1],
    ]);
    expect(after.movedAt).to.deep.equal(movedAt);
    const claims = await world.claims(buyer.userId, hold.eventId);
    expect(claims.map(({ n }) => n)).to.deep.equal([2]);
    const told = (await answers(hold._id)).at(-1);
    expect(told).to.include({ type: 'hold.seats_returned.v1', seatCount: 2 });
    expect(told?.seats.map(({ seatId, status }) => [seatId, status])).to.deep.equal([
      ['GENERAL-2', 'available'],
    ]);
    await world.send(bookingSeatsCancelled, part(booking, ['GENERAL-1', 'GENERAL-2']));
    expect(await statuses(hold)).to.deep.equal(['available', 'available', 'sold', 'available']);
    await world.send(bookingCancelled, booking);
    expect((await world.hold(hold._id)).state).to.equal('returned');
    expect(await statuses(hold)).to.deep.equal(Array(4).fill('available'));
    expect(await world.claims(buyer.userId, hold.eventId)).to.deep.equal([]);
    const ids = (await answers(hold._id)).map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it('does not return a cancelled seat that was sold again, whatever is repeated', async () => {
    const { hold } = await held(2);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    const one = part(booking, ['GENERAL-1']);
    await world.send(bookingSeatsCancelled, one);
    const next = await world.take(await world.user(), hold.eventId, ['GENERAL-1']);
    const sold = bookingOf(await world.hold(next.body.hold.holdId));
    await world.send(bookingAuthorized, sold);
    await world.send(bookingConfirmed, sold);
    await world.send(bookingSeatsCancelled, one);
    await world.send(bookingCancelled, booking);
    const seat = await world.seat(hold.eventId, 'GENERAL-1');
    expect([seat.status, seat.commit?.pinId]).to.deep.equal(['sold', sold.pinId]);
    expect(await statuses(hold)).to.deep.equal(['sold', 'available', 'available']);
  });

  it('catches up with a sale that it missed before it returns some of its seats', async () => {
    const { hold } = await held(2);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingSeatsCancelled, part(booking, ['GENERAL-2']));
    expect(await statuses(hold)).to.deep.equal(['sold', 'available', 'available']);
    await world.send(bookingConfirmed, booking);
    expect((await world.hold(hold._id)).state).to.equal('confirmed');
    expect(await statuses(hold)).to.deep.equal(['sold', 'available', 'available']);
  });

  it('finishes a return that a crash left in the middle', async () => {
    const { hold } = await held(2);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    const sold = await world.hold(hold._id);
    const origin = { actor: 'user:x', requestId: 'r', correlationId: 'c' };
    const begun = { origin, reason: 'seats cancelled' };
    await world.stores.changes.beginReturn(sold, ['GENERAL-2'], begun);
    expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
    await world.send(bookingSeatsCancelled, part(booking, ['GENERAL-2']));
    expect((await world.hold(hold._id)).state).to.equal('confirmed');
    expect(await statuses(hold)).to.deep.equal(['sold', 'available', 'available']);
  });

  it('frees the seats of a booking cancelled before its confirmation, which changes nothing then', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingCancelled, booking);
    await world.send(bookingConfirmed, booking);
    expect((await world.hold(hold._id)).state).to.equal('released');
    expect(await statuses(hold)).to.deep.equal(['available', 'available', 'available']);
  });

  it('does not return seats that were sold again to somebody else', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    await world.send(bookingCancelled, booking);
    const buyer = await world.user();
    const next = await world.take(buyer, hold.eventId, ['GENERAL-1']);
    const sold = bookingOf(await world.hold(next.body.hold.holdId));
    await world.send(bookingAuthorized, sold);
    await world.send(bookingConfirmed, sold);
    await world.send(bookingCancelled, booking);
    await world.send(bookingFailed, booking);
    const seat = await world.seat(hold.eventId, 'GENERAL-1');
    expect([seat.status, seat.commit?.pinId]).to.deep.equal(['sold', sold.pinId]);
  });

  it('ignores a confirmation that comes before its pin, and a failure after the sale', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingConfirmed, booking);
    expect(await statuses(hold)).to.deep.equal(['held', 'held', 'available']);
    await world.send(bookingAuthorized, booking);
    await world.send(bookingConfirmed, booking);
    await world.send(bookingFailed, booking);
    expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
    expect((await world.hold(hold._id)).state).to.equal('confirmed');
  });

  it('refuses to release or extend a hold that is being paid', async () => {
    const { buyer, hold } = await held();
    await world.send(bookingAuthorized, bookingOf(hold));
    const path = `/api/holds/${hold._id}`;
    const released = await world.call('DELETE', path, { as: buyer });
    const extended = await world.call('POST', `${path}/extend`, {
      as: buyer,
      body: { durationSeconds: 60 },
    });
    expect([released.body.code, extended.body.code]).to.deep.equal([
      'hold_in_checkout',
      'hold_in_checkout',
    ]);
    expect(await statuses(hold)).to.deep.equal(['committing', 'committing', 'available']);
  });

  it('has one effect when every command comes many times at once', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    const many = async (contract: Parameters<World['send']>[0]) =>
      Promise.all(Array.from({ length: 8 }, () => world.send(contract, booking)));
    await many(bookingAuthorized);
    await many(bookingConfirmed);
    await many(bookingCancelled);
    const after = await world.hold(hold._id);
    expect([after.state, after.history.map((entry) => entry.after)]).to.deep.equal([
      'returned',
      [after.history[0]?.after, { state: 'pinned' }, { state: 'confirmed' }, { state: 'returned' }],
    ]);
    const versions = (await world.seats(hold.eventId)).map((seat) => seat.version);
    expect(versions).to.deep.equal([5, 5, 1]);
  });
});
