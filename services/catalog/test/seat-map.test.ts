import { request as requestHttp } from 'node:http';
import { brotliDecompressSync } from 'node:zlib';
import {
  readSeatMap,
  readSeatMapEntry,
  readSeatMapId,
  seatMapKey,
} from '@holdfast/shared/contracts/seat-map.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { abortedHold } from '../src/operations/abort-hold.ts';
import { given, seatIds, startWorld, type World } from './world.ts';

type Got = { status: number; headers: Record<string, string>; body: Buffer };

/** A request whose answer comes as it was sent; `fetch` would uncompress it. */
function get(url: string, headers: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    requestHttp(url, { headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(parts),
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const BROTLI = { 'accept-encoding': 'gzip, deflate, br' };
const JSON_FORM = { accept: 'application/json' };

describe('the seat map', () => {
  let world: World;
  let redis: Redis;
  before(async () => {
    world = await startWorld();
    redis = new Redis(given('REDIS_URL'));
  });
  after(async () => {
    redis.disconnect();
    await world.stop();
  });

  const addressOf = (eventId: string) => `${world.catalog.url}/api/events/${eventId}/seat-map`;

  /** The codes of a map, as text. */
  async function codesOf(eventId: string): Promise<string> {
    const { body } = await get(addressOf(eventId));
    return readSeatMap(body)?.codes.join('') ?? 'not a map';
  }

  it('is two bits a seat in the plan’s order, the same compressed, and says its place', async () => {
    const eventId = await world.event(5);
    await world.take(await world.user(), eventId, ['GENERAL-2', 'GENERAL-5']);
    await world.db
      .collection<{ _id: string }>('seats')
      .updateOne({ _id: `${eventId}:GENERAL-3` }, { $set: { status: 'blocked' } });
    await world.catalog.boards.replanned(eventId);
    const plain = await get(addressOf(eventId));
    const packed = await get(addressOf(eventId), BROTLI);
    const map = readSeatMap(plain.body);
    expect([plain.status, map?.planVersion, map?.codes.join('')]).to.deep.equal([200, 1, '01301']);
    expect(plain.body.length).to.equal(20 + 2);
    expect(plain.headers['content-encoding']).to.equal(undefined);
    expect(packed.headers['content-encoding']).to.equal('br');
    expect(readSeatMap(brotliDecompressSync(packed.body))?.codes).to.deep.equal(map?.codes);
    expect(plain.headers['content-type']).to.equal('application/vnd.holdfast.seat-map');
    expect(plain.headers.vary).to.equal('accept, accept-encoding');
    const place = readSeatMapId(plain.headers['x-seat-map-id'] ?? '');
    expect(place?.epoch).to.equal(
      await redis.get(`${world.environment.TOPIC_PREFIX}seat-map:epoch`),
    );
  });

  it('is JSON with counts by section and category for those who ask for it', async () => {
    const eventId = await world.event(4);
    await world.take(await world.user(), eventId, ['GENERAL-1']);
    const answer = await get(addressOf(eventId), JSON_FORM);
    const { asOf, id, ...view } = JSON.parse(answer.body.toString());
    const counts = { available: 3, held: 1, gone: 0, blocked: 0 };
    expect(view).to.deep.equal({
      eventId,
      planVersion: 1,
      seatCount: 4,
      totals: counts,
      categories: [{ category: 'General', ...counts }],
      sections: [{ section: 'General', ...counts }],
      seats: '1000',
    });
    expect(id).to.equal(answer.headers['x-seat-map-id']);
    expect(Math.abs(Date.parse(asOf) - Date.now())).to.be.below(10_000);
  });

  it('answers 304 to who has it, in each form its own, and 200 again after a change', async () => {
    const eventId = await world.event(3);
    for (const form of [{}, BROTLI, JSON_FORM]) {
      const first = await get(addressOf(eventId), form);
      const etag = first.headers.etag ?? '';
      const again = await get(addressOf(eventId), { ...form, 'if-none-match': etag });
      expect([again.status, again.body.length, again.headers.etag]).to.deep.equal([304, 0, etag]);
      expect(again.headers['x-seat-map-id']).to.equal(first.headers['x-seat-map-id']);
    }
    const etags = await Promise.all(
      [{}, BROTLI, JSON_FORM].map(
        async (form) => (await get(addressOf(eventId), form)).headers.etag,
      ),
    );
    expect(new Set(etags).size).to.equal(3);
    await world.take(await world.user(), eventId, ['GENERAL-1']);
    const changed = await waitUntil('the change', async () => {
      const answer = await get(addressOf(eventId), { 'if-none-match': etags[0] ?? '' });
      return answer.status === 200 && answer;
    });
    expect(readSeatMap(changed.body)?.codes.join('')).to.equal('100');
  });

  it('frees a seat at the end of its hold, without a write', async () => {
    const eventId = await world.event(2);
    await world.catalog.sweeper.stop();
    const { body } = await world.take(await world.user(), eventId, ['GENERAL-1'], 1);
    await waitUntil('the hold', async () => (await codesOf(eventId)) === '10');
    await waitUntil('its end', async () => (await codesOf(eventId)) === '00');
    const lateMs = world.catalog.boards.nowMs() - Date.parse(body.hold.expiresAt);
    expect(lateMs).to.be.within(0, 250);
    expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('held');
    world.catalog.sweeper.start();
  });

  it('sells nothing by being stale: a seat that it still shows free is refused, and stays whose it is', async () => {
    const eventId = await world.event(2);
    expect(await codesOf(eventId)).to.equal('00');
    // Another process has stored a hold and has not told of it yet.
    const rival = { holdId: newId(), userId: newId(), attemptId: newId() };
    await world.stores.seats.takeOne(
      {
        ...rival,
        eventId,
        onSaleAt: new Date(0),
        ttlMs: 600_000,
        notAfter: new Date('2099-01-01T00:00:00.000Z'),
      },
      'GENERAL-1',
    );
    const unborn = abortedHold({ ...rival, eventId }, { at: new Date(0) });
    await world.stores.holds.insert({ ...unborn, state: 'held' });
    expect(await codesOf(eventId)).to.equal('00');
    const { status, body } = await world.take(await world.user(), eventId, seatIds(2));
    expect([status, body.code]).to.deep.equal([409, 'seat_unavailable']);
    const [one, two] = await world.seats(eventId);
    expect([one?.hold?.id, two?.status]).to.deep.equal([rival.holdId, 'available']);
  });

  it('is made anew every 100 ms at most, however many changes there are', async () => {
    const eventId = await world.event(60);
    await get(addressOf(eventId));
    const buyers = await Promise.all(Array.from({ length: 10 }, () => world.user()));
    const etags = new Set<string | undefined>();
    const startedAt = performance.now();
    for (let n = 0; n < 60; n += 1) {
      await world.take(buyers[n % 10] as never, eventId, [`GENERAL-${n + 1}`]);
      etags.add((await get(addressOf(eventId))).headers.etag);
    }
    const most = (performance.now() - startedAt) / 100 + 2;
    expect(etags.size).to.be.within(2, Math.floor(most));
    await waitUntil('all of them', async () => (await codesOf(eventId)) === '1'.repeat(60));
  });

  it('and the changes after its place make up what the documents say', async () => {
    const eventId = await world.event(30);
    const buyers = await Promise.all(Array.from({ length: 8 }, () => world.user()));
    const maps: Got[] = [await get(addressOf(eventId))];
    for (let round = 0; round < 3; round += 1) {
      const takes = await Promise.all(
        buyers.map((buyer, n) =>
          world.take(
            buyer,
            eventId,
            seatIds(30)
              .slice((n * 5 + round * 7) % 28)
              .slice(0, 2),
          ),
        ),
      );
      maps.push(await get(addressOf(eventId)));
      await Promise.all(
        takes.map(({ body }, n) =>
          body.hold && n % 3 > 0
            ? world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: buyers[n] as never })
            : undefined,
        ),
      );
      await waitUntil('a map with a later place', async () => {
        const next = await get(addressOf(eventId));
        const isLater = next.headers['x-seat-map-id'] !== maps.at(-1)?.headers['x-seat-map-id'];
        if (isLater) maps.push(next);
        return isLater;
      });
    }
    await world.catalog.relay.drain();
    const stored = (await world.seats(eventId)).map((seat) => (seat.status === 'held' ? 1 : 0));
    const key = seatMapKey(world.environment.TOPIC_PREFIX, eventId);
    for (const { body, headers } of maps) {
      const place = readSeatMapId(headers['x-seat-map-id'] ?? '');
      const codes = [...(readSeatMap(body)?.codes ?? [])] as number[];
      const versions = codes.map(() => 0);
      for (const [, fields] of await redis.xrange(key, `(${place?.streamId}`, '+')) {
        const entry = readSeatMapEntry(fields);
        expect(entry?.epoch).to.equal(place?.epoch);
        for (const [order, version, code] of entry?.changes ?? []) {
          if (version <= (versions[order] ?? 0)) continue;
          versions[order] = version;
          codes[order] = code;
        }
      }
      expect(codes).to.deep.equal(stored);
    }
  });

  it('is nobody’s business for a draft and unknown events', async () => {
    const draft = await world.event(2, { status: 'draft' });
    for (const eventId of [draft, '0198c9d4-0000-7000-8000-000000000001']) {
      const map = await get(addressOf(eventId));
      const geometry = await get(`${addressOf(eventId)}/geometry/1`);
      expect([map.status, geometry.status]).to.deep.equal([404, 404]);
      expect(JSON.parse(map.body.toString()).code).to.equal('event_not_found');
    }
  });

  it('has its geometry apart, for ever, and only that of the plan in use', async () => {
    const eventId = await world.event(4);
    const answer = await get(`${addressOf(eventId)}/geometry/1`);
    expect(answer.headers['cache-control']).to.equal('public, max-age=31536000, immutable');
    expect(JSON.parse(answer.body.toString())).to.deep.equal({
      eventId,
      planVersion: 1,
      seatCount: 4,
      sections: ['General'],
      rows: ['1', '2'],
      categories: ['General'],
      floors: [],
      flags: [],
      seats: {
        seatId: seatIds(4),
        label: ['Seat 1', 'Seat 2', 'Seat 3', 'Seat 4'],
        number: ['1', '2', '3', '4'],
        section: [0, 0, 0, 0],
        row: [0, 0, 1, 1],
        category: [0, 0, 0, 0],
        floor: [-1, -1, -1, -1],
        x: [0, 1, 0, 1],
        y: [0, 0, 1, 1],
        flags: [[], [], [], []],
      },
    });
    const packed = await get(`${addressOf(eventId)}/geometry/1`, BROTLI);
    expect(brotliDecompressSync(packed.body)).to.deep.equal(answer.body);
    const missing = await get(`${addressOf(eventId)}/geometry/2`);
    const { code, planVersion } = JSON.parse(missing.body.toString());
    expect([missing.status, code, planVersion]).to.deep.equal([404, 'plan_version_not_found', 1]);
  });
});
