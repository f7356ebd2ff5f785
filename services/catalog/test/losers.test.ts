import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { FRESH_MS } from '../src/taken-seats.ts';
import { seatIds, startWorld, type World } from './world.ts';

describe('certain losers', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.catalog.sweeper.stop();
  });
  after(() => world.stop());

  /** Frees a seat in the store alone, as another process would. */
  const freeElsewhere = (eventId: string, seatId: string) =>
    world.db
      .collection<{ _id: string }>('seats')
      .updateOne(
        { _id: `${eventId}:${seatId}` },
        { $set: { status: 'available' }, $inc: { version: 1 }, $unset: { hold: '' } },
      );

  it('are refused without a claim or a write, and told which seats are taken', async () => {
    const eventId = await world.event(3);
    await world.take(await world.user(), eventId, ['GENERAL-1', 'GENERAL-2']);
    const buyer = await world.user();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.take(buyer, eventId, seatIds(3))),
    );
    const [first] = answers;
    expect([first?.status, first?.body.code, first?.body.seatIds]).to.deep.equal([
      409,
      'seat_unavailable',
      ['GENERAL-1', 'GENERAL-2'],
    ]);
    expect(new Set(answers.map((one) => one.body.detail)).size).to.equal(1);
    expect(
      await world.db
        .collection<{ _id: string }>('quotas')
        .countDocuments({ _id: `${buyer.userId}:${eventId}` }),
    ).to.equal(0);
    expect((await world.seats(eventId)).map((seat) => seat.version)).to.deep.equal([2, 2, 1]);
  });

  it('win a seat that another process freed, within 250 ms and a try', async () => {
    const eventId = await world.event(1);
    await world.take(await world.user(), eventId, ['GENERAL-1']);
    const buyer = await world.user();
    await world.take(buyer, eventId, ['GENERAL-1']);
    await freeElsewhere(eventId, 'GENERAL-1');
    const freedAt = performance.now();
    let lastRefusedAt = freedAt;
    await waitUntil('the freed seat', async () => {
      const askedAt = performance.now();
      const { status } = await world.take(buyer, eventId, ['GENERAL-1']);
      if (status !== 201) lastRefusedAt = askedAt;
      return status === 201;
    });
    expect(lastRefusedAt - freedAt).to.be.below(FRESH_MS);
  });

  it('win a seat that this process freed at once', async () => {
    const eventId = await world.event(1);
    const owner = await world.user();
    const { body } = await world.take(owner, eventId, ['GENERAL-1']);
    const buyer = await world.user();
    expect((await world.take(buyer, eventId, ['GENERAL-1'])).status).to.equal(409);
    await world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: owner });
    expect((await world.take(buyer, eventId, ['GENERAL-1'])).status).to.equal(201);
  });

  it('are answered by the hold they have under their key, not by the seats it took', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const first = await world.take(buyer, eventId, ['GENERAL-1'], 60, 'mine');
    const [again, other] = await Promise.all([
      world.take(buyer, eventId, ['GENERAL-1'], 60, 'mine'),
      world.take(buyer, eventId, seatIds(2), 60, 'mine'),
    ]);
    expect([again.status, again.body]).to.deep.equal([201, first.body]);
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
  });
});
