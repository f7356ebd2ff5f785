import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { startWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;

describe('the stamp of a hit', () => {
  let world: World;
  let eventId: string;
  beforeEach(async () => {
    world = await startWorld();
    eventId = await world.event(20, { name: 'Idle' });
    await waitUntil('it to be listed', async () => (await hit()) !== undefined);
    await countedLongAgo();
  });
  afterEach(() => world.stop());

  const listings = () => world.db.collection<{ _id: string; asOf: Date; left: number }>('listings');
  const counters = () =>
    world.db.collection<{ _id: string; countedUntil: Date; at: Date }>('counters');
  /** Nobody buys: it was counted an hour ago. */
  const countedLongAgo = () =>
    listings().updateOne(
      { _id: eventId },
      { $set: { asOf: new Date(Date.now() - HOUR_MS), left: 19 } },
    );
  const hit = async () =>
    // Another query each time: answers are kept for a second.
    (await world.call('GET', `/api/search?q=idle&radiusKm=${1 + Math.random()}`)).body.hits[0];
  const stampMs = async () => Date.parse((await hit()).asOf);
  const isYoung = async () => Date.now() - (await stampMs()) < 2_000;
  /** The stamp once it has stayed the same until it was old. */
  const settled = async (): Promise<number> => {
    let before = 0;
    await waitUntil('the stamp to stay', async () => {
      const now = await stampMs();
      const stays = now === before && Date.now() - now > 2_500;
      before = now;
      return stays;
    });
    return before;
  };

  it('of an idle event is young while seats are counted, and grows old when that stops', async () => {
    await waitUntil('it to be young though it was counted long ago', async () => {
      await countedLongAgo();
      const young = await isYoung();
      const listing = await listings().findOne({ _id: eventId });
      return young && Date.now() - (listing?.asOf.getTime() ?? 0) > HOUR_MS / 2;
    });
    await world.catalog.searching.lister.stop();
    await world.catalog.searching.counter.stop();
    const stamp = await settled();
    expect(await stampMs()).to.equal(stamp);
    world.catalog.searching.counter.start();
    await waitUntil('it to be young again', isYoung);
  });

  it('stays while another process has not counted what it was told, and goes on when it has', async () => {
    const _id = newId();
    const at = new Date(Date.now() + HOUR_MS);
    await waitUntil('it to be young', isYoung);
    await world.catalog.searching.lister.stop();
    await counters().insertOne({ _id, countedUntil: new Date(), at });
    const stamp = await settled();
    await counters().updateOne({ _id }, { $set: { countedUntil: at } });
    await waitUntil('it to go on', async () => (await stampMs()) > stamp && isYoung());
  });

  it('stays at a message that waits and at a hold that ran out, and goes on without them', async () => {
    await Promise.all([world.catalog.relay.stop(), world.catalog.sweeper.stop()]);
    const now = new Date();
    const waiting = { _id: newId(), outbox: [{ id: newId(), time: now.toISOString() }] };
    const ranOut = { _id: newId(), state: 'held', expiresAt: now };
    for (const [name, document] of [
      ['blocks', waiting],
      ['holds', ranOut],
    ] as const) {
      const collection = world.db.collection<{ _id: string }>(name);
      await collection.insertOne(document);
      await settled();
      await collection.deleteOne({ _id: document._id });
      await waitUntil('it to go on', isYoung);
    }
  });

  it('goes on once all was counted anew for a process that died, and not before', async () => {
    const _id = newId();
    const died = new Date(Date.now() - HOUR_MS / 2);
    await world.catalog.searching.lister.stop();
    await world.catalog.searching.counter.stop();
    await listings().updateOne({ _id: eventId }, { $set: { asOf: new Date(0), left: 19 } });
    await counters().insertOne({ _id, countedUntil: died, at: died });
    await world.catalog.searching.lister.runOnce();
    expect(await counters().countDocuments({ _id })).to.equal(1);
    await waitUntil('it to be counted', async () => {
      await world.catalog.searching.counter.runOnce();
      return (await listings().findOne({ _id: eventId }))?.left === 20;
    });
    await world.catalog.searching.lister.runOnce();
    expect(await counters().countDocuments({ _id })).to.equal(0);
  });

  it('is not held back by a process that ended as it should', async () => {
    expect(await counters().countDocuments()).to.equal(1);
    await world.catalog.stop();
    expect(await counters().countDocuments()).to.equal(0);
  });
});
