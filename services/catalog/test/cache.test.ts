import { waitUntil } from '@holdfast/shared/wait.ts';
import { startWire } from '@holdfast/shared/wire.ts';
import { expect } from 'chai';
import { given, startWorld, type World } from './world.ts';

describe('the cache', () => {
  let world: World | undefined;
  let wire: Awaited<ReturnType<typeof startWire>>;
  beforeEach(async () => {
    wire = await startWire(given('REDIS_URL'));
  });
  afterEach(async () => {
    await world?.stop();
    await wire.cut();
    world = undefined;
  });

  async function useAll(running: World): Promise<void> {
    const eventId = await running.event(2);
    const buyer = await running.user();
    const taken = await running.take(buyer, eventId, ['GENERAL-1']);
    const answers = [
      taken,
      await running.call('GET', `/api/events/${eventId}`),
      await running.call('GET', `/api/events/${eventId}/seats`),
      await running.call('PATCH', `/api/events/${eventId}`, {
        as: running.organizer,
        body: { name: 'Other' },
      }),
      await running.call('GET', `/api/events/${eventId}`),
      await running.call('DELETE', `/api/holds/${taken.body.hold.holdId}`, { as: buyer }),
    ];
    expect(answers.map((one) => one.status)).to.deep.equal([201, 200, 200, 200, 200, 200]);
    expect(answers[4]?.body.event.name).to.equal('Other');
  }

  it('answers reads of an event, and forgets it when it is changed', async () => {
    world = await startWorld({ REDIS_URL: wire.url });
    await useAll(world);
    expect((await world.call('GET', '/health')).body.dependencies.redis.status).to.equal('up');
    const eventId = await world.event(1);
    // Its listing has it read anew, and once more 100 ms later.
    const events = world.db.collection<{ _id: string }>('events');
    await waitUntil('the event to be listed', async () =>
      Boolean(await events.findOne({ _id: eventId, unlisted: false })),
    );
    const from = performance.now();
    await waitUntil('200 ms', () => performance.now() - from > 200);
    const nameShown = async () =>
      (await world?.call('GET', `/api/events/${eventId}`))?.body.event.name;
    expect(await nameShown()).to.equal('Quartet');
    await events.updateOne({ _id: eventId }, { $set: { name: 'Behind its back' } });
    expect(await nameShown()).to.equal('Quartet');
    await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { name: 'Trio' },
    });
    expect(await nameShown()).to.equal('Trio');
  });

  it('is not missed when it is cut: no request fails, the service is degraded', async () => {
    world = await startWorld({ REDIS_URL: wire.url });
    await useAll(world);
    await wire.cut();
    await useAll(world);
    const { status, body } = await world.call('GET', '/health');
    expect([status, body.status]).to.deep.equal([200, 'degraded']);
    expect((await world.call('GET', '/readyz')).status).to.equal(200);
  });

  it('does not hold requests up when it goes quiet', async () => {
    world = await startWorld({ REDIS_URL: wire.url });
    await useAll(world);
    wire.hush();
    await useAll(world);
  });

  it('may be absent from the start', async () => {
    world = await startWorld({ REDIS_URL: '' });
    await useAll(world);
    expect((await world.call('GET', '/health')).body.status).to.equal('healthy');
  });
});
