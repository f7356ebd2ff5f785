import {
  bookingAuthorized,
  bookingConfirmed,
  bookingFailed,
} from '@holdfast/shared/contracts/bookings.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Hold, MiddleState } from '../src/hold.ts';
import { expireHold } from '../src/operations/expire-hold.ts';
import type { Take } from '../src/stores/seat-rules.ts';
import { bookingOf, seatIds, startWorld, type User, type World } from './world.ts';

const ORIGIN = systemOrigin('test', newId());

/** Each test leaves the stores as a process killed between two steps does; the sweeper goes on. */
describe('recovery', () => {
  let world: World;
  before(async () => {
    world = await startWorld({
      RESUME_AFTER_MS: '1',
      ORPHAN_AFTER_MS: '300',
      PIN_UNSETTLED_AFTER_MS: '300',
      SWEEP_INTERVAL_MS: '600000',
    });
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

  const statuses = async (hold: { eventId: string }) =>
    (await world.seats(hold.eventId)).map((seat) => seat.status);
  const typesOf = async (hold: Hold) =>
    (await world.hold(hold._id)).outbox.map((message) => message.type);

  async function begin(hold: Hold, to: MiddleState, pin?: ReturnType<typeof bookingOf>) {
    const begun = await world.stores.holds.begin(await world.hold(hold._id), to, {
      origin: ORIGIN,
      reason: 'test',
      ...(pin && { pinId: pin.pinId, bookingId: pin.bookingId }),
    });
    if (!begun) throw new Error(`could not begin ${to}`);
    return begun;
  }

  /** Sweeps until the hold is in that state: its age has to pass first. */
  const sweptTo = (hold: Hold, state: Hold['state']) =>
    waitUntil(`hold to be ${state}`, async () => {
      await world.catalog.sweeper.runOnce();
      return (await world.hold(hold._id)).state === state;
    });

  for (const seatsDone of [false, true]) {
    const when = seatsDone ? 'after its seats' : 'before its seats';

    it(`finishes a pin that broke off ${when}`, async () => {
      const { hold, buyer } = await held();
      const begun = await begin(hold, 'pinning', bookingOf(hold));
      if (seatsDone) await world.stores.seats.pin(begun);
      await sweptTo(hold, 'pinned');
      expect((await world.claims(buyer.userId, hold.eventId))[0]?.expiresAt).to.equal(null);
      expect(await statuses(hold)).to.deep.equal(['committing', 'committing', 'available']);
      expect(await typesOf(hold)).to.deep.equal(['hold.taken.v1', 'hold.pinned.v1']);
    });

    it(`finishes a confirmation that broke off ${when}`, async () => {
      const { hold } = await held();
      await world.send(bookingAuthorized, bookingOf(hold));
      const begun = await begin(hold, 'confirming');
      if (seatsDone) await world.stores.seats.confirm(begun);
      await sweptTo(hold, 'confirmed');
      expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
      expect((await typesOf(hold)).at(-1)).to.equal('hold.confirmed.v1');
    });

    it(`finishes an undone pin that broke off ${when}`, async () => {
      const { hold, buyer } = await held();
      await world.send(bookingAuthorized, bookingOf(hold));
      const begun = await begin(hold, 'unpinning');
      if (seatsDone) await world.stores.seats.unpin(begun, 'held');
      await sweptTo(hold, 'held');
      const [one, two] = await world.seats(hold.eventId);
      expect([one?.hold?.expiresAt, two?.hold?.round]).to.deep.equal([hold.expiresAt, 1]);
      expect((await world.hold(hold._id)).round).to.equal(1);
      expect((await world.claims(buyer.userId, hold.eventId))[0]?.expiresAt).to.not.equal(null);
    });

    it(`finishes a release that broke off ${when}`, async () => {
      const { hold, buyer } = await held();
      const begun = await begin(hold, 'releasing');
      if (seatsDone) await world.stores.seats.free(begun);
      await sweptTo(hold, 'released');
      expect(await statuses(hold)).to.deep.equal(['available', 'available', 'available']);
      expect(await world.claims(buyer.userId, hold.eventId)).to.deep.equal([]);
    });

    it(`finishes a return that broke off ${when}`, async () => {
      const { hold } = await held();
      await world.send(bookingAuthorized, bookingOf(hold));
      await world.send(bookingConfirmed, bookingOf(hold));
      const booked = await world.hold(hold._id);
      await world.db
        .collection<{ _id: string }>('holds')
        .updateOne({ _id: hold._id }, { $set: { state: 'confirming' } });
      expect(booked.state).to.equal('pinned');
      await sweptTo(hold, 'confirmed');
      const begun = await begin(hold, 'returning');
      if (seatsDone) await world.stores.seats.returnSold(begun);
      await sweptTo(hold, 'returned');
      expect(await statuses(hold)).to.deep.equal(['available', 'available', 'available']);
    });
  }

  it('lets the command that meets a middle state finish it at once, then does its own', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await begin(hold, 'pinning', booking);
    await world.send(bookingConfirmed, booking);
    expect((await world.hold(hold._id)).state).to.equal('confirmed');
    expect(await statuses(hold)).to.deep.equal(['sold', 'sold', 'available']);
  });

  it('ends expired holds with their message, and leaves extended ones alone', async () => {
    const { hold } = await held(1, 1);
    const longer = await held(1, 1);
    await world.call('POST', `/api/holds/${longer.hold._id}/extend`, {
      as: longer.buyer,
      body: { durationSeconds: 600 },
    });
    await sweptTo(hold, 'expired');
    expect(await statuses(hold)).to.deep.equal(['available', 'available']);
    expect((await typesOf(hold)).at(-1)).to.equal('hold.expired.v1');
    const far = { hold: await world.hold(longer.hold._id), now: new Date(8.64e15) };
    expect(await expireHold(world.stores, far)).to.equal(false);
    expect((await world.hold(longer.hold._id)).state).to.equal('held');
  });

  it('misses the seats of a hold with a pin that comes late from an undone round', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    const stale = { ...(await world.hold(hold._id)), state: 'pinning' as const };
    await world.send(bookingFailed, booking);
    expect(await world.stores.seats.pin(stale)).to.deep.equal([]);
    expect(await statuses(hold)).to.deep.equal(['held', 'held', 'available']);
  });

  describe('of a take that broke off before its document', () => {
    async function orphan(key?: string) {
      const eventId = await world.event(2);
      const buyer = await world.user();
      const { body } = await world.take(buyer, eventId, ['GENERAL-1'], 600, key);
      const hold = await world.hold(body.hold.holdId);
      await world.db.collection<{ _id: string }>('holds').deleteOne({ _id: hold._id });
      return { eventId, buyer, hold };
    }

    it('frees its seats and its quota, and keeps the late insert out', async () => {
      const { eventId, buyer, hold } = await orphan();
      await waitUntil('the orphan to be freed', async () => {
        await world.catalog.sweeper.runOnce();
        return (await world.seat(eventId, 'GENERAL-1')).status === 'available';
      });
      expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
      expect(await world.stores.holds.insert(hold)).to.equal(false);
      expect((await world.hold(hold._id)).state).to.equal('aborted');
      const asked = await world.call('GET', `/api/holds/${hold._id}`, { as: buyer });
      expect(asked.body.code).to.equal('hold_not_found');
    });

    it('lets a repeat of its request end it: in flight while young, then broken off', async () => {
      const { eventId, buyer } = await orphan('key');
      const again = () => world.take(buyer, eventId, ['GENERAL-1'], 600, 'key');
      const ended = await waitUntil('the try to count as broken off', async () => {
        const answer = await again();
        return answer.body.code === 'hold_aborted' && answer;
      });
      expect(ended.status).to.equal(409);
      expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('available');
      const fresh = await world.take(buyer, eventId, ['GENERAL-1'], 600, 'another-key');
      expect(fresh.status).to.equal(201);
    });

    it('gives back only what one try took, not what another try of the same hold owns', async () => {
      const eventId = await world.event(2);
      const take = (attemptId: string): Take => ({
        eventId,
        onSaleAt: new Date(0),
        holdId: 'one hold',
        userId: newId(),
        attemptId,
        ttlMs: 600_000,
        notAfter: new Date('2099-01-01T00:00:00.000Z'),
      });
      await world.stores.seats.takeMany(take('winner'), ['GENERAL-1']);
      await world.stores.seats.takeMany(take('loser'), ['GENERAL-2']);
      await world.stores.seats.giveBack(eventId, 'one hold', 'loser');
      expect(await statuses({ eventId })).to.deep.equal(['held', 'available']);
    });
  });

  it('frees held seats whose hold has ended, and keeps those of holds that live', async () => {
    const { hold, buyer } = await held(1);
    const living = await held(1);
    await world.call('DELETE', `/api/holds/${hold._id}`, { as: buyer });
    await world.stores.seats.takeOne(
      {
        eventId: hold.eventId,
        onSaleAt: new Date(0),
        holdId: hold._id,
        userId: buyer.userId,
        attemptId: hold.attemptId,
        ttlMs: 600_000,
        notAfter: new Date('2099-01-01T00:00:00.000Z'),
      },
      'GENERAL-1',
    );
    await waitUntil('the seat to be freed', async () => {
      await world.catalog.sweeper.runOnce();
      return (await world.seat(hold.eventId, 'GENERAL-1')).status === 'available';
    });
    expect(await statuses(living.hold)).to.deep.equal(['held', 'available']);
  });

  it('frees what a broken-off try took elsewhere for a hold that lives, keeps the seats of that', async () => {
    const { hold, buyer } = await held(1);
    const elsewhere = await world.event(1);
    await world.stores.seats.takeOne(
      {
        eventId: elsewhere,
        onSaleAt: new Date(0),
        holdId: hold._id,
        userId: buyer.userId,
        attemptId: newId(),
        ttlMs: 600_000,
        notAfter: new Date('2099-01-01T00:00:00.000Z'),
      },
      'GENERAL-1',
    );
    await waitUntil('the seat to be freed', async () => {
      await world.catalog.sweeper.runOnce();
      return (await world.seat(elsewhere, 'GENERAL-1')).status === 'available';
    });
    expect(await statuses(hold)).to.deep.equal(['held', 'available']);
  });

  it('asks booking about a pin that waits too long, once in a while, and leaves it pinned', async () => {
    const { hold } = await held(1);
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    await waitUntil('the question', async () => {
      await world.catalog.sweeper.runOnce();
      return (await typesOf(hold)).includes('hold.pin_unsettled.v1');
    });
    await world.catalog.sweeper.runOnce();
    const asked = (await world.hold(hold._id)).outbox.filter(
      (message) => message.type === 'hold.pin_unsettled.v1',
    );
    expect(asked).to.have.length(1);
    expect(asked[0]?.data).to.deep.include({ pinId: booking.pinId, bookingId: booking.bookingId });
    expect(await statuses(hold)).to.deep.equal(['committing', 'available']);
  });

  it('lets seats left under a pin follow their hold: sold if it was confirmed, else free', async () => {
    const sold = await held(1);
    const lost = await held(1);
    for (const { hold } of [sold, lost]) {
      await world.send(bookingAuthorized, bookingOf(hold));
    }
    const states = [
      [sold.hold, 'confirmed'],
      [lost.hold, 'expired'],
    ] as const;
    for (const [hold, state] of states) {
      await world.db
        .collection<{ _id: string }>('holds')
        .updateOne({ _id: hold._id }, { $set: { state } });
    }
    await waitUntil('the seats to follow', async () => {
      await world.catalog.sweeper.runOnce();
      return (await world.seat(lost.hold.eventId, 'GENERAL-1')).status === 'available';
    });
    expect(await statuses(sold.hold)).to.deep.equal(['sold', 'available']);
  });

  it('completes an event whose creation broke off, and sells nothing of it before', async () => {
    const eventId = await world.event(5);
    await world.db
      .collection<{ _id: string }>('events')
      .updateOne({ _id: eventId }, { $set: { ready: false, createdAt: new Date(0) } });
    await world.db
      .collection<{ _id: string }>('seats')
      .deleteMany({ _id: { $in: [`${eventId}:GENERAL-4`, `${eventId}:GENERAL-5`] } });
    const early = await world.take(await world.user(), eventId, ['GENERAL-1']);
    expect(early.body.code).to.equal('event_not_found');
    await world.catalog.sweeper.runOnce();
    expect(await world.seats(eventId)).to.have.length(5);
    const taken = await world.take(await world.user(), eventId, ['GENERAL-5']);
    expect(taken.status).to.equal(201);
  });
});
