import { expect } from 'chai';
import { reply, route } from '../src/http/route.ts';
import { serve } from '../src/http/server.ts';
import { createMetrics } from '../src/metrics.ts';
import { waitUntil } from '../src/wait.ts';
import { createTokens, keepLog, noteSchema, startTestService } from './test-service.ts';

type Waiting = { signal: AbortSignal; release: () => void };

/** A route whose requests stay at work until the test releases them or their signal aborts. */
function createWaitingRoutes() {
  const waiting: Waiting[] = [];
  const hold = async (signal: AbortSignal, endsBySignal: boolean) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.push({ signal, release: resolve });
    if (endsBySignal) signal.addEventListener('abort', () => resolve());
    await promise;
    return reply(200, { aborted: signal.aborted });
  };
  const common = {
    summary: 'Waits',
    access: 'anyone' as const,
    responses: { 200: { description: 'At last' } },
  };
  const routes = [
    route({
      ...common,
      method: 'get',
      path: '/poll',
      id: 'poll',
      run: ({ signal }) => hold(signal, true),
    }),
    route({
      ...common,
      method: 'post',
      path: '/work',
      id: 'work',
      body: noteSchema,
      run: ({ signal }) => hold(signal, false),
    }),
  ];
  return { waiting, routes };
}

const work = (url: string, signal?: AbortSignal) =>
  fetch(`${url}/work`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"title":"a"}',
    ...(signal && { signal }),
  });

describe('requests that end early', () => {
  it('aborts the signal of a request whose client went away, leaves the others alone', async () => {
    const { waiting, routes } = createWaitingRoutes();
    const service = await startTestService(routes);
    const leaving = new AbortController();
    const left = work(service.url, leaving.signal).catch(() => 'left');
    await waitUntil('the first request', () => waiting.length === 1);
    const staying = work(service.url);
    await waitUntil('the second request', () => waiting.length === 2);
    leaving.abort();
    expect(await left).to.equal('left');
    await waitUntil('the abort', () => waiting[0]?.signal.aborted);
    expect(waiting[1]?.signal.aborted).to.equal(false);
    for (const { release } of waiting) release();
    expect(await (await staying).json()).to.deep.equal({ aborted: false });
    expect(waiting[1]?.signal.aborted).to.equal(false);
    await service.stop();
  });

  it('aborts from the start the signal of a request whose client left before its turn', async () => {
    const { waiting, routes } = createWaitingRoutes();
    const arrived = Promise.withResolvers<void>();
    const turn = Promise.withResolvers<void>();
    const { verifyToken } = await createTokens();
    const service = await serve({
      ...{ service: 'test', version: '1.2.3', description: 'Waits.', routes, verifyToken },
      ...{ host: '127.0.0.1', port: 0, dependencies: {} },
      ...{ log: keepLog().log, metrics: createMetrics('test') },
      async before(ctx, next) {
        ctx.res.once('close', turn.resolve);
        arrived.resolve();
        await turn.promise;
        await next();
      },
    });
    const leaving = new AbortController();
    const left = fetch(`${service.url}/poll`, { signal: leaving.signal }).catch(() => 'left');
    await arrived.promise;
    leaving.abort();
    expect(await left).to.equal('left');
    await waitUntil('the request', () => waiting.length === 1);
    expect(waiting[0]?.signal.aborted).to.equal(true);
    waiting[0]?.release();
    await service.stop();
  });

  it('stops at once: long polls end by their signal, work is finished, newcomers are refused', async () => {
    const { waiting, routes } = createWaitingRoutes();
    const service = await startTestService(routes);
    const poll = fetch(`${service.url}/poll`);
    const working = work(service.url);
    await waitUntil('both requests', () => waiting.length === 2);
    const startedAt = performance.now();
    const stopped = service.stop();
    expect(await (await poll).json()).to.deep.equal({ aborted: true });
    const newcomer = await fetch(`${service.url}/livez`).catch(() => 'refused');
    expect(newcomer).to.equal('refused');
    for (const { release } of waiting) release();
    expect((await working).status).to.equal(200);
    await stopped;
    expect(performance.now() - startedAt).to.be.below(2_000);
  });

  it('stops although clients keep idle connections open', async () => {
    const service = await startTestService(createWaitingRoutes().routes);
    await (await fetch(`${service.url}/livez`)).text();
    const startedAt = performance.now();
    await service.stop();
    expect(performance.now() - startedAt).to.be.below(1_000);
  });

  it('cuts a request that does not end within five seconds of the stop', async () => {
    const { waiting, routes } = createWaitingRoutes();
    const service = await startTestService(routes);
    const working = work(service.url).catch(() => 'cut');
    await waitUntil('the request', () => waiting.length === 1);
    await service.stop();
    expect(await working).to.equal('cut');
    for (const { release } of waiting) release();
  });
});
