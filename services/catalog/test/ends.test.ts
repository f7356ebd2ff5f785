import { bookingAuthorized, bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { expect } from 'chai';
import { type Hold, historyEntry } from '../src/hold.ts';
import { expireHold } from '../src/operations/expire-hold.ts';
import { bookingMessage, bookingOf, seatIds, startWorld, type User, type World } from './world.ts';

const PAST = new Date(0);

describe('holds that end together', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ SWEEP_INTERVAL_MS: '600000' });
    await world.catalog.relay.stop();
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  /** So many holds of one seat each, of an account each. */
  async function held(count: number): Promise<{ eventId: string; buyers: User[]; holds: Hold[] }> {
    const eventId = await world.event(count);
    const buyers = await Promise.all(seatIds(count).map(() => world.user()));
    const answers = await Promise.all(
      buyers.map((buyer, index) => world.take(buyer, eventId, [`GENERAL-${index + 1}`])),
    );
    const holds = await Promise.all(answers.map((one) => world.hold(one.body.hold.holdId)));
    return { eventId, buyers, holds };
  }
  const edit = (hold: Hold, members: Partial<Hold>) =>
    world.db.collection<Hold>('holds').updateOne({ _id: hold._id }, { $set: members });
  const expire = async (hold: Hold) => {
    await edit(hold, { expiresAt: PAST });
    await world.db
      .collection<{ _id: string }>('seats')
      .updateMany({ 'hold.id': hold._id }, { $set: { 'hold.expiresAt': PAST } });
  };

  it('begin each by its own rule: in the version read, in time, and never by a closed pin', async () => {
    const { holds } = await held(6);
    const [late, live, moved, open, closed, over] = holds as [Hold, Hold, Hold, Hold, Hold, Hold];
    const step = (pinId?: string) => ({
      origin: systemOrigin('test', newId()),
      reason: 'test',
      ...(pinId !== undefined && { pinId, bookingId: `booking of ${pinId}` }),
    });
    await expire(late);
    await expire(moved);
    await edit(moved, { version: 7 });
    await edit(closed, { closed: [{ pinId: 'shut', reason: 'pin_closed' }] });
    await edit(over, { expiresAt: PAST });
    const { begin } = world.stores.holds;
    const begun = await Promise.all([
      begin(late, 'expiring', step()),
      begin(live, 'expiring', step()),
      begin(moved, 'expiring', step()),
      begin(open, 'pinning', step('$$NOW')),
      begin(closed, 'pinning', step('shut')),
      begin(over, 'pinning', step('late')),
    ]);
    expect(begun.map((hold) => hold && [hold.state, hold.version, hold.pinId])).to.deep.equal([
      ['expiring', 2, null],
      null,
      null,
      ['pinning', 2, '$$NOW'],
      null,
      null,
    ]);
    const stored = await Promise.all(holds.map((hold) => world.hold(hold._id)));
    expect(stored.map((hold) => [hold.state, hold.version, hold.bookingId])).to.deep.equal([
      ['expiring', 2, null],
      ['held', 1, null],
      ['held', 7, null],
      ['pinning', 2, 'booking of $$NOW'],
      ['held', 1, null],
      ['held', 1, null],
    ]);
    expect([begun[0]?.step, begun[3]?.step]).to.deep.equal([stored[0]?.step, stored[3]?.step]);
  });

  it('are settled each with its own message and history; one that moved stays as it is', async () => {
    const { holds } = await held(3);
    await Promise.all(holds.map((hold) => edit(hold, { state: 'releasing' })));
    const [, second] = holds;
    if (second) await edit(second, { version: 9 });
    const settled = await Promise.all(
      holds.map((hold, index) =>
        world.stores.holds.settle({ ...hold, state: 'releasing' }, 'released', {
          message: bookingMessage(bookingAuthorized, bookingOf(hold, newId())),
          entry: historyEntry(PAST, systemOrigin('test', `${index}`), '$reason', null, {}),
          set: { askedAt: null },
        }),
      ),
    );
    expect(settled.map((hold) => hold && [hold.state, hold.version])).to.deep.equal([
      ['released', 2],
      null,
      ['released', 2],
    ]);
    for (const [index, hold] of holds.entries()) {
      const after = await world.hold(hold._id);
      if (index === 1) {
        expect([after.state, after.version, after.history]).to.deep.equal([
          'releasing',
          9,
          hold.history,
        ]);
      } else {
        expect(after.outbox).to.deep.equal(settled[index]?.outbox);
        expect(after.history).to.deep.equal(settled[index]?.history);
        expect(after.history.at(-1)).to.deep.include({ requestId: `${index}`, reason: '$reason' });
      }
    }
  });

  it('expire the long way where a seat lasts longer: an extension that was under way comes too late', async () => {
    const { eventId, buyers, holds } = await held(1);
    const [[hold], [buyer]] = [holds, buyers];
    if (!hold || !buyer) throw new Error('no hold');
    await edit(hold, { expiresAt: PAST });
    const late = { ...(await world.hold(hold._id)) };
    expect(await expireHold(world.stores, { hold: late, now: new Date() })).to.equal(true);
    const after = await world.hold(hold._id);
    expect([after.state, after.version]).to.deep.equal(['expired', 3]);
    expect((await world.seats(eventId)).map((seat) => seat.status)).to.deep.equal(['available']);
    const message = after.outbox[0];
    const entry = after.history[0];
    if (!message || !entry) throw new Error('no trace of the take');
    const extension = { key: null, fingerprint: '', expiresAt: new Date(Date.now() + 60_000) };
    const extended = await world.stores.holds.extend(late, { extension, message, entry });
    expect(extended).to.equal(null);
  });

  it('leave a hold alone that was extended after it was read, and what it owns', async () => {
    const { eventId, buyers, holds } = await held(1);
    const [[hold], [buyer]] = [holds, buyers];
    if (!hold || !buyer) throw new Error('no hold');
    const extend = `/api/holds/${hold._id}/extend`;
    await world.call('POST', extend, { as: buyer, body: { durationSeconds: 60 } });
    const read = { hold: { ...hold, expiresAt: PAST }, now: new Date() };
    expect(await expireHold(world.stores, read)).to.equal(false);
    expect((await world.hold(hold._id)).state).to.equal('held');
    expect((await world.seats(eventId)).map((seat) => seat.status)).to.deep.equal(['held']);
    expect(await world.claims(buyer.userId, eventId)).to.have.length(1);
  });

  it('expire by hundreds: each once, with its message, its seat and its quota; live ones stay', async () => {
    const { eventId, buyers, holds } = await held(300);
    const [live, ...late] = holds;
    if (!live) throw new Error('no hold');
    await Promise.all(late.map(expire));
    await Promise.all([
      world.catalog.sweeper.runOnce(),
      ...late.slice(0, 40).map((hold) => expireHold(world.stores, { hold, now: new Date() })),
    ]);
    await world.catalog.sweeper.drain();
    const seats = await world.seats(eventId);
    expect(seats.map((seat) => [seat.status, seat.version])).to.deep.equal(
      seats.map((_, index) => (index === 0 ? ['held', 2] : ['available', 3])),
    );
    for (const [index, hold] of late.entries()) {
      const after = await world.hold(hold._id);
      const told = { seatId: `GENERAL-${index + 2}`, version: 3, status: 'available' };
      expect([after.state, after.version, after.step ?? null]).to.deep.equal(['expired', 2, null]);
      expect(after.history.map((entry) => entry.reason)).to.deep.equal([
        'seats taken',
        'ran out of time',
      ]);
      expect(after.outbox.map((message) => message.type)).to.deep.equal([
        'hold.taken.v1',
        'hold.expired.v1',
      ]);
      const change = after.outbox[1]?.data as { seats: object[] } | undefined;
      expect(change?.seats[0]).to.deep.include(told);
    }
    const claims = await Promise.all(buyers.map((buyer) => world.claims(buyer.userId, eventId)));
    expect(claims.map((some) => some.length)).to.deep.equal(
      buyers.map((_, index) => (index === 0 ? 1 : 0)),
    );
    expect(await world.hold(live._id)).to.deep.equal(live);
  });

  it('are sold and given back by many bookings at once, each its own seats', async () => {
    const { eventId, buyers, holds } = await held(40);
    const bookings = holds.slice(0, 20).map((hold) => bookingOf(hold));
    await Promise.all([
      ...bookings.map(async (booking) => {
        await world.send(bookingAuthorized, booking);
        await world.send(bookingConfirmed, booking);
      }),
      ...holds
        .slice(20)
        .map((hold, index) =>
          world.call('DELETE', `/api/holds/${hold._id}`, { as: buyers[index + 20] as User }),
        ),
    ]);
    const seats = await world.seats(eventId);
    expect(seats.map((seat) => [seat.status, seat.version])).to.deep.equal(
      seats.map((_, index) => (index < 20 ? ['sold', 4] : ['available', 3])),
    );
    const states = await Promise.all(holds.map(async (hold) => (await world.hold(hold._id)).state));
    expect(states).to.deep.equal(holds.map((_, n) => (n < 20 ? 'confirmed' : 'released')));
  });

  it('free what a lost try took, and nothing of other tries of the tick', async () => {
    const eventId = await world.event(6);
    const tries = seatIds(6).map((seatId) => ({
      seatId,
      take: {
        eventId,
        onSaleAt: PAST,
        holdId: newId(),
        userId: newId(),
        attemptId: newId(),
        ttlMs: 60_000,
        notAfter: new Date('2099-01-01T00:00:00.000Z'),
      },
    }));
    await Promise.all(tries.map(({ seatId, take }) => world.stores.seats.takeMany(take, [seatId])));
    await Promise.all(
      tries
        .slice(0, 3)
        .map(({ take }) => world.stores.seats.giveBack(eventId, take.holdId, take.attemptId)),
    );
    expect((await world.seats(eventId)).map((seat) => seat.status)).to.deep.equal([
      ...['available', 'available', 'available'],
      ...['held', 'held', 'held'],
    ]);
  });
});
