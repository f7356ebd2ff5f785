import { SEAT_STATUSES } from '@holdfast/shared/contracts/holds.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { expect } from 'chai';
import { MIDDLE_STATES } from '../src/hold.ts';
import { type Seat, TRANSITIONS } from '../src/seat.ts';
import { INDEXES } from '../src/stores/indexes.ts';
import { createSeatBlocks } from '../src/stores/seat-blocks.ts';
import { seatIds, startWorld, type World } from './world.ts';

const ORIGIN = systemOrigin('test', 'filters');

describe('filters on the clock of the store', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  it('run with every index of production present', async () => {
    for (const [name, indexes] of Object.entries(INDEXES)) {
      const found = (await world.db.collection(name).indexes()).map((index) => index.key);
      for (const index of indexes) expect(found, name).to.deep.include(index.key);
    }
  });

  it('of seats and quotas run on MongoDB and the stand-in, and hit what they should', async () => {
    const eventId = await world.event(3);
    const { seats, quotas } = world.stores;
    const take = {
      eventId,
      onSaleAt: new Date(0),
      holdId: 'hold',
      userId: 'user',
      attemptId: 'try',
      ttlMs: 600_000,
      notAfter: new Date('2099-01-01T00:00:00.000Z'),
    };
    expect(await seats.takeOne({ ...take, onSaleAt: take.notAfter }, 'GENERAL-1')).to.equal(null);
    expect((await seats.takeOne(take, 'GENERAL-1'))?.status).to.equal('held');
    expect(await seats.takeOne(take, 'GENERAL-1')).to.equal(null);
    expect(await seats.takeMany(take, ['GENERAL-1', 'GENERAL-2'])).to.have.length(2);
    expect(await seats.takeMany({ ...take, attemptId: 'b' }, seatIds(3))).to.have.length(1);
    expect(await seats.heldLongerThan(0, new Date(0), 9)).to.have.length(3);
    expect(await seats.heldLongerThan(60_000, new Date(0), 9)).to.deep.equal([]);
    expect(await seats.committingLongerThan(0, new Date(0), 9)).to.deep.equal([]);
    const looked = await seats.look(eventId, ['GENERAL-1']);
    expect(looked[0]?.now).to.be.instanceOf(Date);

    const claim = { userId: 'u', eventId, cap: 3, ttlMs: 1_000 };
    const kinds = [];
    for (const [holdId, attemptId, n] of [
      ['x', 'a', 2],
      ['x', 'a', 2],
      ['x', 'b', 1],
      ['y', 'c', 2],
      ['z', 'd', 1],
    ] as const) {
      kinds.push((await quotas.claim({ ...claim, holdId, attemptId, n })).kind);
    }
    expect(kinds).to.deep.equal(['claimed', 'claimed', 'in_flight', 'full', 'claimed']);
    expect((await quotas.find('u', eventId)).map((one) => one.n)).to.deep.equal([2, 1]);
  });

  it('let a seat make the transitions of the table, and no other', async () => {
    const past = new Date(0);
    const eventId = await world.event(1);
    const collection = world.db.collection<Seat>('seats');
    const { body } = await world.take(await world.user(), eventId, ['GENERAL-1']);
    const hold = { ...(await world.hold(body.hold.holdId)), pinId: 'pin', bookingId: 'booking' };
    const { hold: claim } = await world.seat(eventId, 'GENERAL-1');
    if (!claim) throw new Error('the seat is not held');
    const { seats } = world.stores;
    const blocks = createSeatBlocks(world.db);
    const take = {
      eventId,
      onSaleAt: past,
      holdId: 'other',
      userId: 'other',
      attemptId: 'other',
      ttlMs: 60_000,
      notAfter: new Date('2099-01-01T00:00:00.000Z'),
    };
    const steps: [keyof typeof TRANSITIONS, boolean, () => Promise<unknown>][] = [
      ['take', true, () => seats.takeOne(take, 'GENERAL-1')],
      ['take', true, () => seats.takeMany(take, ['GENERAL-1'])],
      ['extend', false, () => seats.extend(hold, new Date('2098-01-01T00:00:00.000Z'))],
      ['pin', false, () => seats.pin(hold)],
      ['confirm', false, () => seats.confirm(hold)],
      ['unpin', false, () => seats.unpin(hold, 'available')],
      ['unpin', false, () => seats.unpin(hold, 'held')],
      ['release', false, () => seats.free(hold)],
      ['return', false, () => seats.returnSold(hold)],
      ['block', true, () => blocks.block(eventId, 'new', ['GENERAL-1'])],
      ['unblock', false, () => blocks.unblock(eventId, 'block')],
    ];
    for (const [step, expired, run] of steps) {
      for (const status of SEAT_STATUSES) {
        await collection.updateOne(
          { _id: `${eventId}:GENERAL-1` },
          {
            $set: {
              status,
              version: 1,
              hold: { ...claim, ...(expired && { expiresAt: past }) },
              commit: { bookingId: 'booking', pinId: 'pin', at: past },
              block: { id: 'block', at: past },
            },
          },
        );
        await run();
        const after = await world.seat(eventId, 'GENERAL-1');
        const { from, to } = TRANSITIONS[step];
        const what = `${step} from ${status}`;
        if ((from as readonly string[]).includes(status)) {
          expect(after.version, what).to.equal(2);
          expect(to as readonly string[], what).to.include(after.status);
        } else {
          expect([after.status, after.version], what).to.deep.equal([status, 1]);
        }
      }
    }
  });

  it('of holds run on MongoDB and the stand-in, and hit what they should', async () => {
    const eventId = await world.event(1);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, ['GENERAL-1']);
    const { holds } = world.stores;
    const hold = await world.hold(body.hold.holdId);
    expect(await holds.runOut(9)).to.deep.equal([]);
    expect(await holds.unfinished(0, 9)).to.deep.equal([]);
    expect(await holds.unsettled(0, 9)).to.deep.equal([]);
    expect((await holds.ofUser(buyer.userId, { limit: 9 })).holds).to.have.length(1);
    const step = { origin: ORIGIN, reason: 'test', pinId: 'pin', bookingId: 'booking' };
    expect(await holds.begin(hold, 'expiring', step)).to.equal(null);
    for (const state of MIDDLE_STATES.filter((one) => one !== 'expiring')) {
      const version = (await world.hold(hold._id)).version;
      const begun = await holds.begin({ ...hold, version }, state, step);
      expect([begun?.state, begun?.version]).to.deep.equal([state, version + 1]);
      expect(await holds.unfinished(0, 9)).to.have.length(1);
      await world.db
        .collection<{ _id: string }>('holds')
        .updateOne({ _id: hold._id }, { $set: { state: 'held' } });
    }
  });

  it('keep text from outside as text, whatever it looks like', async () => {
    const eventId = await world.event(1);
    const seat = await world.stores.seats.takeOne(
      {
        eventId,
        onSaleAt: new Date(0),
        holdId: '$$NOW',
        userId: '$eventId',
        attemptId: '$version',
        ttlMs: 1_000,
        notAfter: new Date('2099-01-01T00:00:00.000Z'),
      },
      'GENERAL-1',
    );
    expect([seat?.hold?.id, seat?.hold?.userId, seat?.hold?.attemptId]).to.deep.equal([
      '$$NOW',
      '$eventId',
      '$version',
    ]);
  });
});
