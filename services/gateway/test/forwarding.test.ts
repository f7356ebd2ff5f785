import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { GatewayService } from '../src/service.ts';
import { askRaw } from './raw-request.ts';
import { startGateway, startUpstream, type TestUpstream } from './upstream.ts';

const IDLE_MS = 400;

describe('the gateway forwarding', () => {
  let auth: TestUpstream;
  let catalog: TestUpstream;
  let booking: TestUpstream;
  let gateway: GatewayService;

  before(async () => {
    [auth, catalog, booking] = await Promise.all([
      startUpstream('auth'),
      startUpstream('catalog'),
      startUpstream('booking'),
    ]);
    gateway = await startGateway(
      { auth: auth.url, catalog: catalog.url, booking: booking.url },
      IDLE_MS,
    );
  });

  afterEach(() => {
    for (const upstream of [auth, catalog, booking]) upstream.reset();
  });

  after(async () => {
    await gateway.stop();
    await Promise.all([auth, catalog, booking].map((upstream) => upstream.stop()));
  });

  it('gives a request to the one service of its address, untouched', async () => {
    const target = '/api/events/e%201/seats?status=available&x=%2F..%2F&y=a//b';
    const response = await fetch(gateway.url + target);
    expect(await response.json()).to.deep.equal({ service: 'catalog' });
    expect(catalog.asked.map(({ method, url }) => [method, url])).to.deep.equal([['GET', target]]);
    expect([auth.asked, booking.asked]).to.deep.equal([[], []]);
  });

  it('carries request ids there and back, and makes one where there is none', async () => {
    const headers = { 'x-request-id': 'r-1', 'x-correlation-id': 'c-1' };
    const given = await fetch(`${gateway.url}/api/venues`, { headers });
    const made = await fetch(`${gateway.url}/api/venues`);
    expect(given.headers.get('x-request-id')).to.equal('r-1');
    expect(made.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    expect(
      catalog.asked.map(({ headers }) => [headers['x-request-id'], headers['x-correlation-id']]),
    ).to.deep.equal([
      ['r-1', 'c-1'],
      [made.headers.get('x-request-id'), made.headers.get('x-request-id')],
    ]);
  });

  it('drops headers of one connection both ways, adds the address of the client', async () => {
    catalog.answerWith((_request, response) => {
      response.writeHead(200, { connection: 'x-own', 'x-own': '1', 'x-kept': '2' });
      response.end('ok');
    });
    const answer = await askRaw(gateway.url, '/api/venues', [
      'te: trailers',
      'upgrade: h2c',
      'proxy-authorization: Basic eA==',
      'x-forwarded-for: 203.0.113.7',
      'x-mine: yes',
    ]);
    expect(answer.head).to.include('x-kept: 2').and.not.include('x-own');
    expect(answer.head).to.include('connection: close');
    const headers = catalog.asked[0]?.headers ?? {};
    expect(headers).to.include({ 'x-mine': 'yes', 'x-forwarded-for': '203.0.113.7, 127.0.0.1' });
    expect(headers).to.not.have.any.keys('te', 'upgrade', 'proxy-authorization');
    expect(headers.connection).to.equal('keep-alive');
  });

  it('keeps its connections to a service', async () => {
    const ports = new Set<number | undefined>();
    catalog.answerWith((request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    for (let count = 0; count < 5; count += 1) {
      await (await fetch(`${gateway.url}/api/venues`)).text();
    }
    expect(ports.size).to.equal(1);
  });

  it('streams a body of 8 MB both ways and whole', async () => {
    catalog.answerWith((request, response) => void pipeline(request, response));
    const plan = randomBytes(8 * 1024 * 1024);
    const response = await fetch(`${gateway.url}/api/venues`, { method: 'POST', body: plan });
    const back = Buffer.from(await response.arrayBuffer());
    expect(digest(back)).to.equal(digest(plan));
  });

  it('passes a body on before its end has come', async () => {
    const seen = Promise.withResolvers<string>();
    catalog.answerWith((request, response) => {
      request.once('data', (chunk) => seen.resolve(String(chunk)));
      request.on('end', () => response.end('done'));
    });
    const upload = httpRequest(`${gateway.url}/api/venues`, { method: 'POST' });
    const answered = new Promise((resolve) =>
      upload.on('response', (answer) =>
        answer.resume().on('end', () => resolve(answer.statusCode)),
      ),
    );
    upload.write('first half');
    expect(await seen.promise).to.equal('first half');
    upload.end('second half');
    expect(await answered).to.equal(200);
  });

  it('passes on an answer that comes before the body was read', async () => {
    catalog.answerWith((_request, response) => {
      response.writeHead(413, { 'content-type': 'application/problem+json' });
      response.end('{"code":"body_too_large"}');
    });
    const body = Buffer.alloc(2 * 1024 * 1024);
    const response = await fetch(`${gateway.url}/api/venues`, { method: 'POST', body });
    expect([response.status, await response.json()]).to.deep.equal([
      413,
      { code: 'body_too_large' },
    ]);
  });

  it('ends the request behind when the client goes away', async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    booking.answerWith((_request, response) => {
      response.once('close', () => ended.resolve('closed'));
      begun.resolve();
    });
    const client = new AbortController();
    const asked = fetch(`${gateway.url}/api/bookings/1?wait=25`, { signal: client.signal });
    await begun.promise;
    const abortedAt = performance.now();
    client.abort();
    expect(await asked.catch((error: Error) => error.name)).to.equal('AbortError');
    expect(await ended.promise).to.equal('closed');
    expect(performance.now() - abortedAt, 'not by the time-out').to.be.below(IDLE_MS / 2);
  });

  it('answers 503 when a service is silent, and serves the others meanwhile', async () => {
    catalog.answerWith(() => undefined);
    const startedAt = performance.now();
    const silent = fetch(`${gateway.url}/api/events`);
    const other = await fetch(`${gateway.url}/api/bookings`);
    expect(other.status).to.equal(200);
    await expectUnavailable(await silent);
    expect(performance.now() - startedAt).to.be.within(IDLE_MS - 50, IDLE_MS + 1_500);
    expect(catalog.asked).to.have.length(1);
  });

  it('cuts an answer off that stops in the middle, rather than leaving the client waiting', async () => {
    catalog.answerWith((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('only this');
    });
    const response = await fetch(`${gateway.url}/api/events`);
    expect(response.status).to.equal(200);
    expect(await response.text().catch((error: Error) => error.name)).to.equal('TypeError');
  });

  it('sends a GET again that met a connection just closed, a POST never', async () => {
    const met = new Set<unknown>();
    const closesUsedConnections = (): void => {
      met.clear();
      catalog.answerWith((request, response) => {
        if (met.has(request.socket)) return void request.socket.destroy();
        met.add(request.socket);
        response.end('ok');
      });
    };
    closesUsedConnections();
    for (let count = 0; count < 4; count += 1) {
      const response = await fetch(`${gateway.url}/api/events`);
      expect([response.status, await response.text()]).to.deep.equal([200, 'ok']);
    }
    catalog.reset();
    catalog.answerWith((request) => request.socket.destroy());
    await expectUnavailable(await fetch(`${gateway.url}/api/events`, { method: 'POST' }));
    expect(catalog.asked.map(({ method }) => method)).to.deep.equal(['POST']);
  });

  it('sends a GET only once more', async () => {
    catalog.answerWith((request) => request.socket.destroy());
    await expectUnavailable(await fetch(`${gateway.url}/api/events`));
    expect(catalog.asked).to.have.length(2);
  });

  it('answers 503 while a service is away and reaches it as soon as it is back', async () => {
    const away = await startUpstream('catalog');
    const other = await startGateway(
      { auth: auth.url, catalog: away.url, booking: booking.url },
      IDLE_MS,
    );
    try {
      expect((await fetch(`${other.url}/api/events`)).status).to.equal(200);
      await away.stop();
      await expectUnavailable(await fetch(`${other.url}/api/events`));
      await expectUnavailable(await fetch(`${other.url}/api/events`, { method: 'POST' }));
      const back = await startUpstream('catalog', Number(new URL(away.url).port));
      expect((await fetch(`${other.url}/api/events`, { method: 'POST' })).status).to.equal(200);
      await back.stop();
    } finally {
      await other.stop();
    }
  });

  it('drops the rest of a body that was refused early, and answers the next request', async function () {
    // A connection that still waits for the rest would hold up the stop for 5 s.
    this.timeout(4_000);
    const patient = await startGateway(
      { auth: auth.url, catalog: catalog.url, booking: booking.url },
      60_000,
    );
    const send = (body: string) =>
      fetch(`${patient.url}/api/bookings`, {
        method: 'POST',
        body,
        signal: AbortSignal.timeout(5_000),
      });
    try {
      for (let round = 0; round < 10; round += 1) {
        booking.answerWith((request, response) => {
          request.once('data', () => {
            request.pause();
            response.writeHead(413).end('too large');
          });
        });
        const refused = await send('x'.repeat(9_000_000));
        expect([refused.status, await refused.text()]).to.deep.equal([413, 'too large']);
        booking.reset();
        expect(await (await send('small')).json()).to.deep.equal({ service: 'booking' });
      }
    } finally {
      await patient.stop();
    }
  });

  it('finishes the requests at work when it is stopped', async () => {
    const slow = await startUpstream('catalog');
    const begun = Promise.withResolvers<() => void>();
    slow.answerWith((_request, response) => begun.resolve(() => response.end('whole')));
    const other = await startGateway(
      { auth: auth.url, catalog: slow.url, booking: booking.url },
      5_000,
    );
    const asked = fetch(`${other.url}/api/events`);
    const finish = await begun.promise;
    const stopped = other.stop();
    await waitUntil('the gateway to take no more connections', () =>
      fetch(`${other.url}/livez`).then(
        () => false,
        () => true,
      ),
    );
    finish();
    expect(await (await asked).text()).to.equal('whole');
    await stopped;
    await slow.stop();
  });
});

async function expectUnavailable(response: Response): Promise<void> {
  expect(response.status).to.equal(503);
  expect(response.headers.get('content-type')).to.match(/^application\/problem\+json/);
  expect(Number(response.headers.get('retry-after'))).to.be.above(0);
  const problem = (await response.json()) as { requestId: string };
  expect(problem).to.include({ status: 503, code: 'upstream_unavailable' });
  expect(problem.requestId).to.equal(response.headers.get('x-request-id'));
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
