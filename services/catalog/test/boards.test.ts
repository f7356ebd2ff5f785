import { monotonicMs } from '@holdfast/shared/clock.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { startWire } from '@holdfast/shared/wire.ts';
import { expect } from 'chai';
import { readCatalogConfig } from '../src/config.ts';
import { type Board, statusAt } from '../src/seat-map/board.ts';
import { type Catalog, createService } from '../src/service.ts';
import { given, seatIds, startWorld, type User, type World } from './world.ts';

/** A second process of the same catalog, in this one. */
async function startOther(world: World, settings: Record<string, string> = {}): Promise<Catalog> {
  const other = await createService(readCatalogConfig({ ...world.environment, ...settings }));
  await other.ready;
  return other;
}

/** The statuses that a catalog's board shows, in the plan's order. */
async function shown({ boards }: Pick<Catalog, 'boards'>, eventId: string): Promise<string[]> {
  const board = await boards.get(eventId);
  if (board === undefined) return [];
  return statusesOf(board, boards.nowMs());
}
const statusesOf = (board: Board, nowMs: number) =>
  [...board.codes.keys()].map((index) => statusAt(board, index, nowMs));

/** How long until the condition holds, in ms. */
async function timed(what: string, condition: () => Promise<boolean>, limitMs: number) {
  const startedAt = monotonicMs();
  await waitUntil(what, condition, { limitMs, everyMs: 10 });
  return monotonicMs() - startedAt;
}

describe('boards', () => {
  let world: World;
  let other: Catalog;
  before(async () => {
    world = await startWorld();
    other = await startOther(world);
  });
  after(async () => {
    await other.stop();
    await world.stop();
  });

  it('have the seats of an event as its documents do, and none of an event without seats', async () => {
    const eventId = await world.event(4);
    await world.take(await world.user(), eventId, ['GENERAL-2']);
    await world.db
      .collection<{ _id: string }>('seats')
      .updateOne({ _id: `${eventId}:GENERAL-4` }, { $set: { status: 'blocked' } });
    await other.boards.replanned(eventId);
    expect(await shown(other, eventId)).to.deep.equal([
      'available',
      'held',
      'available',
      'blocked',
    ]);
    const board = await other.boards.get(eventId);
    const stored = await world.seats(eventId);
    expect(board?.faces.map((face) => face.seatId)).to.deep.equal(stored.map((one) => one.seatId));
    expect([...(board?.versions ?? [])]).to.deep.equal(stored.map((one) => one.version));
    expect(await shown(other, '0198c9d4-0000-7000-8000-000000000001')).to.deep.equal([]);
  });

  it('show what their own process stored at once, and what it gave back', async () => {
    const eventId = await world.event(3);
    const { boards } = world.catalog;
    const board = await boards.get(eventId);
    const statusesNow = () => board && statusesOf(board, boards.nowMs());
    expect(statusesNow()).to.deep.equal(Array(3).fill('available'));
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, seatIds(2));
    expect(statusesNow()).to.deep.equal(['held', 'held', 'available']);
    await world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: buyer });
    expect(statusesNow()).to.deep.equal(Array(3).fill('available'));
  });

  it('show what another process stored within 250 ms', async () => {
    const eventId = await world.event(3);
    await shown(other, eventId);
    const tookMs: number[] = [];
    for (let change = 0; change < 5; change += 1) {
      const buyer = await world.user();
      const { body } = await world.take(buyer, eventId, [`GENERAL-${(change % 3) + 1}`]);
      const isTaken = async () => (await shown(other, eventId)).includes('held');
      tookMs.push(await timed('the seat to be taken elsewhere', isTaken, 2_000));
      await world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: buyer });
      const isFree = async () => !(await isTaken());
      tookMs.push(await timed('the seat to be free elsewhere', isFree, 2_000));
    }
    // Half of them, so that a busy machine does not decide.
    expect(tookMs.toSorted((a, b) => a - b)[4]).to.be.below(250);
  });

  it('free a held seat at its own end, before anything is written', async () => {
    const eventId = await world.event(1);
    await world.catalog.sweeper.stop();
    await other.sweeper.stop();
    const { body } = await world.take(await world.user(), eventId, ['GENERAL-1'], 1);
    const endsAtMs = Date.parse(body.hold.expiresAt);
    await waitUntil('the hold to be seen', async () =>
      (await shown(other, eventId)).includes('held'),
    );
    await waitUntil(
      'the end of the hold',
      async () => !(await shown(other, eventId)).includes('held'),
    );
    expect(other.boards.nowMs() - endsAtMs).to.be.within(0, 250);
    expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('held');
    world.catalog.sweeper.start();
    other.sweeper.start();
  });

  it('drop a take that they read before it broke off, and tell others, though no message did', async () => {
    const eventId = await world.event(2);
    const seats = world.db.collection<{ _id: string }>('seats');
    const { now } = await seats
      .aggregate<{ now: Date }>([{ $match: { eventId } }, { $project: { now: '$$NOW' } }])
      .toArray()
      .then(([first]) => first ?? { now: new Date(0) });
    const expiresAt = new Date(now.getTime() + 600_000);
    const hold = { id: 'try', userId: 'u', attemptId: 'a', round: 0, takenAt: now, expiresAt };
    const seat = { _id: `${eventId}:GENERAL-1` };
    await seats.updateOne(seat, { $set: { status: 'held', hold }, $inc: { version: 1 } });
    for (const { boards } of [world.catalog, other]) await boards.replanned(eventId);
    const both = async () =>
      String(await Promise.all([shown(other, eventId), shown(world.catalog, eventId)]));
    expect(await both()).to.equal('held,available,held,available');
    await seats.updateOne(seat, {
      $set: { status: 'available' },
      $unset: { hold: '' },
      $inc: { version: 1 },
    });
    await waitUntil('the seat to be free', async () => !(await both()).includes('held'), {
      limitMs: 5_000,
    });
    expect(await both()).to.equal(Array(4).fill('available').join());
  });

  it('are read from the store once, however many ask at once', async () => {
    const eventId = await world.event(2);
    const boards = await Promise.all(Array.from({ length: 50 }, () => other.boards.get(eventId)));
    expect(new Set(boards).size).to.equal(1);
    expect((await other.boards.find(eventId))?.revision).to.equal(1);
  });
});

describe('boards without Redis', () => {
  let world: World;
  let other: Catalog;
  let worldWire: Awaited<ReturnType<typeof startWire>>;
  let otherWire: typeof worldWire;
  beforeEach(async () => {
    worldWire = await startWire(given('REDIS_URL'));
    otherWire = await startWire(given('REDIS_URL'));
    world = await startWorld({ REDIS_URL: worldWire.url });
    other = await startOther(world, { REDIS_URL: otherWire.url });
    // What one process has stored, the other must not publish for it.
    await other.relay.stop();
  });
  afterEach(async () => {
    await other.stop();
    await world.stop();
    await worldWire.cut();
    await otherWire.cut();
  });

  const epochOf = async (catalog: Catalog, eventId: string) =>
    (await catalog.boards.find(eventId))?.place?.epoch;

  for (const [how, loseIt] of [
    ['cut', () => otherWire.cut()],
    ['quiet', async () => otherWire.hush()],
  ] as const) {
    it(`are read anew within 5 s while it is ${how}`, async () => {
      const eventId = await world.event(3);
      expect(await shown(other, eventId)).to.deep.equal(Array(3).fill('available'));
      await loseIt();
      await world.take(await world.user(), eventId, ['GENERAL-1']);
      const awayMs = await timed(
        'the seat to be taken without Redis',
        async () => (await shown(other, eventId))[0] === 'held',
        10_000,
      );
      expect(awayMs).to.be.below(5_000);
    });
  }

  it('are read anew before best available refuses by them, once for all who ask', async () => {
    const eventId = await world.event(2);
    const holder = await world.user();
    const { body } = await world.take(holder, eventId, seatIds(2));
    await otherWire.cut();
    const best = (as: User) =>
      fetch(`${other.url}/api/events/${eventId}/holds`, {
        method: 'POST',
        headers: { authorization: `Bearer ${as.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ bestAvailable: { partySize: 2 } }),
      }).then(({ status }) => status);
    const read = async () => {
      const board = await other.boards.find(eventId);
      return { revision: board?.revision ?? 0, readAt: board?.readAt ?? 0, isAway: board?.isAway };
    };
    await waitUntil('Redis to be missed', async () => (await read()).isAway, { limitMs: 5_000 });
    const before = await read();
    const crowd = await Promise.all(Array.from({ length: 20 }, () => world.user()));
    expect(new Set(await Promise.all(crowd.map(best)))).to.deep.equal(new Set([409]));
    const after = await read();
    const reads = after.revision - before.revision;
    expect(reads).to.be.at.most(1 + (after.readAt - before.readAt) / 250);

    // Just read, so that its age alone would have it read again in 2.5 s only.
    await waitUntil('a look', async () => (await read()).readAt > before.readAt, {
      limitMs: 5_000,
    });
    await world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: holder });
    const [party] = crowd;
    if (party === undefined) throw new Error('nobody is there');
    const isServed = async () => (await best(party)) === 201;
    expect(await timed('the seats to be offered', isServed, 10_000)).to.be.below(1_500);
  });

  it('learn within 5 s of its return what could not be told, by another epoch', async () => {
    const eventId = await world.event(3);
    expect(await shown(other, eventId)).to.deep.equal(Array(3).fill('available'));
    const before = await epochOf(other, eventId);
    await worldWire.cut();
    await world.take(await world.user(), eventId, ['GENERAL-1']);
    await world.catalog.relay.drain();
    expect((await shown(other, eventId))[0]).to.equal('available');
    await worldWire.mend();
    const backMs = await timed(
      'the seat to be taken elsewhere',
      async () => (await shown(other, eventId))[0] === 'held',
      10_000,
    );
    expect(backMs).to.be.below(5_000);
    expect(await epochOf(other, eventId)).to.not.equal(before);
  });

  it('go on with what is told after a break, and have what was told before', async () => {
    const eventId = await world.event(3);
    const buyer = await world.user();
    await world.take(buyer, eventId, ['GENERAL-1']);
    await worldWire.cut();
    await worldWire.mend();
    await world.take(buyer, eventId, ['GENERAL-2']);
    const taken = ['held', 'held', 'available'];
    await waitUntil(
      'both seats to be taken elsewhere',
      async () => String(await shown(other, eventId)) === String(taken),
      { limitMs: 5_000 },
    );
    expect(await shown(world.catalog, eventId)).to.deep.equal(taken);
  });
});
