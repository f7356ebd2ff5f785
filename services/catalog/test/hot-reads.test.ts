import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { startWire } from '@holdfast/shared/wire.ts';
import { expect } from 'chai';
import { readCatalogConfig } from '../src/config.ts';
import { type Catalog, createService } from '../src/service.ts';
import { given, startWorld, type World } from './world.ts';

describe('hot reads', () => {
  let world: World;
  let wire: Awaited<ReturnType<typeof startWire>>;
  let other: Catalog;
  before(async () => {
    wire = await startWire(given('REDIS_URL'));
    world = await startWorld();
    // A second process of the same catalog, which hears of changes through the wire.
    other = await createService(readCatalogConfig({ ...world.environment, REDIS_URL: wire.url }));
    await other.ready;
  });
  after(async () => {
    await other.stop();
    await world.stop();
    await wire.cut();
  });

  const read = (path: string, headers: Record<string, string> = {}) =>
    fetch(other.url + path, { headers });
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not trusted
  const show = async (path: string): Promise<any> => (await read(path)).json();
  const change = (eventId: string, name: string) =>
    world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body: { name } });
  async function counted(outcome: string): Promise<number> {
    const metrics = await (await read('/metrics')).text();
    return metrics
      .split('\n')
      .filter((one) => one.startsWith('holdfast_kept_reads_total'))
      .filter((one) => one.includes(`outcome="${outcome}"`))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
  /** Reads until the name is seen; answers how long that took from now, in milliseconds. */
  async function untilSeen(eventId: string, name: string): Promise<number> {
    const from = performance.now();
    await waitUntil(
      `the name ${name}`,
      async () => (await show(`/api/events/${eventId}`)).event.name === name,
      { everyMs: 1 },
    );
    return performance.now() - from;
  }
  /** Waits until an answer outlives the 150 ms that it may be kept while tidings are unsure. */
  async function untilSure(path: string): Promise<void> {
    await waitUntil('an answer that stays', async () => {
      await read(path);
      const [before, from] = [await counted('miss'), performance.now()];
      await waitUntil('200 ms', () => performance.now() - from > 200);
      await read(path);
      return (await counted('miss')) === before;
    });
  }

  it('tell of a change whose process died before it said so', async () => {
    const eventId = await world.event(1, { onSaleAt: '2090-01-01T00:00:00.000Z' });
    const events = world.db.collection<{ _id: string }>('events');
    const isListed = async () =>
      (await events.countDocuments({ _id: eventId, unlisted: false })) > 0;
    await waitUntil('the event to be listed', isListed);
    await untilSure(`/api/events/${eventId}`);
    const change = { name: 'Octet', status: 'cancelled', unlisted: true };
    await events.updateOne({ _id: eventId }, { $set: change, $inc: { version: 1 } });
    expect((await show(`/api/events/${eventId}`)).event.name).to.equal('Quartet');
    world.catalog.searching.lister.wake();
    await untilSeen(eventId, 'Octet');
  });

  it('are answered from memory with the same bytes and headers, under a request id of their own', async () => {
    const path = `/api/events/${await world.event(1)}`;
    const first = await read(path);
    const body = await first.text();
    // While tidings are unsure, on a busy machine say, an answer may run out in between.
    const second = await waitUntil('an answer from memory', async () => {
      const hits = await counted('hit');
      const answer = await read(path, { 'x-request-id': 'mine-2' });
      expect(await answer.text()).to.equal(body);
      return (await counted('hit')) === hits + 1 && answer;
    });
    const compared = (answer: Response) =>
      [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
    expect(compared(second)).to.deep.equal(compared(first));
    expect(second.headers.get('x-request-id')).to.equal('mine-2');
    expect(first.headers.get('etag')).to.match(/^"[\w-]+"$/);
  });

  it('answer 304 while nothing changed, and the new state after a change', async () => {
    const eventId = await world.event(1);
    const path = `/api/events/${eventId}`;
    const first = await read(path);
    await first.text();
    const etag = first.headers.get('etag') ?? '';
    const again = await read(path, { 'if-none-match': `"other", W/${etag}` });
    expect([again.status, await again.text(), again.headers.get('etag')]).to.deep.equal([
      304,
      '',
      etag,
    ]);
    await change(eventId, 'Octet');
    await untilSeen(eventId, 'Octet');
    const changed = await read(path, { 'if-none-match': etag });
    expect(changed.status).to.equal(200);
    expect(await changed.text()).to.include('Octet');
  });

  it('are read from the store once for a stampede', async () => {
    const path = `/api/events?q=${await world.event(1)}`;
    const misses = await counted('miss');
    const answers = await Promise.all(Array.from({ length: 50 }, () => read(path)));
    await Promise.all(answers.map((one) => one.text()));
    expect(new Set(answers.map((one) => one.status))).to.deep.equal(new Set([200]));
    // While tidings are unsure an answer may run out in the middle of the stampede.
    expect((await counted('miss')) - misses).to.be.lessThan(25);
  });

  it('of a list show an event as soon as it is there, and of a single event its change', async () => {
    await read('/api/events?city=Nowhere');
    const eventId = await world.event(1, { tags: ['fresh-one'] });
    await waitUntil('the new event in the list', async () => {
      const { events } = await show('/api/events?tag=fresh-one');
      return events.some((one: { eventId: string }) => one.eventId === eventId);
    });
    await read(`/api/events/${eventId}`);
    await change(eventId, 'Nonet');
    await untilSeen(eventId, 'Nonet');
  });

  it('of lists stay when an event that is in none of them changes, and go when one comes in', async () => {
    const tag = `list-${newId()}`;
    await world.event(1, { tags: [tag] });
    const stranger = await world.event(1);
    const path = `/api/events?tag=${tag}`;
    await untilSure(path);
    await read(path);
    const before = await counted('miss');
    await world.call('PATCH', `/api/events/${stranger}`, {
      as: world.organizer,
      body: { description: 'Not in that list' },
    });
    await read(path);
    expect(await counted('miss')).to.equal(before);
    await world.call('PATCH', `/api/events/${stranger}`, {
      as: world.organizer,
      body: { tags: [tag] },
    });
    await waitUntil('both in the list', async () => (await show(path)).events.length === 2);
  });

  it('follow changes made by another process, far sooner than answers are kept', async () => {
    const eventId = await world.event(1);
    await untilSure(`/api/events/${eventId}`);
    const delays: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      await read(`/api/events/${eventId}`);
      await change(eventId, `Round ${round}`);
      delays.push(await untilSeen(eventId, `Round ${round}`));
    }
    // Answers of an event on sale are kept for 5 s.
    expect(Math.max(...delays)).to.be.lessThan(2_500);
  });

  it('follow changes when Redis is away, and when it has just gone quiet', async () => {
    const eventId = await world.event(1);
    await untilSure(`/api/events/${eventId}`);
    wire.hush();
    await change(eventId, 'Quiet');
    expect(await untilSeen(eventId, 'Quiet')).to.be.lessThan(2_500);
    await wire.cut();
    await change(eventId, 'Cut');
    expect(await untilSeen(eventId, 'Cut')).to.be.lessThan(2_500);
  });

  it('leave alone what is not there or not public: a refusal is never kept', async () => {
    const path = '/api/events/0198c9d4-0000-7000-8000-000000000404';
    const hits = await counted('hit');
    expect((await read(path)).status).to.equal(404);
    expect((await read(path)).status).to.equal(404);
    expect(await counted('hit')).to.equal(hits);
  });
});
