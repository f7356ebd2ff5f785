import { expect } from 'chai';
import Joi from 'joi';
import { Fault, refused } from '../src/errors.ts';
import { type Reply, reply, route } from '../src/http/route.ts';
import { newId } from '../src/ids.ts';
import type { Origin } from '../src/origin.ts';
import { startTestService } from './test-service.ts';

const origins: Origin[] = [];

function failing(id: string, run: () => Promise<Reply | ReturnType<typeof refused>>) {
  return route({
    method: 'get',
    path: `/${id}`,
    id,
    summary: 'Ends badly',
    access: 'anyone',
    responses: { 200: { description: 'Never' } },
    run,
  });
}

function guarded(id: string, access: 'login' | ['admin', 'organizer']) {
  return route({
    method: 'get',
    path: `/${id}`,
    id,
    summary: 'For some',
    access,
    responses: { 200: { description: 'Who asked' } },
    run: async ({ actor, origin }) => {
      origins.push(origin);
      return reply(200, actor);
    },
  });
}

const routes = [
  guarded('mine', 'login'),
  guarded('admins', ['admin', 'organizer']),
  failing('refused', async () =>
    refused('seat_unavailable', 'Seat A-1 is held.', { seats: ['A-1'] }),
  ),
  failing('store-down', async () => {
    throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' });
  }),
  failing('fault', async () => {
    throw new Fault('plan_broken', 'Plan 7 is broken', { retryable: false });
  }),
  failing('bug', async () => {
    throw new TypeError('secret is undefined');
  }),
  failing('text-bug', async () => {
    throw 'no error object';
  }),
  route({
    method: 'delete',
    path: '/things/:thingId',
    id: 'deleteThing',
    summary: 'Takes it away',
    access: 'anyone',
    params: Joi.object({ thingId: Joi.string().required() }),
    responses: { 204: { description: 'Gone' } },
    run: async () => reply(204),
  }),
  route({
    method: 'get',
    path: '/page',
    id: 'page',
    summary: 'Plain text with headers',
    access: 'anyone',
    responses: { 200: { description: 'Text' } },
    run: async () =>
      reply(200, 'hello', { 'content-type': 'text/plain', 'cache-control': 'no-store' }),
  }),
];

describe('what the HTTP kit answers', () => {
  let service: Awaited<ReturnType<typeof startTestService>>;
  let kafkaUp = true;
  let redisUp = true;
  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(service.url + path, { headers, method });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (json && text ? JSON.parse(text) : {}) as Record<string, unknown>,
    };
  };
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  before(async () => {
    service = await startTestService(routes, {
      kafka: {
        required: true,
        ping: async () => {
          if (!kafkaUp) throw new Error('no broker');
        },
      },
      redis: {
        required: false,
        ping: async () => {
          if (!redisUp) throw new Error('no redis');
        },
      },
    });
  });
  after(() => service.stop());
  beforeEach(() => {
    kafkaUp = true;
    redisUp = true;
    origins.length = 0;
    service.lines.length = 0;
  });

  it('answers a refusal as a problem document with its code and members', async () => {
    const { status, headers, body } = await get('/refused', { 'x-request-id': 'r-1' });
    expect(status).to.equal(409);
    expect(headers.get('content-type')).to.equal('application/problem+json');
    expect(body).to.deep.equal({
      type: 'urn:holdfast:problem:seat_unavailable',
      title: 'A seat is not available',
      status: 409,
      detail: 'Seat A-1 is held.',
      code: 'seat_unavailable',
      requestId: 'r-1',
      seats: ['A-1'],
    });
  });

  it('answers 503 with retry-after when a store is down, without its insides', async () => {
    const { status, headers, body, text } = await get('/store-down');
    expect(status).to.equal(503);
    expect(headers.get('retry-after')).to.equal('1');
    expect(body).to.include({ code: 'store_unavailable', status: 503 });
    expect(text).not.to.include('10.0.0.7');
  });

  for (const [path, code] of [
    ['/fault', 'plan_broken'],
    ['/bug', 'internal'],
    ['/text-bug', 'internal'],
  ] as const) {
    it(`answers 500 ${code} at ${path}, tells nothing of its insides and logs them`, async () => {
      const { status, body, text, headers } = await get(path);
      expect(status).to.equal(500);
      expect(body).to.include({ code });
      expect(text).not.to.match(/secret|Plan 7|no error object|\bat \w+/);
      const logged = service.lines.find((line) => line.name === 'http.failed');
      expect(logged?.level).to.equal('error');
      expect(logged?.fields.requestId).to.equal(headers.get('x-request-id'));
    });
  }

  it('answers 404 where nothing is and 405 with Allow for a method not taken', async () => {
    expect((await get('/nowhere')).body).to.include({ status: 404, code: 'not_found' });
    const wrong = await get('/page', {}, 'DELETE');
    expect(wrong.body).to.include({ status: 405, code: 'method_not_allowed' });
    expect(wrong.headers.get('allow')).to.equal('GET, HEAD');
    const deep = await get('/things/1', {}, 'POST');
    expect(deep.body).to.include({ status: 405, code: 'method_not_allowed' });
  });

  it('answers an address that is not well encoded with a 4xx problem', async () => {
    for (const path of ['/%E0%A4%A', '/%', '/page/%ff', '//page', '/things/%2e%2e%2f']) {
      const { status, body } = await get(path, {}, 'POST');
      expect(status, path).to.be.within(400, 499);
      expect(body, path).to.have.property('code');
    }
  });

  it('answers 204 with no body, and text with the headers of the route', async () => {
    const gone = await get('/things/1', {}, 'DELETE');
    expect(gone).to.include({ status: 204, text: '' });
    const page = await get('/page');
    expect(page.text).to.equal('hello');
    expect(page.headers.get('cache-control')).to.equal('no-store');
  });

  it('gives back the request id it was sent, and makes one where it is absent or unfit', async () => {
    const headersOf = async (headers: Record<string, string>) =>
      (await get('/page', headers)).headers;
    expect((await headersOf({ 'x-request-id': 'abc-1' })).get('x-request-id')).to.equal('abc-1');
    expect((await headersOf({})).get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    const long = 'x'.repeat(200);
    expect((await headersOf({ 'x-request-id': long })).get('x-request-id')).not.to.equal(long);
  });

  it('gives the route its origin: the user, the request id and the correlation id', async () => {
    const userId = newId();
    const token = await service.tokens.sign(['user'], { userId });
    await get('/mine', { ...bearer(token), 'x-request-id': 'r1', 'x-correlation-id': 'c1' });
    await get('/mine', { ...bearer(token), 'x-request-id': 'r2' });
    expect(origins).to.deep.equal([
      { actor: `user:${userId}`, requestId: 'r1', correlationId: 'c1' },
      { actor: `user:${userId}`, requestId: 'r2', correlationId: 'r2' },
    ]);
  });

  it('requires a login: refuses no token, other schemes, garbage, expired and forged ones', async () => {
    const strange = await startTestService([]);
    const forged = await strange.tokens.sign(['user', 'admin']);
    await strange.stop();
    const expired = await service.tokens.sign(['user'], { seconds: -60 });
    const tries: [Record<string, string>, string][] = [
      [{}, 'login_required'],
      [{ authorization: 'Basic YTpi' }, 'login_required'],
      [{ authorization: 'Bearer' }, 'login_required'],
      [bearer('garbage'), 'token_invalid'],
      [bearer('a.b.c'), 'token_invalid'],
      [bearer(forged), 'token_invalid'],
      [bearer(expired), 'token_invalid'],
    ];
    for (const [headers, code] of tries) {
      const answer = await get('/mine', headers);
      expect(answer.body, JSON.stringify(headers)).to.include({ status: 401, code });
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer');
    }
    expect(origins).to.deep.equal([]);
  });

  it('admits one of the roles a route names and refuses accounts with none of them', async () => {
    const admin = await service.tokens.sign(['user', 'admin']);
    const user = await service.tokens.sign(['user']);
    expect(await get('/admins', bearer(admin))).to.have.property('status', 200);
    const no = await get('/admins', bearer(user));
    expect(no.body).to.include({ status: 403, code: 'forbidden' });
    expect(origins).to.have.length(1);
  });

  it('says healthy, degraded or unavailable by what its dependencies answer', async () => {
    const seen = async () => ({
      ready: (await get('/readyz')).status,
      live: (await get('/livez')).status,
      health: (await get('/health')).body,
    });
    const well = await seen();
    expect(well).to.deep.include({ ready: 200, live: 200 });
    expect(well.health).to.include({ status: 'healthy', service: 'test', version: '1.2.3' });
    redisUp = false;
    const limping = await seen();
    expect(limping).to.deep.include({ ready: 200, live: 200 });
    expect(limping.health).to.include({ status: 'degraded' });
    expect(limping.health.dependencies).to.have.nested.property('redis.error', 'no redis');
    kafkaUp = false;
    const down = await seen();
    expect(down).to.deep.include({ ready: 503, live: 200 });
    expect(down.health).to.include({ status: 'unavailable' });
  });

  it('counts requests by route and status at /metrics', async () => {
    await get('/refused');
    await get('/nowhere');
    const { text, headers } = await get('/metrics');
    expect(headers.get('content-type')).to.match(/^text\/plain/);
    const counted = text.split('\n').filter((line) => line.includes('request_seconds_count{'));
    for (const labels of [
      ['route="refused"', 'status="409"', 'service="test"'],
      ['route="none"', 'status="404"', 'service="test"'],
    ]) {
      expect(counted.some((line) => labels.every((label) => line.includes(label)))).to.equal(true);
    }
  });

  it('sets the headers that harden a browser', async () => {
    const { headers } = await get('/page');
    expect(headers.get('x-content-type-options')).to.equal('nosniff');
    expect(headers.get('content-security-policy')).to.be.a('string');
  });
});
