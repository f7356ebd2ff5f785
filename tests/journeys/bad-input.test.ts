import { expect } from 'chai';
import { createEvent, freeSeats, registerBuyer, type System, sharedSystem } from '../system.ts';

type Document = {
  paths: Record<string, Record<string, { requestBody?: { required: boolean } }>>;
};

const FOREIGN_ID = '0198c9d4-0000-7000-8000-00000000dead';
const BODIES: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['broken JSON', '{"seatIds": ['],
  ['a list', '[]'],
  ['a text', '"hold me"'],
  ['null', 'null'],
  ['unknown fields', '{"surprise": true}'],
  [
    'operator objects',
    '{"seatIds": {"$gt": ""}, "email": {"$ne": null}, "password": {"$ne": null}, "offer": {"$where": "1"}}',
  ],
  [
    'wrong types',
    '{"seatIds": 7, "durationSeconds": "600", "email": 1, "offer": [], "paymentMethod": {}, "name": false}',
  ],
  ['a prototype', '{"__proto__": {"roles": ["admin"]}, "constructor": {"prototype": {}}}'],
  [
    'a NUL character',
    '{"seatIds": ["A\\u0000"], "email": "a\\u0000@example.org", "name": "\\u0000"}',
  ],
  ['half a surrogate pair', '{"name": "\\ud800", "reason": "\\udc00", "seatIds": ["\\ud800"]}'],
  ['deep nesting', `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`],
  ['a huge body', `{"name": "${'x'.repeat(9_000_000)}"}`],
];
const PARAMETERS = [
  FOREIGN_ID,
  'not-an-id',
  '%00',
  '%E0%A4%A',
  '..%2f..%2fhealth',
  '$where',
  'a'.repeat(3_000),
];

describe('bad input', () => {
  let system: System;
  let token: string;
  let eventId: string;
  let operations: { method: string; path: string; wantsBody: boolean }[];

  before(async () => {
    system = await sharedSystem();
    token = await registerBuyer(system.api);
    eventId = await createEvent(system, 20);
    const { auth, catalog, booking } = system.services.urls;
    const documents = await Promise.all(
      [auth, catalog, booking].map(
        async (url) => (await (await fetch(`${url}/openapi.json`)).json()) as Document,
      ),
    );
    operations = documents.flatMap(({ paths }) =>
      Object.entries(paths)
        .filter(([path]) => path.startsWith('/api/'))
        .flatMap(([path, methods]) =>
          Object.entries(methods).map(([method, { requestBody }]) => ({
            method: method.toUpperCase(),
            path,
            wantsBody: requestBody?.required === true,
          })),
        ),
    );
  });

  async function send(method: string, path: string, body: string | undefined, bearer: string) {
    const response = await fetch(system.services.urls.gateway + path, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body !== undefined && method !== 'GET' && { body }),
    }).catch((cause) => {
      throw new Error(`${method} ${path} got no answer to ${body?.length} bytes`, { cause });
    });
    const text = await response.text();
    return {
      status: response.status,
      problem: response.status >= 400 ? JSON.parse(text) : undefined,
    };
  }

  function expectProblem(
    what: string,
    { status, problem }: Awaited<ReturnType<typeof send>>,
  ): void {
    expect(status, what).to.be.within(400, 499);
    expect(problem, what).to.include.keys('type', 'title', 'status', 'detail', 'code', 'requestId');
  }

  it('finds the operations of every service', () => {
    expect(operations.length).to.be.greaterThan(20);
  });

  it('in any body of any operation is a 4xx problem or a plain success, never a fault', async () => {
    for (const { method, path, wantsBody } of operations.filter(
      (one) => !['GET', 'DELETE'].includes(one.method),
    )) {
      if (path === '/api/auth/logout') continue;
      const address = path.replace(/\{eventId\}/g, eventId).replace(/\{\w+\}/g, FOREIGN_ID);
      for (const [name, body] of BODIES) {
        for (const bearer of [token, system.adminToken]) {
          const answer = await send(method, address, body, bearer);
          // What needs no body may be asked for without a word.
          if (name === 'nothing' && !wantsBody && answer.status < 300) continue;
          expectProblem(`${method} ${address} with ${name}`, answer);
        }
      }
    }
  });

  it('in any path parameter is a 4xx problem', async () => {
    for (const { method, path } of operations.filter((one) => one.path.includes('{'))) {
      for (const value of PARAMETERS) {
        const address = path.replace(/\{\w+\}/g, value);
        expectProblem(
          `${method} ${address}`,
          await send(method, address, method === 'GET' ? undefined : '{}', token),
        );
      }
    }
  });

  it('in any query is refused', async () => {
    for (const { method, path } of operations.filter((one) => one.method === 'GET')) {
      const address = path.replace(/\{eventId\}/g, eventId).replace(/\{\w+\}/g, FOREIGN_ID);
      for (const query of [
        'surprise=1',
        'limit[$gt]=1',
        'limit=-1',
        'limit=many',
        'status[]=x',
        'cursor=%00',
      ]) {
        expectProblem(
          `${method} ${address}?${query}`,
          await send(method, `${address}?${query}`, undefined, token),
        );
      }
    }
  });

  it('has changed nothing', async () => {
    expect(await freeSeats(system.api, eventId)).to.have.length(20);
    const report = await system.audit();
    expect(report.findings, report.report).to.deep.equal([]);
  });
});
