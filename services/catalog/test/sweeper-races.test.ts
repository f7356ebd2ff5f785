import { bookingAuthorized, bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { expect } from 'chai';
import type { Hold, MiddleState } from '../src/hold.ts';
import { expireHold } from '../src/operations/expire-hold.ts';
import { finishHold } from '../src/operations/finish-hold.ts';
import { settleCommittingSeats } from '../src/operations/settle-seats.ts';
import { bookingOf, seatIds, startWorld, type User, type World } from './world.ts';

const PAST = new Date(0);

/** One does what it decided by a state that it read before the other wrote. */
describe('the sweeper and takers, with what they read before', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ SWEEP_INTERVAL_MS: '600000' });
    await world.catalog.relay.stop();
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  async function held(): Promise<{ buyer: User; hold: Hold }> {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, seatIds(2), 600);
    return { buyer, hold: await world.hold(body.hold.holdId) };
  }
  const runOut = ({ _id }: Hold) =>
    world.db
      .collection<{ _id: string }>('seats')
      .updateMany({ 'hold.id': _id }, { $set: { 'hold.expiresAt': PAST } });
  /** The hold as a sweeper has read it that finds it run out. */
  const asRunOut = (hold: Hold) => ({ hold: { ...hold, expiresAt: PAST }, now: new Date() });
  async function begin(hold: Hold, to: MiddleState, pin?: ReturnType<typeof bookingOf>) {
    const begun = await world.stores.holds.begin(await world.hold(hold._id), to, {
      origin: systemOrigin('test', newId()),
      reason: 'test',
      ...(pin && { pinId: pin.pinId, bookingId: pin.bookingId }),
    });
    if (!begun) throw new Error(`could not begin ${to}`);
    return begun;
  }
  const seatsOf = async ({ eventId }: Hold) =>
    (await world.seats(eventId)).map(({ status, version }) => [status, version]);
  const told = async ({ _id }: Hold) => (await world.hold(_id)).outbox.map(({ type }) => type);
  const takeOne = (eventId: string, seatId: string) => {
    const rival = { holdId: newId(), userId: newId(), attemptId: newId() };
    const sale = { onSaleAt: PAST, ttlMs: 600_000, notAfter: new Date('2099-01-01T00:00:00.000Z') };
    return world.stores.seats
      .takeOne({ ...rival, eventId, ...sale }, seatId)
      .then((taken) => taken && rival.holdId);
  };

  it('never end a hold that was pinned since, nor one that was sold', async () => {
    const { hold } = await held();
    const booking = bookingOf(hold);
    await world.send(bookingAuthorized, booking);
    expect(await expireHold(world.stores, asRunOut(hold))).to.equal(false);
    expect(await seatsOf(hold)).to.deep.equal([
      ['committing', 3],
      ['committing', 3],
    ]);
    await world.send(bookingConfirmed, booking);
    expect(await expireHold(world.stores, asRunOut(hold))).to.equal(false);
    expect(await seatsOf(hold)).to.deep.equal([
      ['sold', 4],
      ['sold', 4],
    ]);
    expect((await world.hold(hold._id)).state).to.equal('confirmed');
  });

  it('never leave a pin with seats that were let go: it is refused, so that no money is taken', async () => {
    const { hold, buyer } = await held();
    const booking = bookingOf(hold);
    const begun = await begin(hold, 'pinning', booking);
    await runOut(hold);
    expect(await expireHold(world.stores, asRunOut(hold))).to.equal(false);
    await finishHold(world.stores, begun);
    expect((await seatsOf(hold)).map(([status]) => status)).to.deep.equal([
      'available',
      'available',
    ]);
    expect(await told(hold)).to.deep.equal(['hold.taken.v1', 'hold.pin_refused.v1']);
    expect((await world.hold(hold._id)).state).to.equal('expired');
    expect(await world.claims(buyer.userId, hold.eventId)).to.deep.equal([]);
  });

  for (const [to, end, type] of [
    ['pinning', 'committing', 'hold.pinned.v1'],
    ['confirming', 'sold', 'hold.confirmed.v1'],
    ['releasing', 'available', 'hold.released.v1'],
  ] as const) {
    it(`never finish a hold that is ${to} twice: whoever comes second changes nothing`, async () => {
      const { hold } = await held();
      const booking = bookingOf(hold);
      if (to === 'confirming') await world.send(bookingAuthorized, booking);
      const begun = await begin(hold, to, booking);
      const version = to === 'confirming' ? 4 : 3;
      expect((await finishHold(world.stores, begun))?.version).to.equal(begun.version + 1);
      expect(await finishHold(world.stores, begun)).to.equal(null);
      expect(await seatsOf(hold)).to.deep.equal([
        [end, version],
        [end, version],
      ]);
      expect((await told(hold)).filter((one) => one === type)).to.deep.equal([type]);
    });
  }

  it('never free a seat under the pin of another hold than the one that was read', async () => {
    const { hold } = await held();
    await world.send(bookingAuthorized, bookingOf(hold));
    const read = await world.seats(hold.eventId);
    const ended = { state: 'expired' as const, pinId: null };
    const seats = world.db.collection<{ _id: string }>('seats');
    await world.db.collection<Hold>('holds').updateOne({ _id: hold._id }, { $set: ended });
    await settleCommittingSeats(world.stores, read);
    const { body } = await world.take(await world.user(), hold.eventId, seatIds(2), 600);
    const next = await world.hold(body.hold.holdId);
    await world.send(bookingAuthorized, bookingOf(next));
    const before = await seats.find({ _id: { $regex: `^${hold.eventId}` } }).toArray();
    await settleCommittingSeats(world.stores, read);
    expect(await seats.find({ _id: { $regex: `^${hold.eventId}` } }).toArray()).to.deep.equal(
      before,
    );
    expect((await seatsOf(hold)).map(([status]) => status)).to.deep.equal([
      'committing',
      'committing',
    ]);
  });

  it('never give a seat of a hold that ran out to two takers', async () => {
    const { hold } = await held();
    await runOut(hold);
    const [first, second] = [
      await takeOne(hold.eventId, 'GENERAL-1'),
      await takeOne(hold.eventId, 'GENERAL-1'),
    ];
    expect(second).to.equal(null);
    expect((await world.seat(hold.eventId, 'GENERAL-1')).hold?.id).to.equal(first);
    const rivals = await Promise.all(
      Array.from({ length: 32 }, () => takeOne(hold.eventId, 'GENERAL-2')),
    );
    const winners = rivals.filter((one) => one !== null);
    expect(winners).to.have.length(1);
    const seat = await world.seat(hold.eventId, 'GENERAL-2');
    expect([seat.hold?.id, seat.version]).to.deep.equal([winners[0], 3]);
  });

  for (const [order, takesBefore] of [
    ['before it has begun', 'release'],
    ['between its document and its seats', 'seats'],
  ] as const) {
    it(`never free by a release the seat of who took it over ${order}`, async () => {
      const { hold, buyer } = await held();
      await runOut(hold);
      let taker: string | null = null;
      if (takesBefore === 'release') {
        taker = await takeOne(hold.eventId, 'GENERAL-1');
        const path = `/api/holds/${hold._id}`;
        expect((await world.call('DELETE', path, { as: buyer })).status).to.be.below(300);
      } else {
        const begun = await begin(hold, 'releasing');
        taker = await takeOne(hold.eventId, 'GENERAL-1');
        await finishHold(world.stores, begun);
      }
      expect(taker).to.be.a('string');
      const [one, two] = await world.seats(hold.eventId);
      expect([one?.status, one?.hold?.id, two?.status]).to.deep.equal(['held', taker, 'available']);
      expect((await world.hold(hold._id)).state).to.equal('released');
    });
  }
});
