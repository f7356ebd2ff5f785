import { blockLifted, blockPlaced } from '@holdfast/shared/contracts/blocks.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Block } from '../src/block.ts';
import { startWorld, type User, type World } from './world.ts';

describe('blocks of the house', () => {
  let world: World;
  let buyer: User;
  before(async () => {
    world = await startWorld();
    buyer = await world.user();
  });
  after(() => world.stop());

  const place = (eventId: string, body: object, as = world.organizer, key?: string) =>
    world.call('POST', `/api/events/${eventId}/blocks`, {
      as,
      body: { reason: 'Camera platform', ...body },
      ...(key !== undefined && { key }),
    });
  const lift = (eventId: string, blockId: string, as = world.organizer) =>
    world.call('DELETE', `/api/events/${eventId}/blocks/${blockId}`, { as });
  const list = async (eventId: string) =>
    (await world.call('GET', `/api/events/${eventId}/blocks`, { as: world.organizer })).body.blocks;
  const stored = async (blockId: string) => {
    const block = await world.db.collection<Block>('blocks').findOne({ _id: blockId });
    if (!block) throw new Error(`no block ${blockId}`);
    return block;
  };
  const statuses = async (eventId: string) =>
    (await world.seats(eventId)).map(({ status, version }) => [status, version]);

  it('keep seats from being taken until they are lifted, with reason and who did it', async () => {
    const eventId = await world.event(3);
    const placed = await place(eventId, { seatIds: ['GENERAL-1', 'GENERAL-2'] });
    expect(placed.status).to.equal(201);
    const { block } = placed.body;
    expect(block).to.deep.include({
      eventId,
      reason: 'Camera platform',
      seatIds: ['GENERAL-1', 'GENERAL-2'],
      status: 'placed',
    });
    expect(block.placedBy).to.include(world.organizer.userId);
    const refused = await world.take(buyer, eventId, ['GENERAL-2']);
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'seat_unavailable']);
    expect((await world.take(buyer, eventId, ['GENERAL-3'])).status).to.equal(201);
    expect(await list(eventId)).to.deep.equal([block]);

    const lifted = await lift(eventId, block.blockId);
    expect([lifted.status, lifted.body.block]).to.deep.equal([200, { ...block, status: 'lifted' }]);
    expect(await lift(eventId, block.blockId)).to.deep.include({ status: 200, body: lifted.body });
    expect(await list(eventId)).to.deep.equal([]);
    expect((await world.take(buyer, eventId, ['GENERAL-2'])).status).to.equal(201);
    const { history } = await stored(block.blockId);
    expect(history.map((entry) => [entry.reason, entry.after])).to.deep.equal([
      ['Camera platform', { state: 'placing' }],
      ['Camera platform', { state: 'placed' }],
      ['lifted', { state: 'lifting' }],
      ['seats given back', { state: 'lifted' }],
    ]);
  });

  it('take all seats or none: one in use refuses them with the list, and the others stay free', async () => {
    const eventId = await world.event(3);
    await world.take(buyer, eventId, ['GENERAL-2']);
    const refused = await place(eventId, { seatIds: ['GENERAL-1', 'GENERAL-2', 'GENERAL-3'] });
    expect([refused.status, refused.body.code, refused.body.seatIds]).to.deep.equal([
      409,
      'seats_in_use',
      ['GENERAL-2'],
    ]);
    expect(await statuses(eventId)).to.deep.equal([
      ['available', 3],
      ['held', 2],
      ['available', 3],
    ]);
    expect(await list(eventId)).to.deep.equal([]);
    const unknown = await place(eventId, { seatIds: ['GENERAL-1', 'GENERAL-9'] });
    expect([unknown.body.code, unknown.body.seatIds]).to.deep.equal([
      'seat_not_found',
      ['GENERAL-9'],
    ]);
  });

  it('take over seats whose hold has run out, and no earlier', async () => {
    const eventId = await world.event(1);
    await world.catalog.sweeper.stop();
    await world.take(buyer, eventId, ['GENERAL-1'], 1);
    expect((await place(eventId, { seatIds: ['GENERAL-1'] })).body.code).to.equal('seats_in_use');
    await waitUntil(
      'the hold to run out',
      async () => (await place(eventId, { seatIds: ['GENERAL-1'] })).status === 201,
    );
    world.catalog.sweeper.start();
    await waitUntil('the hold to be ended', async () =>
      (await world.holds()).every((hold) => hold.eventId !== eventId || hold.state === 'expired'),
    );
    expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('blocked');
  });

  it('of a section have all its seats; a section that is not there is refused', async () => {
    const eventId = await world.event(4);
    const placed = await place(eventId, { section: 'General' });
    expect([placed.status, placed.body.block.seatIds.length]).to.deep.equal([201, 4]);
    const unknown = await place(eventId, { section: 'Nowhere' });
    expect([unknown.status, unknown.body.code]).to.deep.equal([404, 'seat_not_found']);
    for (const body of [{}, { section: 'General', seatIds: ['GENERAL-1'] }]) {
      expect((await place(eventId, body)).body.code).to.equal('invalid_request');
    }
  });

  it('are placed once by a repeated request, and by its organizer or an admin only', async () => {
    const eventId = await world.event(2);
    const key = newId();
    const body = { seatIds: ['GENERAL-1'] };
    const first = await place(eventId, body, world.organizer, key);
    const again = await place(eventId, body, world.organizer, key);
    expect([again.status, again.body]).to.deep.equal([201, first.body]);
    const other = await place(eventId, { seatIds: ['GENERAL-2'] }, world.organizer, key);
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    const stranger = await world.user('organizer');
    const { blockId } = first.body.block;
    const foreign = [await place(eventId, body, stranger), await lift(eventId, blockId, stranger)];
    expect(foreign.map((one) => one.status)).to.deep.equal([403, 403]);
    expect((await place(eventId, body, buyer)).status).to.equal(403);
    const elsewhere = await lift(await world.event(1), blockId);
    expect([elsewhere.status, elsewhere.body.code]).to.deep.equal([404, 'block_not_found']);
    const admin = await world.user('admin');
    expect((await lift(eventId, blockId, admin)).status).to.equal(200);
  });

  it('broken off in a middle state are finished by the sweeper, and tell of their seats', async () => {
    const eventId = await world.event(2);
    const { body } = await place(eventId, { seatIds: ['GENERAL-1'] });
    const { blockId } = body.block;
    const blocks = world.db.collection<Block>('blocks');
    const messages: Message[] = [];
    await world.catalog.relay.stop();
    const broken = { movedAt: new Date(0), seatIds: ['GENERAL-1', 'GENERAL-2'] };
    await blocks.updateOne({ _id: blockId }, { $set: { ...broken, state: 'placing' } });
    await waitUntil('the block', async () => (await stored(blockId)).state === 'placed');
    expect(await statuses(eventId)).to.deep.equal([
      ['blocked', 2],
      ['blocked', 2],
    ]);
    await blocks.updateOne({ _id: blockId }, { $set: { ...broken, state: 'lifting' } });
    await waitUntil('its end', async () => (await stored(blockId)).state === 'lifted');
    expect(await statuses(eventId)).to.deep.equal([
      ['available', 3],
      ['available', 3],
    ]);
    messages.push(...(await stored(blockId)).outbox);
    world.catalog.relay.start();
    expect(messages.slice(-2).map(({ type, data }) => ({ type, ...data }))).to.deep.equal(
      [
        { type: blockPlaced.type, status: 'blocked', version: 2 },
        { type: blockLifted.type, status: 'available', version: 3 },
      ].map(({ type, status, version }) => ({
        ...{ type, blockId, eventId, reason: 'Camera platform' },
        actor: body.block.placedBy,
        seats: ['GENERAL-1', 'GENERAL-2'].map((seatId, order) => ({
          ...{ seatId, version, status, order },
        })),
      })),
    );
  });

  it('show on the map of the event', async () => {
    const eventId = await world.event(2);
    await world.catalog.boards.get(eventId);
    await place(eventId, { seatIds: ['GENERAL-2'] });
    const board = await world.catalog.boards.get(eventId);
    expect([...(board?.codes ?? [])]).to.deep.equal([0, 3]);
  });
});
