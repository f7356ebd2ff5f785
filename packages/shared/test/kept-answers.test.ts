import { expect } from 'chai';
import { createKeptAnswers, type KeptAnswers } from '../src/http/kept-answers.ts';
import { type Keep, type Route, reply, route } from '../src/http/route.ts';
import { type HttpServer, serve } from '../src/http/server.ts';
import { createLogger } from '../src/logger.ts';
import { createMetrics } from '../src/metrics.ts';
import { waitUntil } from '../src/wait.ts';

describe('kept answers', () => {
  let http: HttpServer;
  let kept: KeptAnswers;
  let isSure: boolean;
  let runs: number;
  let text: string;
  let keep: Keep;
  /** What the store says the thing is, when it is asked. */
  let stamp: string;
  /** Where the route waits, if it is told to. */
  let gate: Promise<void> | undefined;

  const routes: Route[] = [
    route<{ query: { of?: string } }>({
      method: 'get',
      path: '/thing',
      id: 'getThing',
      summary: 'A thing',
      access: 'anyone',
      shared: true,
      responses: { 200: { description: 'The thing' } },
      async run() {
        runs += 1;
        const seen = text;
        await gate;
        return reply(200, { text: seen }, undefined, keep);
      },
    }),
  ];

  beforeEach(async () => {
    [isSure, runs, text, gate] = [true, 0, 'one', undefined];
    keep = { forMs: 60_000, tags: ['thing'] };
    const metrics = createMetrics('test');
    stamp = 'one';
    kept = createKeptAnswers({
      metrics,
      isSure: () => isSure,
      idleMs: 600,
      confirm: async (of) => new Map(of.map((one) => [one, stamp])),
    });
    http = await serve({
      service: 'test',
      version: '1',
      description: '',
      host: '127.0.0.1',
      port: 0,
      routes,
      log: createLogger('test', 'silent'),
      metrics,
      verifyToken: async () => ({ userId: 'u', roles: [] }),
      dependencies: {},
      kept,
    });
  });
  afterEach(() => http.stop());

  const get = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${http.url}/thing`, { headers });
    return [answer.status, await answer.text()];
  };
  const one = [200, '{"text":"one"}'];
  const two = [200, '{"text":"two"}'];

  it('spare the route until their thing is forgotten, and no other', async () => {
    expect(await get()).to.deep.equal(one);
    text = 'two';
    kept.forget(['another thing']);
    expect([await get(), runs]).to.deep.equal([one, 1]);
    kept.forget(['thing']);
    expect([await get(), runs]).to.deep.equal([two, 2]);
  });

  it('are the same bytes as at first, in any script, short and long', async () => {
    for (const times of [1, 700, 70_000]) {
      text = 'Zoë ✓ 劇場 🎭'.repeat(times);
      kept.clear();
      const first = await get();
      expect(first).to.deep.equal([200, JSON.stringify({ text })]);
      const before = runs;
      expect(await get()).to.deep.equal(first);
      expect(runs).to.equal(before);
    }
  });

  it('end with their life', async () => {
    keep = { forMs: 30, tags: ['thing'] };
    expect(await get()).to.deep.equal(one);
    text = 'two';
    await waitUntil('the end of the answer', async () => (await get())[1] === two[1]);
    expect(runs).to.be.at.least(2);
  });

  describe('that the store confirms', () => {
    beforeEach(async () => {
      keep = {
        forMs: 400,
        tags: ['thing'],
        stamp: { of: 'thing', value: 'one', atMostMs: 60_000 },
      };
      await get();
      text = 'two';
    });
    const past = (ms: number) => {
      const from = performance.now();
      return waitUntil(`${ms} ms`, () => performance.now() - from > ms);
    };

    it('go on past their life while they are used, and are not made anew', async () => {
      for (let round = 0; round < 4; round += 1) {
        expect(await get()).to.deep.equal(one);
        expect(await kept.renew()).to.equal(1);
        await past(200);
      }
      expect([await get(), runs]).to.deep.equal([one, 1]);
    });

    it('end with their life when the store says otherwise, or nobody used them for long', async () => {
      stamp = 'two';
      expect(await kept.renew()).to.equal(0);
      await past(500);
      expect([await get(), runs]).to.deep.equal([two, 2]);
      keep = { ...keep, stamp: { of: 'thing', value: 'two', atMostMs: 60_000 } };
      kept.clear();
      await get();
      await past(700);
      expect(await kept.renew()).to.equal(0);
    });

    it('are not confirmed while changes may go unheard', async () => {
      await get();
      isSure = false;
      expect(await kept.renew()).to.equal(0);
    });
  });

  it('are not kept when their thing changes while they are made', async () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const early = get();
    await waitUntil('the route to have read', () => runs === 1);
    text = 'two';
    kept.forget(['thing']);
    const late = get();
    await waitUntil('the later one to read for itself', () => runs === 2);
    open();
    expect(await early).to.deep.equal(one);
    expect(await late).to.deep.equal(two);
    expect(await get()).to.deep.equal(two);
  });

  it('run the route once for all who ask at the same time', async () => {
    let open = () => {};
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const all = Promise.all(Array.from({ length: 20 }, () => get()));
    await waitUntil('the route to run', () => runs === 1);
    open();
    expect(await all).to.deep.equal(Array.from({ length: 20 }, () => one));
    expect(runs).to.equal(1);
  });

  it('last a moment only while changes may go unheard, and again long when they are heard', async () => {
    isSure = false;
    await get();
    text = 'two';
    await waitUntil('a fresh answer', async () => (await get())[1] === two[1]);
    const [before, from] = [runs, performance.now()];
    isSure = true;
    await waitUntil('300 ms', () => performance.now() - from > 300);
    expect([await get(), runs]).to.deep.equal([two, before]);
  });

  it('differ by the headers that the route names, and by no other', async () => {
    keep = { ...keep, vary: ['accept-language'] };
    await get({ 'accept-language': 'de' });
    await get({ 'accept-language': 'de', 'x-other': '1' });
    expect(runs).to.equal(1);
    await get({ 'accept-language': 'fr' });
    await get({ 'accept-language': 'de' });
    expect(runs).to.equal(2);
  });

  it('are all forgotten at once when changes may have been missed', async () => {
    await get();
    text = 'two';
    kept.clear();
    expect(await get()).to.deep.equal(two);
  });
});
