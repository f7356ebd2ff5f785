import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import Joi from 'joi';
import { type Reply, reply, route } from '../src/http/route.ts';
import { noteSchema, startTestService } from './test-service.ts';

const taken: unknown[] = [];
const echo = async (request: {
  body: unknown;
  query: unknown;
  params: unknown;
}): Promise<Reply> => {
  const { body, query, params } = request;
  taken.push({ body, query, params });
  return reply(200, { body, query, params });
};

const postNote = route({
  method: 'post',
  path: '/notes',
  id: 'createNote',
  summary: 'Creates a note',
  access: 'anyone',
  body: noteSchema,
  bodyLimit: 1_000,
  responses: { 200: { description: 'The note' } },
  run: echo,
});
const postAnything = route({
  method: 'post',
  path: '/anything',
  id: 'createAnything',
  summary: 'Takes any members',
  access: 'anyone',
  body: Joi.object().unknown(),
  responses: { 200: { description: 'The body' } },
  run: echo,
});
const getNote = route({
  method: 'get',
  path: '/notes/:noteId',
  id: 'getNote',
  summary: 'One note',
  access: 'anyone',
  params: Joi.object({ noteId: Joi.string().guid().required() }),
  query: Joi.object({ wait: Joi.number().integer().min(0).max(25) }),
  responses: { 200: { description: 'The note' } },
  run: echo,
});
const webhook = route({
  method: 'post',
  path: '/webhook',
  id: 'webhook',
  summary: 'Takes the bytes as they are',
  access: 'anyone',
  raw: true,
  responses: { 200: { description: 'Taken' } },
  run: async ({ rawBody }) => {
    taken.push(rawBody);
    return reply(200, { rawBody });
  },
});

const ID = '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11';
let service: Awaited<ReturnType<typeof startTestService>>;

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(service.url + path, init);
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

function post(path: string, body: unknown, type = 'application/json') {
  return ask(path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  } as RequestInit);
}

describe('what the HTTP kit lets in', () => {
  before(async () => {
    service = await startTestService([postNote, postAnything, getNote, webhook]);
  });
  after(() => service.stop());
  beforeEach(() => {
    taken.length = 0;
  });

  it('refuses a query where the route declares none, and changes nothing', async () => {
    const { status, body } = await ask('/notes?surprise=1', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'Row C' }),
    });
    expect([status, body.code]).to.deep.equal([400, 'invalid_request']);
    expect(taken).to.deep.equal([]);
  });

  it('gives a valid body to the route as it was sent', async () => {
    const sent = { title: 'Row C', stars: 5, tags: ['quiet'] };
    const { status, body } = await post('/notes', sent);
    expect(status).to.equal(200);
    expect(body.body).to.deep.equal(sent);
  });

  const deep = `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`;
  const refusedBodies: [what: string, path: string, body: unknown, status: number, code: string][] =
    [
      ['an unknown field', '/notes', { title: 'a', admin: true }, 400, 'invalid_request'],
      ['a number sent as text', '/notes', { title: 'a', stars: '5' }, 400, 'invalid_request'],
      ['an operator object for text', '/notes', { title: { $gt: '' } }, 400, 'invalid_request'],
      ['a missing field', '/notes', {}, 400, 'invalid_request'],
      ['null for text', '/notes', { title: null }, 400, 'invalid_request'],
      ['a list for an object', '/notes', [{ title: 'a' }], 400, 'invalid_request'],
      [
        'a fraction for a whole number',
        '/notes',
        { title: 'a', stars: 1.5 },
        400,
        'invalid_request',
      ],
      ['a NUL character', '/notes', { title: 'a\0b' }, 400, 'invalid_request'],
      ['a NUL character in a name', '/anything', { 'a\0b': 1 }, 400, 'invalid_request'],
      ['half a surrogate pair', '/notes', '{"title":"a\\ud800b"}', 400, 'invalid_request'],
      ['half a pair in a name', '/anything', '{"\\udc00":1}', 400, 'invalid_request'],
      ['sixty levels of nesting', '/anything', deep, 400, 'invalid_request'],
      [
        '__proto__ as a field',
        '/notes',
        '{"title":"a","__proto__":{"x":1}}',
        400,
        'malformed_body',
      ],
      [
        'constructor as a field',
        '/notes',
        '{"title":"a","constructor":{}}',
        400,
        'invalid_request',
      ],
      ['broken JSON', '/notes', '{"title":', 400, 'malformed_body'],
      ['text alone', '/notes', '"title"', 400, 'malformed_body'],
      ['null alone', '/notes', 'null', 400, 'malformed_body'],
      ['a body over the limit', '/notes', { title: 'a'.repeat(2_000) }, 413, 'body_too_large'],
    ];
  for (const [what, path, body, status, code] of refusedBodies) {
    it(`refuses ${what} with ${status} ${code}, and the route never sees it`, async () => {
      const answer = await post(path, body);
      expect(answer.body).to.include({ status, code });
      if (status === 413) expect(answer.body.detail).to.match(/ \d+ bytes of body at most/);
      expect(answer.status).to.equal(status);
      expect(answer.headers.get('content-type')).to.match(/^application\/problem\+json/);
      expect(taken).to.deep.equal([]);
    });
  }

  it('takes a body of exactly the depth limit less one', async () => {
    const body = `${'{"a":'.repeat(38)}1${'}'.repeat(38)}`;
    expect(await post('/anything', body)).to.have.property('status', 200);
  });

  it('never lets __proto__ reach an open schema as a prototype', async () => {
    const { body } = await post('/anything', '{"__proto__":{"polluted":1}}');
    expect(body).to.include({ status: 400, code: 'malformed_body' });
    expect({} as Record<string, unknown>).not.to.have.property('polluted');
  });

  it('names each fault of a body at once', async () => {
    const { body } = await post('/notes', { stars: 9, tags: 'quiet' });
    const paths = (body.errors as { path: string }[]).map((one) => one.path);
    expect(paths).to.have.members(['title', 'stars', 'tags']);
  });

  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    it(`refuses a body of type ${type} with 415`, async () => {
      const answer = await post('/notes', '{"title":"a"}', type);
      expect(answer.body).to.include({ status: 415, code: 'media_type_unsupported' });
      expect(taken).to.deep.equal([]);
    });
  }

  it('refuses a coding it does not know with 415', async () => {
    const coding = await ask('/notes', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'x-none' },
      body: '{"title":"a"}',
    });
    expect(coding.body).to.include({ status: 415 });
  });

  it('reads a gzipped body, refuses one that is not gzip, and one that grows too large', async () => {
    const send = (body: Uint8Array<ArrayBuffer>) =>
      ask('/notes', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body,
      });
    const bytes = (text: string) => new Uint8Array(gzipSync(text));
    expect(await send(bytes('{"title":"a"}'))).to.have.property('status', 200);
    const garbage = await send(new TextEncoder().encode('{"title":"a"}'));
    expect(garbage.body).to.include({ status: 400, code: 'malformed_body' });
    const bomb = await send(bytes(`{"title":"${'a'.repeat(200_000)}"}`));
    expect(bomb.body).to.include({ status: 413, code: 'body_too_large' });
  });

  it('refuses a chunked body over the limit, whose length nobody announced', async () => {
    const chunk = new TextEncoder().encode('a'.repeat(600));
    const body = ReadableStream.from([chunk, chunk, chunk]);
    const answer = await ask('/notes', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(answer.body).to.include({ status: 413, code: 'body_too_large' });
  });

  it('converts numbers in a query, and refuses what is no number, unknown or given twice', async () => {
    const good = await ask(`/notes/${ID}?wait=5`);
    expect(good.body).to.deep.include({ query: { wait: 5 }, params: { noteId: ID } });
    for (const query of [
      'wait=x',
      'wait=26',
      'other=1',
      'wait=1&wait=2',
      'wait[$gt]=1',
      'wait=%00',
    ]) {
      const { body } = await ask(`/notes/${ID}?${query}`);
      expect(body, query).to.include({ status: 400, code: 'invalid_request' });
    }
  });

  it('refuses path parameters that are not ids, also badly encoded ones', async () => {
    for (const id of ['1', '%00', '%E0%A4%A', '%ff', "'--", '$ne', '%F0%9F']) {
      const { body } = await ask(`/notes/${id}`);
      expect(body, id).to.include({ status: 400, code: 'invalid_request' });
    }
  });

  it('gives the bytes of a body to a route that asked for them, whatever their type', async () => {
    for (const type of ['application/json', 'text/plain', 'application/octet-stream']) {
      const { body } = await post('/webhook', '{ "a":  1 }', type);
      expect(body, type).to.deep.equal({ rawBody: '{ "a":  1 }' });
    }
  });

  it('takes an Idempotency-Key of 1 to 255 visible characters, refuses others', async () => {
    const send = (key: string) =>
      ask('/notes', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: '{"title":"a"}',
      });
    expect(await send(ID)).to.have.property('status', 200);
    expect(await send('k'.repeat(255))).to.have.property('status', 200);
    for (const key of ['k'.repeat(256), 'two words', 'caf\u00e9']) {
      const { body } = await send(key);
      expect(body, key).to.include({ status: 400, code: 'idempotency_key_invalid' });
    }
  });
});
