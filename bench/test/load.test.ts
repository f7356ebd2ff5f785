import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createAnswerReader } from '../src/load/answer-reader.ts';
import { startGenerator } from '../src/load/drive.ts';
import { get, type LoadPlan, send } from '../src/load/plan.ts';
import { runPlan } from '../src/load/run-plan.ts';

describe('the load generator', () => {
  let server: Server;
  let url: string;
  let answer: RequestListener = (_request, response) => response.end('ok');

  before(async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const plan = (of: Partial<LoadPlan> = {}): LoadPlan => ({
    url,
    connections: 2,
    requests: [{ text: get('/') }],
    chains: [[0]],
    ...of,
  });

  it('sends each chain once, counts answers by status and code, and tells faults apart', async () => {
    answer = (request, response) => {
      const give = (status: number, body: string) =>
        response.writeHead(status, { 'content-length': body.length }).end(body);
      if (request.url === '/break') response.destroy();
      else if (request.url === '/no') give(409, '{"code":"seat_unavailable"}');
      else give(201, '{}');
    };
    const { outcomes, answered, bytes } = await runPlan(
      plan({
        requests: ['/', '/no', '/break'].map((path) => ({ text: get(path) })),
        chains: [[0], [1], [2], [0]],
        connections: 1,
      }),
    );
    expect(outcomes).to.deep.equal({
      201: 2,
      '409 seat_unavailable': 1,
      'fault connection closed': 1,
    });
    expect({ answered, bytes }).to.deep.equal({ answered: 4, bytes: 2 + 27 + 2 });
  });

  it('goes on along a chain after the named statuses, and stops at any other', async () => {
    const seen: string[] = [];
    answer = (request, response) => {
      seen.push(request.url ?? '');
      response.writeHead(request.url === '/2' ? 201 : 409).end();
    };
    const requests = ['/0', '/1', '/2', '/3'].map((path) => ({ text: get(path) }));
    await runPlan(plan({ requests, chains: [[0, 1, 2, 3]], goOnAfter: [409], connections: 1 }));
    expect(seen).to.deep.equal(['/0', '/1', '/2']);
  });

  it('fills what a chain took into its later requests, each chain its own, and times whole chains', async () => {
    const bodies: string[] = [];
    answer = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method === 'POST') bodies.push(body);
      const given = request.url?.startsWith('/give') ? request.url.slice(5) : 'none';
      response.end(JSON.stringify({ offer: `an-offer-of-${given}`, status: 'confirmed' }));
    };
    const { outcomes, chains, taken } = await runPlan(
      plan({
        requests: [
          ...['1', '22'].map((name) => ({
            text: get(`/give${name}`),
            takes: { offer: '"offer":"([^"]+)"' },
          })),
          { text: send('POST', '/use', 't', { offer: '{offer}' }), isFilled: true },
          { text: get('/end?{unknown}'), isFilled: true, tells: '"status":"(\\w+)"' },
        ],
        chains: [
          [0, 2, 3],
          [1, 2, 3],
        ],
        kinds: ['short', 'long'],
        goOnAfter: [200],
        keepsTaken: true,
        connections: 1,
      }),
    );
    expect(bodies).to.deep.equal(['{"offer":"an-offer-of-1"}', '{"offer":"an-offer-of-22"}']);
    expect(outcomes).to.deep.equal({ 200: 4, '200 confirmed': 2 });
    expect(taken).to.deep.equal([{ offer: 'an-offer-of-1' }, { offer: 'an-offer-of-22' }]);
    expect([chains.short?.count, chains.long?.count]).to.deep.equal([1, 1]);
  });

  it('asks the server that a request names, else the one of the plan', async () => {
    const asked: string[] = [];
    const other = createServer((_request, response) => {
      asked.push('other');
      response.end();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    answer = (_request, response) => {
      asked.push('own');
      response.end();
    };
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await runPlan(
      plan({
        requests: [{ text: get('/') }, { text: get('/'), url: elsewhere }],
        chains: [[0, 1]],
        goOnAfter: [200],
        connections: 1,
      }),
    );
    await new Promise((resolve) => other.close(resolve));
    expect(asked).to.deep.equal(['own', 'other']);
  });

  it('sends bodies whole, and reads answers in pieces and in chunks', async () => {
    const bodies: string[] = [];
    answer = async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.write('first ');
      await sleep(5);
      response.end('second');
    };
    const text = send('POST', '/', 'token', { seatIds: ['Ä-1'] });
    const { outcomes } = await runPlan(plan({ requests: [{ text }], chains: [[0], [0], [0]] }));
    expect(outcomes).to.deep.equal({ 200: 3 });
    expect(bodies).to.deep.equal(Array(3).fill('{"seatIds":["Ä-1"]}'));
  });

  it('repeats an ETag in conditional requests only, after it has seen one', async () => {
    const asked: (string | undefined)[] = [];
    answer = (request, response) => {
      asked.push(request.headers['if-none-match']);
      response.setHeader('ETag', '"Ab~1"');
      response.writeHead(request.headers['if-none-match'] ? 304 : 200).end();
    };
    const request = { text: get('/'), etagOf: 'map' };
    const { outcomes } = await runPlan(
      plan({
        requests: [request, { ...request, isConditional: true }],
        chains: [[1], [0], [1], [0]],
        connections: 1,
      }),
    );
    expect(asked).to.deep.equal([undefined, undefined, '"Ab~1"', undefined]);
    expect(outcomes).to.deep.equal({ 200: 3, 304: 1 });
  });

  it('counts a wait from its scheduled instant: one stall shows in all that were due meanwhile', async () => {
    let first = true;
    answer = async (_request, response) => {
      if (first) {
        first = false;
        await sleep(400);
      }
      response.end('ok');
    };
    const chains = Array.from({ length: 50 }, () => [0]);
    const { latency, answered, seconds } = await runPlan(
      plan({ chains, connections: 1, ratePerSecond: 200 }),
    );
    expect(answered).to.equal(50);
    // All 50 were due within 250 ms, behind an answer that took 400.
    expect(latency.p50).to.be.greaterThan(200);
    expect(seconds).to.be.greaterThan(0.39);
  });

  it('keeps to the schedule of an open loop, and to the time of a closed one', async () => {
    answer = (_request, response) => response.end('ok');
    const open = await runPlan(plan({ ratePerSecond: 100, durationMs: 500 }));
    expect(open.answered).to.equal(50);
    expect(open.seconds).to.be.greaterThan(0.48);
    const closed = await runPlan(plan({ durationMs: 200 }));
    expect(closed.answered).to.be.greaterThan(10);
    expect(closed.seconds).to.be.within(0.2, 1.5);
  });

  it('works in a process of its own, and says there why a plan can not be run', async () => {
    answer = (_request, response) => response.end('ok');
    const generator = startGenerator();
    try {
      expect((await generator.run(plan())).outcomes).to.deep.equal({ 200: 1 });
      let failure: unknown;
      await generator.run(plan({ url: 'http://127.0.0.1:1' })).catch((error: unknown) => {
        failure = error;
      });
      expect(String(failure)).to.include('ECONNREFUSED');
      expect((await generator.run(plan())).answered).to.equal(1);
    } finally {
      await generator.stop();
    }
  });
});

describe('an answer that comes in pieces', () => {
  it('is the same wherever it was cut, and leaves what follows for the next', () => {
    const text =
      'HTTP/1.1 200 OK\r\nETag: "X"\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello';
    for (let cut = 1; cut < text.length; cut += 1) {
      const reader = createAnswerReader();
      const early = reader.push(Buffer.from(text.slice(0, cut)));
      expect(early, `cut at ${cut}`).to.equal(undefined);
      const answer = reader.push(Buffer.from(text.slice(cut)));
      expect({ ...answer, body: String(answer?.body) }).to.deep.equal({
        status: 200,
        etag: '"X"',
        encoding: undefined,
        body: 'hello',
        closes: true,
      });
    }
  });
});
