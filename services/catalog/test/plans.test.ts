import { expect } from 'chai';
import { startWorld, type User, type World } from './world.ts';

const PLAN = {
  categories: ['Stalls', 'Floor'],
  sections: [
    {
      name: 'Stalls',
      rows: [
        {
          name: 'A',
          curve: 2,
          seats: [
            { number: '1', x: 0, y: 0.5, category: 'Stalls', flags: ['aisle'] },
            { number: '2', x: 1, y: 0, category: 'Stalls' },
          ],
        },
      ],
    },
    { name: 'Arena', kind: 'standing', capacity: 3, category: 'Floor', floor: '0' },
  ],
};

describe('seat plans', () => {
  let world: World;
  let stranger: User;
  before(async () => {
    world = await startWorld();
    stranger = await world.user('organizer');
  });
  after(() => world.stop());

  async function venueWith(plan: object): Promise<string> {
    const { body } = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: { name: 'Hall', timeZone: 'Europe/Vienna', plan },
    });
    return body.venue.venueId;
  }
  const put = (venueId: string, body: object, as = world.organizer) =>
    world.call('PUT', `/api/venues/${venueId}/plan`, { as, body });
  const read = async (venueId: string, query = '') =>
    (await world.call('GET', `/api/venues/${venueId}/plan${query}`)).body;
  const event = (venueId: string, prices: object[]) =>
    world.call('POST', '/api/events', {
      as: world.organizer,
      body: {
        ...{ venueId, name: 'Quartet', category: 'classical', prices, currency: 'EUR' },
        startsAt: '2099-03-14T18:30:00.000Z',
        onSaleAt: '2020-01-01T00:00:00.000Z',
        status: 'published',
      },
    });

  it('of another version follow one another, and the old ones stay to be read', async () => {
    const venueId = await venueWith({ seatCount: 2 });
    const second = await put(venueId, { plan: PLAN, version: 1 });
    expect([second.status, second.body.venue]).to.deep.equal([
      200,
      (await world.call('GET', `/api/venues/${venueId}`)).body.venue,
    ]);
    expect(second.body.venue).to.deep.include({ planVersion: 2, seatCount: 5, version: 2 });
    expect((await read(venueId)).seats).to.have.length(5);
    const first = await read(venueId, '?version=1');
    expect([first.planVersion, first.seats.length]).to.deep.equal([1, 2]);
    const none = await world.call('GET', `/api/venues/${venueId}/plan?version=3`);
    expect([none.status, none.body.code]).to.deep.equal([404, 'plan_not_found']);
  });

  it('that are put again as they are make no version, and of an old venue none either', async () => {
    const venueId = await venueWith(PLAN);
    const again = await put(venueId, { plan: PLAN });
    expect([again.status, again.body.venue.planVersion]).to.deep.equal([200, 1]);
    const stale = await put(venueId, { plan: { seatCount: 1 }, version: 9 });
    expect([stale.status, stale.body.code]).to.deep.equal([409, 'version_conflict']);
    const foreign = await put(venueId, { plan: { seatCount: 1 } }, stranger);
    expect([foreign.status, foreign.body.code]).to.deep.equal([403, 'forbidden']);
    expect((await read(venueId)).planVersion).to.equal(1);
  });

  it('of our own form come back by each export with the same seats', async () => {
    const venueId = await venueWith(PLAN);
    const plan = await read(venueId);
    for (const form of ['sections', 'pretix']) {
      const written = await read(venueId, `?format=${form}`);
      const copy = await venueWith(form === 'pretix' ? { pretix: written } : written);
      expect({ ...(await read(copy)), venueId }, form).to.deep.equal(plan);
    }
  });

  it('have standing areas, whose places are sold like seats and have no position', async () => {
    const venueId = await venueWith(PLAN);
    const made = await event(venueId, [
      { category: 'Stalls', priceMinor: 5_000 },
      { category: 'Floor', priceMinor: 2_000 },
    ]);
    const { eventId } = made.body.event;
    const { body } = await world.call('GET', `/api/events/${eventId}/seats?section=Arena`);
    expect(body.seats[0]).to.deep.equal({
      ...{ seatId: 'Arena-1', label: 'Arena, place 1', section: 'Arena', row: '', number: '1' },
      ...{ order: 2, category: 'Floor', flags: [], status: 'available', version: 1 },
    });
    const taken = await world.take(await world.user(), eventId, ['Arena-1', 'Stalls-A-1']);
    expect([taken.status, taken.body.hold.totalMinor]).to.deep.equal([201, 7_000]);
  });

  it('may have 100,000 seats, with an event of them, and one more is refused', async function () {
    this.timeout(180_000);
    const rows = Array.from({ length: 500 }, (_, r) => ({
      name: `Row ${r}`,
      seats: Array.from({ length: 200 }, (_, n) => ({
        ...{ number: String(n), x: n * 10, y: r * 10, category: 'Stand' },
      })),
    }));
    const plan = { categories: ['Stand'], sections: [{ name: 'Main stand', rows }] };
    const venueId = await venueWith(plan);
    const made = await event(venueId, [{ category: 'Stand', priceMinor: 1_000 }]);
    expect([made.status, made.body.event.seatCount]).to.deep.equal([201, 100_000]);
    const { eventId } = made.body.event;
    expect(await world.db.collection('seats').countDocuments({ eventId })).to.equal(100_000);
    const exported = await read(venueId, '?format=pretix');
    expect(exported.zones[0].rows[499].seats).to.have.length(200);
    rows[0]?.seats.push({ number: 'more', x: 0, y: 0, category: 'Stand' });
    const more = await put(venueId, { plan });
    expect([more.status, more.body.code]).to.deep.equal([422, 'plan_invalid']);
  });
});
