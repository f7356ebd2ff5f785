import { expect } from 'chai';
import { startWorld, type User, type World } from './world.ts';

describe('a draft', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const pathsOf = (eventId: string) => [
    `/api/events/${eventId}`,
    `/api/events/${eventId}/seats`,
    `/api/events/${eventId}/seats/GENERAL-1`,
    `/api/events/${eventId}/availability`,
    `/api/events/${eventId}/seat-map`,
    `/api/events/${eventId}/seat-map/geometry/1`,
  ];
  const read = (path: string, as?: User) =>
    fetch(world.catalog.url + path, {
      headers: { accept: 'application/json', ...(as && { authorization: `Bearer ${as.token}` }) },
    });

  it('is shown whole to its organizer and admins, and to nobody else, whoever asked before', async () => {
    const eventId = await world.event(2, { status: 'draft' });
    const admin = await world.user('admin');
    const strangers = [undefined, await world.user(), await world.user('organizer')];
    for (const path of pathsOf(eventId)) {
      for (const owner of [world.organizer, admin]) {
        const shown = await read(path, owner);
        expect([path, shown.status]).to.deep.equal([path, 200]);
        expect(shown.headers.get('cache-control')).to.equal('private, no-store');
        expect(await shown.text()).to.include(path.includes('seat-map') ? '"seats"' : '"');
        for (const stranger of strangers) {
          const refused = await read(path, stranger);
          expect([path, refused.status]).to.deep.equal([path, 404]);
          const problem = (await refused.json()) as { code: string };
          expect(problem.code).to.equal('event_not_found');
        }
      }
    }
    const { event } = (await world.call('GET', `/api/events/${eventId}`, { as: admin })).body;
    expect(event).to.deep.include({ eventId, status: 'draft', shownStatus: 'draft' });
  });

  it('is not given to those who ask at the same moment as its organizer', async () => {
    const eventId = await world.event(1, { status: 'draft' });
    for (const path of pathsOf(eventId)) {
      const askers = [undefined, world.organizer, undefined, world.organizer, undefined];
      const answers = await Promise.all(askers.map((as) => read(path, as)));
      expect(answers.map((one) => one.status)).to.deep.equal([404, 200, 404, 200, 404]);
      await Promise.all(answers.map((one) => one.text()));
    }
  });

  it('is there for everybody once published, and may be kept from then on', async () => {
    const eventId = await world.event(1, { status: 'draft' });
    await (await read(`/api/events/${eventId}/seat-map`, world.organizer)).text();
    await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { status: 'published' },
    });
    for (const path of pathsOf(eventId)) {
      for (const as of [undefined, world.organizer]) {
        const shown = await read(path, as);
        expect([path, shown.status]).to.deep.equal([path, 200]);
        expect(String(shown.headers.get('cache-control'))).not.to.include('private');
        await shown.text();
      }
    }
  });

  it('is answered as not there to a token that is none', async () => {
    const eventId = await world.event(1, { status: 'draft' });
    const forged = { ...world.organizer, token: 'no.token.of-ours' };
    expect((await read(`/api/events/${eventId}`, forged)).status).to.equal(404);
  });

  it('is among the events of its organizer, page by page, and of all for an admin', async () => {
    const organizer = await world.user('organizer');
    const admin = await world.user('admin');
    const venue = await world.call('POST', '/api/venues', {
      as: organizer,
      body: { name: 'Own hall', timeZone: 'Europe/Vienna', plan: { seatCount: 1 } },
    });
    const ids: string[] = [];
    for (const day of ['01', '02', '03']) {
      const { body } = await world.call('POST', '/api/events', {
        as: organizer,
        body: {
          ...{ venueId: venue.body.venue.venueId, name: 'Own', category: 'jazz', currency: 'EUR' },
          startsAt: `2098-05-${day}T18:00:00.000Z`,
          onSaleAt: '2020-01-01T00:00:00.000Z',
          prices: [{ category: 'General', priceMinor: 100 }],
        },
      });
      ids.push(body.event.eventId);
    }
    const list = async (query: string, as: User) =>
      (await world.call('GET', `/api/events/mine?${query}`, { as })).body;
    const idsOf = (body: { events: { eventId: string }[] }) =>
      body.events.map((one) => one.eventId);
    const first = await list('limit=2', organizer);
    const second = await list(`limit=2&cursor=${first.next}`, organizer);
    expect([idsOf(first), idsOf(second), second.next]).to.deep.equal([
      ids.slice(0, 2),
      ids.slice(2),
      null,
    ]);
    expect(idsOf(await list('', organizer))).to.deep.equal(ids);
    expect(idsOf(await list('', admin))).to.deep.equal([]);
    expect(idsOf(await list(`ownerId=${organizer.userId}`, admin))).to.deep.equal(ids);
    expect(idsOf(await list('ownerId=all', admin))).to.include.members(ids);
    for (const ownerId of ['all', admin.userId]) {
      const refused = await list(`ownerId=${ownerId}`, organizer);
      expect(refused.code).to.equal('forbidden');
    }
    expect((await list('cursor=W10', organizer)).code).to.equal('invalid_request');
  });
});
