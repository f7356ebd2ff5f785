import { connect } from 'node:net';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { startWire } from '@holdfast/shared/wire.ts';
import { expect } from 'chai';
import { type Client, given, type LiveWorld, startLiveWorld } from './live-world.ts';

describe('sockets of the gateway', () => {
  let world: LiveWorld;
  before(async () => {
    world = await startLiveWorld({
      LIVE_CONNECTIONS_PER_USER: '2',
      LIVE_EVENTS_PER_CONNECTION: '2',
      LIVE_TICKET_SECONDS: '1',
      LIVE_ORIGINS: 'https://tickets.example, https://other.example',
    });
  });
  after(() => world.stop());

  const refusalOf = (connecting: Promise<Client>) =>
    connecting.then(
      () => 'let in',
      (error: Error) => error.message,
    );

  it('are anybody’s without a ticket; a ticket requires a login', async () => {
    const client = await world.connect();
    client.send({ type: 'PING' });
    expect(await client.sees('PONG')).to.deep.equal({ type: 'PONG' });
    const response = await fetch(`${world.gateway.url}/api/live/tickets`, { method: 'POST' });
    expect(response.status).to.equal(401);
    expect(await response.json()).to.include({ code: 'login_required' });
  });

  it('take a ticket once, and none that is invented or too old', async () => {
    const user = await world.login();
    const ticket = await world.ticketFor(user);
    const client = await world.connect(ticket);
    client.send({ type: 'SUBSCRIBE_USER' });
    expect(await client.sees('SUBSCRIBED_USER')).to.include({ userId: user.userId });
    expect(await refusalOf(world.connect(ticket))).to.equal('refused with 401');
    expect(await refusalOf(world.connect('invented'))).to.equal('refused with 401');
    const old = await world.ticketFor(user);
    await waitUntil('its end', async () => {
      const keys = await world.redis.keys(`${world.topicPrefix}live:ticket:${old}`);
      return keys.length === 0;
    });
    expect(await refusalOf(world.connect(old))).to.equal('refused with 401');
  });

  it('follow a user only with a ticket', async () => {
    const client = await world.connect();
    client.send({ type: 'SUBSCRIBE_USER' });
    expect(await client.sees('ERROR')).to.include({ code: 'login_required' });
    expect(client.socket.readyState).to.equal(client.socket.OPEN);
  });

  it('do not follow an event that catalog does not show, and go on with those it shows', async () => {
    const [eventId, unknownId] = [newId(), newId()];
    world.catalog.answerWith((request, response) =>
      response.writeHead(request.url?.includes(unknownId) ? 404 : 200).end(),
    );
    const [client, second] = [await world.connect(), await world.connect()];
    for (const one of [client, second]) {
      one.send({ type: 'SUBSCRIBE_EVENT', eventId: unknownId });
      const error = await one.sees('ERROR');
      expect(error).to.include({ code: 'event_not_found' });
      expect(error.detail).to.include(unknownId);
      one.send({ type: 'SUBSCRIBE_EVENT', eventId });
      await waitUntil('the other event', () =>
        one.ofType('SUBSCRIBED').some((frame) => frame.eventId === eventId),
      );
    }
    await world.change(unknownId, [[1, 2, 2, 0]]);
    await world.change(eventId, [[4, 2, 2, 0]]);
    await client.sees('SEAT_CHANGES');
    expect(client.ofType('SEAT_CHANGES').map((frame) => frame.eventId)).to.deep.equal([eventId]);
    const asked = world.catalog.asked.filter(({ url }) => url === `/api/events/${unknownId}`);
    expect(asked).to.have.length(1);
    world.catalog.reset();
  });

  it('answer frames that can not be read with an ERROR, and are closed after five', async () => {
    const client = await world.connect();
    const wrong = ['no JSON', '7', '{"type":"SHOUT"}', '{"type":"SUBSCRIBE_EVENT","eventId":"x"}'];
    for (const [at, frame] of wrong.entries()) {
      client.send(frame);
      await client.sees('ERROR', at + 1);
    }
    expect(client.ofType('ERROR').map(({ code }) => code)).to.deep.equal([
      'malformed_body',
      'invalid_request',
      'invalid_request',
      'invalid_request',
    ]);
    client.send({ type: 'PING' });
    await client.sees('PONG');
    client.send({ type: 'SUBSCRIBE_EVENT', eventId: newId(), since: 'yesterday' });
    expect(await client.closed).to.include({ code: 1008 });
  });

  it('are closed on a frame that is too large, or too many a second', async () => {
    const large = await world.connect();
    large.send({ type: 'PING', filling: 'x'.repeat(5_000) });
    expect(await large.closed).to.include({ code: 1009 });
    const many = await world.connect();
    for (let at = 0; at < 40; at += 1) many.send({ type: 'PING' });
    expect(await many.closed).to.include({ code: 1008 });
    expect(many.ofType('ERROR')[0]).to.include({ code: 'too_many_requests' });
    expect(many.ofType('PONG')).to.have.length(20);
  });

  it('follow so many events and no more, until one is given up', async () => {
    const client = await world.connect();
    const [one, two, three] = [newId(), newId(), newId()];
    for (const eventId of [one, two, three]) client.send({ type: 'SUBSCRIBE_EVENT', eventId });
    expect(await client.sees('ERROR')).to.include({ code: 'too_many_requests' });
    await client.sees('SUBSCRIBED', 2);
    client.send({ type: 'UNSUBSCRIBE_EVENT', eventId: one });
    client.send({ type: 'SUBSCRIBE_EVENT', eventId: three });
    expect(await client.sees('SUBSCRIBED', 3)).to.include({ eventId: three });
  });

  it('are so many a user; the oldest makes room, other users keep theirs', async () => {
    const [user, other] = [await world.login(), await world.login()];
    const kept = await world.connect(await world.ticketFor(other));
    const clients: Client[] = [];
    for (let at = 0; at < 3; at += 1) {
      clients.push(await world.connect(await world.ticketFor(user)));
    }
    expect(await clients[0]?.closed).to.include({ code: 4001 });
    for (const client of [kept, clients[1], clients[2]]) await client?.settles();
    expect(clients[1]?.socket.readyState).to.equal(1);
  });

  it('are opened by pages of the origins named, and by clients that are no pages', async () => {
    await world.connect(undefined, { origin: 'https://other.example' });
    expect(await refusalOf(world.connect(undefined, { origin: 'https://evil.example' }))).to.equal(
      'refused with 403',
    );
  });

  it('are asked for at an address that says so to plain requests', async () => {
    const response = await fetch(`${world.gateway.url}/api/live`);
    expect(response.status).to.equal(426);
    expect(await response.json()).to.include({ code: 'upgrade_required' });
    const document = (await (await fetch(`${world.gateway.url}/openapi.json`)).json()) as {
      paths: Record<string, { get: { responses: Record<string, { content?: object }> } }>;
    };
    const stream = document.paths['/api/events/{eventId}/live']?.get.responses['200'];
    expect(stream?.content).to.have.all.keys('text/event-stream');
  });

  it('leave other addresses plain requests, whatever protocol they would like', async () => {
    const { hostname, port } = new URL(world.gateway.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'GET /api/events/e-1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    );
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes;
    });
    await waitUntil('an answer', () => text.includes('"service":"catalog"'));
    expect(text).to.match(/^HTTP\/1.1 200 /);
    socket.destroy();
  });
});

describe('sockets that can not stay', () => {
  let world: LiveWorld;
  afterEach(() => world.stop());

  it('are refused beyond so many an address, and let in again after one left; users are not counted', async () => {
    world = await startLiveWorld({ LIVE_CONNECTIONS_PER_ADDRESS: '2', TRUSTED_PROXIES: '1' });
    const from = (address: string) =>
      world
        .connect(undefined, { headers: { 'x-forwarded-for': `9.9.9.9, ${address}` } })
        .catch((error: Error) => error.message);
    const [one] = [await from('10.0.0.1'), await from('10.0.0.1')];
    expect(await from('10.0.0.1')).to.equal('refused with 429');
    expect(await from('10.0.0.2')).to.have.property('socket');
    const user = await world.login();
    const ticket = await world.ticketFor(user);
    await world.connect(ticket, { headers: { 'x-forwarded-for': '10.0.0.1' } });
    if (typeof one === 'string') throw new Error(one);
    one?.socket.close();
    await waitUntil('room', async () => typeof (await from('10.0.0.1')) !== 'string');
  });

  it('are closed when they follow nothing, and cut off when they do not answer', async () => {
    world = await startLiveWorld({ LIVE_BEAT_MS: '200' });
    const [idle, busy, dead] = [
      await world.connect(),
      await world.follow(newId()),
      await world.follow(newId()),
    ];
    dead.socket.pause();
    expect(await idle.closed).to.include({ code: 4000 });
    await waitUntil('the dead one', async () => {
      const text = await (await fetch(`${world.gateway.url}/metrics`)).text();
      return /holdfast_live_connections\{[^}]*\} 1\n/.test(text);
    });
    dead.socket.resume();
    expect(await dead.closed).to.include({ code: 1006 });
    await busy.settles();
  });

  it('are told so when the gateway stops, and take tickets while Redis is away', async () => {
    const wire = await startWire(given('REDIS_URL'));
    world = await startLiveWorld({ REDIS_URL: wire.url });
    await wire.cut();
    const ticket = await world.ticketFor(await world.login());
    const client = await world.connect(ticket);
    client.send({ type: 'SUBSCRIBE_USER' });
    await client.sees('SUBSCRIBED_USER');
    const again = await world.connect(ticket).catch((error: Error) => error.message);
    expect(again).to.equal('refused with 401');
    await world.gateway.stop();
    expect(await client.closed).to.include({ code: 1012 });
  });
});
