import { bookingAuthorized } from '@holdfast/shared/contracts/bookings.ts';
import type { HoldChange } from '@holdfast/shared/contracts/holds.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Hold } from '../src/hold.ts';
import { tellEndingSoon } from '../src/operations/tell-ending-soon.ts';
import { changing } from './changing.ts';
import { bookingOf, seatIds, startWorld, type World } from './world.ts';

describe('a hold that ends soon', () => {
  let world: World;
  const { held, add, drop } = changing(() => world);
  before(async () => {
    world = await startWorld({ HOLD_WARNING_SECONDS: '120', SWEEP_INTERVAL_MS: '600000' });
    await world.catalog.relay.stop();
    await world.catalog.endingSoon.stop();
  });
  after(() => world.stop());

  const WARNING_MS = 120_000;
  const round = () => world.catalog.endingSoon.drain();
  const warningsOf = async (hold: Hold) =>
    (await world.hold(hold._id)).outbox.filter((one) => one.type === 'hold.ending_soon.v1');

  /** The hold as it is `leftSeconds` before its end; it lasts ten minutes in all. */
  async function endingIn(leftSeconds: number) {
    const { buyer, hold, eventId } = await held(2, 4);
    const past = 600_000 - leftSeconds * 1_000;
    const earlier = (instant: Date) => new Date(instant.getTime() - past);
    const moved = { takenAt: earlier(hold.takenAt), expiresAt: earlier(hold.expiresAt) };
    await world.db.collection<Hold>('holds').updateOne({ _id: hold._id }, { $set: moved });
    await world.db
      .collection('seats')
      .updateMany({ 'hold.id': hold._id }, { $set: { 'hold.expiresAt': moved.expiresAt } });
    return { buyer, eventId, hold: await world.hold(hold._id) };
  }

  it('is told of two minutes before its end, with its end, not earlier', async () => {
    const early = await endingIn(150);
    const { buyer, hold, eventId } = await endingIn(119);
    await round();
    expect((await warningsOf(hold)).map((one) => one.data)).to.deep.equal([
      {
        holdId: hold._id,
        eventId,
        userId: buyer.userId,
        seats: [],
        seatIds: seatIds(2),
        expiresAt: hold.expiresAt.toISOString(),
      },
    ]);
    expect(await warningsOf(early.hold)).to.deep.equal([]);
    expect((await world.hold(hold._id)).version).to.equal(hold.version);
  });

  it('leaves a basket kept by the newest version right, through every other change too', async () => {
    const { buyer, hold } = await endingIn(60);
    const extend = { as: buyer, body: { durationSeconds: 50 } };
    const steps = [
      () => add(buyer, hold, ['GENERAL-4', 'GENERAL-3']),
      round,
      () => drop(buyer, hold, 'GENERAL-1'),
      () => world.call('POST', `/api/holds/${hold._id}/extend`, extend),
      round,
      () => world.call('DELETE', `/api/holds/${hold._id}`, { as: buyer }),
    ];
    const told: (string[] | undefined)[] = [];
    for (const step of [round, ...steps]) {
      await step();
      const { outbox, state, seats } = await world.hold(hold._id);
      // Of equal versions the one that came last, as a client would have it.
      const [newest] = outbox.toReversed().toSorted((a, b) => b.version - a.version);
      told.push((newest?.data as HoldChange | undefined)?.seatIds);
      const has = state === 'held' ? seats.map(({ seatId }) => seatId) : [];
      expect(told.at(-1)).to.deep.equal(has);
    }
    expect(told.map((basket) => basket?.length)).to.deep.equal([2, 4, 4, 3, 3, 3, 0]);
  });

  it('is told of once, however often and from however many processes it is looked for', async () => {
    const { hold } = await endingIn(100);
    await Promise.all(Array.from({ length: 8 }, () => tellEndingSoon(world.stores, WARNING_MS)));
    await round();
    expect(await warningsOf(hold)).to.have.length(1);
  });

  it('is told of again for its new end once it was extended, and not before that', async () => {
    const { buyer, hold } = await endingIn(60);
    await round();
    const { status } = await world.call('POST', `/api/holds/${hold._id}/extend`, {
      as: buyer,
      body: { durationSeconds: 55 },
    });
    expect(status).to.equal(200);
    await round();
    await round();
    const told = (await warningsOf(hold)).map(
      (one) => (one.data as { expiresAt: string }).expiresAt,
    );
    expect(told).to.deep.equal([
      hold.expiresAt.toISOString(),
      new Date(hold.expiresAt.getTime() + 55_000).toISOString(),
    ]);
  });

  it('is not told of where it was short from the start, is being paid, or has ended', async () => {
    const short = await held(1, 1, {}, 90);
    const paid = await endingIn(60);
    await world.send(bookingAuthorized, bookingOf(paid.hold));
    const released = await endingIn(60);
    await world.call('DELETE', `/api/holds/${released.hold._id}`, { as: released.buyer });
    const over = await endingIn(1);
    await waitUntil('the hold to run out', async () => {
      const found = await world.stores.holds.find(over.hold._id);
      return found && found.now >= found.hold.expiresAt;
    });
    await round();
    for (const { hold } of [short, paid, released, over]) {
      expect(await warningsOf(hold)).to.deep.equal([]);
    }
  });

  it('is told of with hundreds of others, each once', async () => {
    const { hold } = await endingIn(90);
    const copies = Array.from({ length: 1_200 }, () => ({ ...hold, _id: newId(), outbox: [] }));
    const holds = world.db.collection<Hold>('holds');
    await holds.insertMany(copies);
    await round();
    const told = await holds.countDocuments({
      'outbox.type': 'hold.ending_soon.v1',
      outbox: { $size: 1 },
    });
    expect(told).to.equal(1_200);
  });
});
