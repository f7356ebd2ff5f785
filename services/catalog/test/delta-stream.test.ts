import { type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { holdExpired, holdTaken } from '@holdfast/shared/contracts/holds.ts';
import {
  readSeatMapEntry,
  SEAT_MAP_START,
  SEAT_MAP_STREAM_LENGTH,
  type SeatDelta,
  seatMapEpochKey,
  seatMapKey,
} from '@holdfast/shared/contracts/seat-map.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type DeltaStream, openDeltaStream } from '../src/seat-map/delta-stream.ts';
import { createSeatFeed } from '../src/seat-map/seat-feed.ts';
import { given } from './world.ts';

const log = createLogger('test', 'silent');

describe('the delta stream', () => {
  let redis: Redis;
  let stream: DeltaStream;
  let topicPrefix: string;
  let eventId: string;
  before(() => {
    redis = new Redis(given('REDIS_URL'));
  });
  after(() => redis.disconnect());
  beforeEach(async () => {
    topicPrefix = `t${newId().slice(-8)}.`;
    eventId = newId();
    stream = openDeltaStream({ redisUrl: given('REDIS_URL'), topicPrefix, log });
    await waitUntil('Redis', () => stream.end(eventId));
  });
  afterEach(async () => {
    stream.close();
    const keys = await redis.keys(`${topicPrefix}*`);
    if (keys.length > 0) await redis.del(keys);
  });

  const place = async () => {
    const end = await stream.end(eventId);
    if (end === undefined) throw new Error('Redis is away');
    return end;
  };
  const write = (...deltas: SeatDelta[]) => stream.write(new Map([[eventId, deltas]]));

  it('gives what came after a place, and nothing twice', async () => {
    const start = await place();
    expect(start.streamId).to.equal(SEAT_MAP_START);
    await write([0, 2, 1, 5_000]);
    await write([1, 2, 2, 0], [2, 4, 2, 0, 1]);
    const first = await stream.since(eventId, start);
    if (typeof first === 'string') throw new Error(first);
    expect(first.deltas).to.deep.equal([
      [0, 2, 1, 5_000],
      [1, 2, 2, 0],
      [2, 4, 2, 0, 1],
    ]);
    expect(await place()).to.deep.equal(first.place);
    expect(await stream.since(eventId, first.place)).to.deep.equal({
      deltas: [],
      place: first.place,
    });
    expect(await redis.ttl(seatMapKey(topicPrefix, eventId))).to.be.within(80_000, 86_400);
  });

  it('has a gap where entries may have been cut off, and none one entry earlier', async () => {
    const start = await place();
    const key = seatMapKey(topicPrefix, eventId);
    const fill = async (entries: number) => {
      const pipeline = redis.pipeline();
      for (let n = 0; n < entries; n += 1) {
        pipeline.xadd(key, '*', 'epoch', start.epoch, 'changes', '[]');
      }
      await pipeline.exec();
    };
    await fill(SEAT_MAP_STREAM_LENGTH - 1);
    expect(await stream.since(eventId, start)).to.include.keys('deltas', 'place');
    await fill(1);
    expect(await stream.since(eventId, start)).to.equal('gap');
  });

  it('has a gap once the epoch is another: renewed, lost by Redis, or told by an entry', async () => {
    const start = await place();
    await stream.renew();
    expect(await stream.since(eventId, start)).to.equal('gap');
    const second = await place();
    await redis.del(seatMapEpochKey(topicPrefix));
    expect(await stream.since(eventId, second)).to.equal('gap');
    const third = await place();
    await redis.xadd(seatMapKey(topicPrefix, eventId), '*', 'epoch', 'x', 'changes', '[]');
    expect(await stream.since(eventId, third)).to.equal('gap');
    expect(new Set([start.epoch, second.epoch, third.epoch]).size).to.equal(3);
  });

  it('has what is written by a process that has not heard of a new epoch yet', async () => {
    await write([0, 2, 1, 5_000]);
    const other = openDeltaStream({ redisUrl: given('REDIS_URL'), topicPrefix, log });
    await waitUntil('Redis', () => other.end(eventId));
    await other.renew();
    const start = await place();
    await other.renew();
    const renewed = await other.end(eventId);
    other.close();
    if (renewed === undefined) throw new Error('Redis is away');
    await write([1, 2, 2, 0]);
    // Told under the old epoch first, so whoever has read under the new one reads the documents.
    expect(await stream.since(eventId, start)).to.equal('gap');
    const entries = await redis.xrevrange(seatMapKey(topicPrefix, eventId), '+', '-', 'COUNT', 1);
    const last = readSeatMapEntry(entries[0]?.[1] ?? []);
    expect(last).to.deep.equal({ epoch: renewed.epoch, changes: [[1, 2, 2, 0]] });
  });

  it('gives a stream its whole life again once it was lost', async () => {
    await write([0, 2, 1, 5_000]);
    await redis.del(seatMapEpochKey(topicPrefix), seatMapKey(topicPrefix, eventId));
    await write([1, 2, 1, 5_000]);
    await write([2, 2, 1, 5_000]);
    expect(await redis.ttl(seatMapKey(topicPrefix, eventId))).to.be.within(80_000, 86_400);
  });

  it('is away without Redis, and nobody waits for it', async () => {
    for (const redisUrl of [undefined, 'redis://127.0.0.1:1']) {
      const nowhere = openDeltaStream({ redisUrl, topicPrefix, log });
      await nowhere.write(new Map([[eventId, [[0, 1, 0, 0]]]]));
      expect(await nowhere.end(eventId)).to.equal(undefined);
      expect(await nowhere.since(eventId, { epoch: 'e', streamId: '0-0' })).to.equal('away');
      nowhere.close();
    }
  });

  describe('fed with messages', () => {
    const told = (change: object, contract = holdTaken): Message =>
      newMessage(contract, {
        key: newId(),
        version: 1,
        time: new Date(0),
        origin: systemOrigin('test', eventId),
        data: { ...contract.example, eventId, ...change },
      });
    const entries = async () => {
      const found = await redis.xrange(seatMapKey(topicPrefix, eventId), '-', '+');
      return found.map(([, fields]) => readSeatMapEntry(fields)?.changes);
    };
    const ordersOf = async (_event: string, ids: readonly string[]) =>
      new Map(ids.filter((id) => id.startsWith('S-')).map((id) => [id, Number(id.slice(2))]));

    it('has one entry an event for those that come together, by the place of each seat', async () => {
      const feed = createSeatFeed({ stream, ordersOf });
      const expiresAt = '2027-03-14T19:40:00.000Z';
      const named = { seatId: 'A', order: 7, version: 2, status: 'held' };
      const nameless = { seatId: 'S-3', version: 4, status: 'sold' };
      const unknown = { seatId: 'T-9', version: 4, status: 'sold' };
      await feed([
        told({ seats: [named], expiresAt }),
        told({ seats: [nameless, unknown], expiresAt: null }),
      ]);
      expect(await entries()).to.deep.equal([
        [
          [7, 2, 1, Date.parse(expiresAt)],
          [3, 4, 2, 0, 1],
        ],
      ]);
    });

    it('has a message once, also when it comes again, and none of another hold’s seat', async () => {
      const feed = createSeatFeed({ stream, ordersOf });
      const message = told({ seats: [{ seatId: 'A', order: 0, version: 3, status: 'available' }] });
      const takenOver = { seatId: 'B', order: 1, version: 3, status: 'held' };
      await feed([message]);
      await feed([message, told({ seats: [takenOver], expiresAt: null }, holdExpired)]);
      expect(await entries()).to.deep.equal([[[0, 3, 0, 0]]]);
    });
  });
});
