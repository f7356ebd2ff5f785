import { writeSeatMap } from '@holdfast/shared/contracts/seat-map.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { startWire } from '@holdfast/shared/wire.ts';
import { expect } from 'chai';
import { given, type LiveWorld, startLiveWorld } from './live-world.ts';

describe('the live seat map over WebSockets', () => {
  let world: LiveWorld;
  before(async () => {
    world = await startLiveWorld();
  });
  after(() => world.stop());

  it('gives followers of an event its changes, nobody else', async () => {
    const [eventId, otherId] = [newId(), newId()];
    const [one, two, other, silent] = [
      await world.follow(eventId),
      await world.follow(eventId),
      await world.follow(otherId),
      await world.connect(),
    ];
    const id = await world.change(eventId, [
      [4, 2, 1, Date.now() + 60_000],
      [5, 7, 2, 0],
    ]);
    const expected = {
      type: 'SEAT_CHANGES',
      eventId,
      id,
      changes: [
        [4, 1],
        [5, 2],
      ],
    };
    expect(await one.sees('SEAT_CHANGES')).to.deep.equal(expected);
    expect(await two.sees('SEAT_CHANGES')).to.deep.equal(expected);
    await world.change(otherId, [[1, 2, 2, 0]]);
    expect(await other.sees('SEAT_CHANGES')).to.include({ eventId: otherId });
    expect(other.frames.map(({ type }) => type)).to.deep.equal(['SUBSCRIBED', 'SEAT_CHANGES']);
    expect(silent.frames).to.deep.equal([]);
  });

  it('gives nothing more of an event after UNSUBSCRIBE_EVENT, goes on with others', async () => {
    const [eventId, keptId] = [newId(), newId()];
    const client = await world.follow(eventId);
    client.send({ type: 'SUBSCRIBE_EVENT', eventId: keptId });
    await client.sees('SUBSCRIBED', 2);
    client.send({ type: 'UNSUBSCRIBE_EVENT', eventId });
    expect(await client.sees('UNSUBSCRIBED')).to.deep.equal({ type: 'UNSUBSCRIBED', eventId });
    await world.change(eventId, [[1, 2, 2, 0]]);
    await world.change(keptId, [[2, 2, 2, 0]]);
    await client.sees('SEAT_CHANGES');
    expect(client.ofType('SEAT_CHANGES').map((frame) => frame.eventId)).to.deep.equal([keptId]);
  });

  it('keeps the highest version of a seat, and says nothing of repeats', async () => {
    const eventId = newId();
    const client = await world.follow(eventId);
    await world.change(eventId, [[9, 3, 2, 0]]);
    await client.sees('SEAT_CHANGES');
    await world.change(eventId, [[9, 2, 1, Date.now() + 60_000]]);
    await world.change(eventId, [[9, 3, 2, 0]]);
    await world.change(eventId, [[8, 1, 3, 0]]);
    await client.sees('SEAT_CHANGES', 2);
    expect(client.ofType('SEAT_CHANGES').map(({ changes }) => changes)).to.deep.equal([
      [[9, 2]],
      [[8, 3]],
    ]);
  });

  it('sends a follower ten messages a second at most, whatever happens, and all of it', async () => {
    const [eventId, secondId] = [newId(), newId()];
    const client = await world.follow(eventId);
    client.send({ type: 'SUBSCRIBE_EVENT', eventId: secondId });
    await client.sees('SUBSCRIBED', 2);
    const from = client.arrivedMs.length;
    const startedAt = performance.now();
    let seat = 0;
    await waitUntil(
      'a second of changes',
      async () => {
        seat += 1;
        await world.change(seat % 2 ? eventId : secondId, [[seat, 2, 2, 0]]);
        return performance.now() - startedAt > 1_000;
      },
      { everyMs: 2 },
    );
    const seen = () => Object.keys(client.seats()).length;
    await waitUntil('all of them', () => seen() === seat);
    const messages = client.arrivedMs.slice(from);
    const seconds = ((messages.at(-1) ?? 0) - (messages[0] ?? 0)) / 1_000;
    expect(seat).to.be.above(50);
    expect(messages.length - 1).to.be.at.most(Math.ceil(seconds * 10));
  });

  it('frees a held seat at its end by itself, leaves a sold one and a longer hold alone', async () => {
    const eventId = newId();
    const client = await world.follow(eventId);
    const endsAtMs = Date.now() + 600;
    await world.change(eventId, [
      [1, 2, 1, endsAtMs],
      [2, 2, 1, endsAtMs],
      [3, 2, 1, endsAtMs + 60_000],
    ]);
    await world.change(eventId, [[2, 3, 2, 0]]);
    await client.sees('SEAT_CHANGES');
    expect(client.seats()).to.deep.equal({ 1: 1, 2: 2, 3: 1 });
    await waitUntil('the seat to be free', () => client.seats()[1] === 0);
    expect(Date.now()).to.be.within(endsAtMs - 50, endsAtMs + 1_000);
    expect(client.seats()).to.deep.equal({ 1: 0, 2: 2, 3: 1 });
  });

  it('resumes from an id with what was missed, each seat once and as it is now', async () => {
    const eventId = newId();
    const since = await world.change(eventId, [
      [1, 2, 1, Date.now() + 60_000],
      [7, 2, 1, Date.now() + 100],
    ]);
    await world.change(eventId, [[2, 2, 1, Date.now() + 60_000]]);
    const id = await world.change(eventId, [[2, 3, 2, 0]]);
    await waitUntil('the hold to end', () => Date.now() > Number(since.split(/[~-]/).at(-2)) + 200);
    const client = await world.follow(eventId, since);
    await client.sees('SEAT_CHANGES');
    expect(client.frames).to.deep.equal([
      { type: 'SUBSCRIBED', eventId, id },
      {
        type: 'SEAT_CHANGES',
        eventId,
        id,
        changes: [
          [2, 2],
          [7, 0],
        ],
      },
    ]);
    const upToDate = await world.follow(eventId, id);
    await upToDate.settles();
    expect(upToDate.ofType('SNAPSHOT_NEEDED')).to.deep.equal([]);
  });

  it('asks for a snapshot after a gap, an unknown id or another epoch, then goes on from there', async () => {
    const eventId = newId();
    const first = await world.change(eventId, [[1, 2, 2, 0]]);
    const second = await world.change(eventId, [[2, 2, 2, 0]]);
    const id = await world.change(eventId, [[3, 2, 2, 0]]);
    await world.redis.xtrim(`${world.topicPrefix}seat-map:{${eventId}}`, 'MAXLEN', 2);
    const ask = async (since: string) => {
      const client = await world.connect();
      client.send({ type: 'SUBSCRIBE_EVENT', eventId, since });
      return client;
    };
    const needed = { type: 'SNAPSHOT_NEEDED', eventId, id };
    const address = `/api/events/${eventId}/seat-map`;
    const late = await ask(first);
    expect(await late.sees('SNAPSHOT_NEEDED')).to.deep.equal({ ...needed, reason: 'gap', address });
    const early = await ask(id.replace(/~\d/, '~9'));
    expect(await early.sees('SNAPSHOT_NEEDED')).to.include({ reason: 'position_unknown' });
    const stranger = await ask(id.replace(/^.*~/, `${newId()}~`));
    expect(await stranger.sees('SNAPSHOT_NEEDED')).to.include({ reason: 'epoch' });
    const inTime = await ask(second);
    await inTime.sees('SEAT_CHANGES');
    expect(inTime.seats()).to.deep.equal({ 3: 2 });
    await world.change(eventId, [[4, 2, 2, 0]]);
    for (const client of [late, early, stranger, inTime]) {
      await waitUntil('the change', () => client.seats()[4] === 2);
    }
  });

  it('has followers take a snapshot when the epoch changes under them', async () => {
    const eventId = newId();
    const client = await world.follow(eventId);
    await world.change(eventId, [[1, 2, 2, 0]]);
    await client.sees('SEAT_CHANGES');
    await world.loseStreams(eventId);
    expect(await client.sees('SNAPSHOT_NEEDED')).to.include({ eventId, reason: 'epoch' });
    await world.change(eventId, [[1, 3, 0, 0]]);
    await waitUntil('the change', () => client.seats()[1] === 0);
  });

  it('sends changes of any number in one message', async () => {
    const eventId = newId();
    const client = await world.follow(eventId);
    for (const count of [1, 30, 12_000]) {
      const changes = Array.from({ length: count }, (_, at) => [at, count, 2, 0] as const);
      await world.change(eventId, changes);
      await waitUntil('them', () => client.ofType('SEAT_CHANGES').at(-1)?.changes !== undefined);
      await waitUntil('all', () => Object.keys(client.seats()).length === count);
    }
    expect(client.ofType('SEAT_CHANGES')).to.have.length(3);
  });
});

describe('the live seat map under trouble', () => {
  let world: LiveWorld;
  afterEach(() => world.stop());

  it('cuts off who does not keep up and tells him what he missed once he does; others go on', async function () {
    this.timeout(60_000);
    world = await startLiveWorld({ LIVE_UNSENT_BYTES: '20000' });
    const eventId = newId();
    const [slow, quick] = [await world.follow(eventId), await world.follow(eventId)];
    slow.socket.pause();
    let version = 1;
    const cutOff = async () => {
      const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
      return /holdfast_live_resyncs_total\{[^}]*reason="slow"[^}]*\} [1-9]/.test(text);
    };
    await waitUntil('the cut', async () => {
      version += 1;
      const changes = Array.from({ length: 50_000 }, (_, at) => [at, version, 3, 0] as const);
      await world.change(eventId, changes);
      return cutOff();
    });
    // Several messages to who keeps up, one to who comes late.
    for (const seat of [1, 2, 3]) {
      await world.change(eventId, [[seat, version + 1, 2, 0]]);
      await waitUntil('the quick one', () => quick.seats()[seat] === 2);
    }
    expect(slow.seats()[1]).not.to.equal(2);
    slow.socket.resume();
    await waitUntil('the slow one', () => slow.seats()[3] === 2);
    expect(slow.seats()).to.deep.equal(quick.seats());
    expect(slow.ofType('SEAT_CHANGES').length).to.be.below(quick.ofType('SEAT_CHANGES').length);
    expect(quick.ofType('SUBSCRIBED')).to.have.length(1);
  });

  it('keeps sockets while Redis is away, says so, and goes on when it is back', async () => {
    const wire = await startWire(given('REDIS_URL'));
    world = await startLiveWorld({ REDIS_URL: wire.url });
    const eventId = newId();
    const client = await world.follow(eventId);
    await wire.cut();
    expect(await client.sees('STALE')).to.deep.equal({ type: 'STALE', eventId });
    await world.change(eventId, [[1, 2, 2, 0]]);
    const late = await world.connect();
    late.send({ type: 'SUBSCRIBE_EVENT', eventId });
    await late.sees('STALE');
    expect(await (await fetch(`${world.gateway.url}/health`)).json()).to.include({
      status: 'degraded',
    });
    await wire.mend();
    await client.sees('SUBSCRIBED', 2);
    expect(await late.sees('SNAPSHOT_NEEDED')).to.include({ eventId, reason: 'epoch' });
    await waitUntil('what was missed', () => client.seats()[1] === 2);
    expect(client.ofType('SNAPSHOT_NEEDED')).to.deep.equal([]);
    expect(client.ofType('STALE')).to.have.length(1);
    await wire.cut();
    await client.sees('STALE', 2);
    await world.loseStreams(eventId);
    await wire.mend();
    expect(await client.sees('SNAPSHOT_NEEDED')).to.include({ reason: 'epoch' });
    await world.gateway.stop();
    await wire.cut();
  });

  it('shows what catalog tells while Redis is away: the whole map once, then what changed', async () => {
    const wire = await startWire(given('REDIS_URL'));
    world = await startLiveWorld({ REDIS_URL: wire.url, LIVE_POLLING_MS: '100' });
    const [eventId, unknownId] = [newId(), newId()];
    const codes = Uint8Array.from([0, 1, 2, 3, 0]);
    const epoch = newId();
    let revision = 1;
    world.catalog.answerWith((request, response) => {
      const etag = `"${revision}"`;
      const isMap = request.url?.endsWith('/seat-map');
      response.statusCode = !isMap || request.url?.includes(eventId) ? 200 : 404;
      if (request.headers['if-none-match'] === etag) response.statusCode = 304;
      response.setHeader('etag', etag);
      response.setHeader('x-seat-map-id', `${epoch}~${revision}-0`);
      const map = writeSeatMap({ planVersion: 1, asOfMs: 1, codes });
      response.end(response.statusCode === 200 ? map : undefined);
    });
    const mapsAsked = () =>
      world.catalog.asked.filter(({ url }) => url.endsWith('/seat-map')).length;
    const [client, lost] = [await world.follow(eventId), await world.follow(unknownId)];
    expect(mapsAsked()).to.equal(0);
    await wire.cut();
    expect(await client.sees('SNAPSHOT')).to.deep.equal({
      type: 'SNAPSHOT',
      eventId,
      id: `${epoch}~1-0`,
      map: writeSeatMap({ planVersion: 1, asOfMs: 1, codes }).toString('base64'),
    });
    codes[4] = 2;
    revision = 2;
    expect(await client.sees('SEAT_CHANGES')).to.deep.equal({
      type: 'SEAT_CHANGES',
      eventId,
      id: `${epoch}~2-0`,
      changes: [[4, 2]],
    });
    const late = await world.connect();
    late.send({ type: 'SUBSCRIBE_EVENT', eventId });
    expect(await late.sees('SNAPSHOT')).to.include({ id: `${epoch}~2-0` });
    expect(client.ofType('SNAPSHOT')).to.have.length(1);
    expect(lost.ofType('SNAPSHOT')).to.deep.equal([]);
    await wire.mend();
    await client.sees('SUBSCRIBED', 2);
    const asked = mapsAsked();
    await world.change(eventId, [[0, 9, 2, 0]]);
    await waitUntil('the change', () => client.seats()[0] === 2);
    expect(mapsAsked()).to.be.at.most(asked + 1);
    await world.gateway.stop();
    await wire.cut();
  });

  it('says that it is stale when Redis goes quiet without closing', async () => {
    const wire = await startWire(given('REDIS_URL'));
    world = await startLiveWorld({ REDIS_URL: wire.url });
    const client = await world.follow(newId());
    wire.hush();
    await client.sees('STALE');
    await world.gateway.stop();
    await wire.cut();
    expect(await client.closed).to.include({ code: 1012 });
  });
});
