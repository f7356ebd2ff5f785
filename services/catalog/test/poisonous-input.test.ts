import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Event } from '../src/event.ts';
import { readPlan } from '../src/plans/read-plan.ts';
import { createPlans } from '../src/stores/plans.ts';
import { startWorld, type World } from './world.ts';

describe('poisonous input', () => {
  let world: World;
  let venueId: string;
  before(async () => {
    world = await startWorld();
    const eventId = await world.event(2);
    venueId = (await world.call('GET', `/api/events/${eventId}`)).body.event.venueId;
  });
  after(() => world.stop());

  const create = (edit: object) =>
    world.call('POST', '/api/events', {
      as: world.organizer,
      body: {
        venueId,
        name: 'Quartet',
        category: 'classical',
        startsAt: '2099-03-14T18:30:00.000Z',
        onSaleAt: '2020-01-01T00:00:00.000Z',
        prices: [{ category: 'General', priceMinor: 2500 }],
        currency: 'EUR',
        status: 'published',
        ...edit,
      },
    });

  it('refuses metadata that the driver would take for a type of its own, stores nothing', async () => {
    const before = await world.db.collection('events').countDocuments();
    const answer = await create({ metadata: { _bsontype: 'ObjectId' } });
    expect([answer.status, answer.body.code]).to.deep.equal([400, 'invalid_request']);
    expect(await world.db.collection('events').countDocuments()).to.equal(before);
  });

  for (const startsAt of ['9999-12-31T23:59:00-01:00', '0000-01-01T00:00:00+05:00']) {
    it(`refuses the start ${startsAt} that no message can carry, leaves no event half made`, async () => {
      const before = await world.db.collection('events').countDocuments();
      const answer = await create({ startsAt, onSaleAt: '0000-01-01T00:00:00+06:00' });
      expect([answer.status, answer.body.code]).to.deep.equal([400, 'invalid_request']);
      expect(await world.db.collection('events').countDocuments()).to.equal(before);
    });
  }

  it('gives a venue the plan of its own request, not that of a broken-off try under its key', async () => {
    const key = newId();
    const abandoned = readPlan({ seatCount: 5 });
    if ('problems' in abandoned) throw new Error(abandoned.problems.join());
    const id = derivedId('venue', world.organizer.userId, key);
    const stored = { ...abandoned, fingerprint: 'of another request' };
    expect(await createPlans(world.db).insert(id, 1, stored)).to.equal(true);
    const venue = await world.call('POST', '/api/venues', {
      as: world.organizer,
      key,
      body: { name: 'Hall', timeZone: 'Europe/Vienna', plan: { seatCount: 3 } },
    });
    const plan = await world.call('GET', `/api/venues/${id}/plan`);
    expect([venue.status, venue.body.venue.seatCount, plan.body.seats.length]).to.deep.equal([
      201, 3, 3,
    ]);
  });

  it('completes broken-off events past one that can not be completed', async () => {
    const { body } = await create({});
    const events = world.db.collection<Event>('events');
    const made = await events.findOne({ _id: body.event.eventId });
    if (!made) throw new Error('no event');
    const broken = (id: string, at: number) => ({
      ...made,
      _id: id,
      venueId: newId(),
      ready: false,
      createdAt: new Date(at),
    });
    await events.deleteOne({ _id: made._id });
    const whole = { ...made, ready: false, createdAt: new Date(1) };
    await events.insertMany([broken('before', 0), whole, broken('0-after', 2)]);
    await waitUntil('the other', async () => (await events.findOne({ _id: made._id }))?.ready);
    expect(await events.countDocuments({ ready: false })).to.equal(2);
  });
});
