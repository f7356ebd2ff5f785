import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { startWorld, type World } from './world.ts';

describe('artists and series', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const send = (method: string, path: string, body: object, key?: string, as = world.organizer) =>
    world.call(method, path, { as, body, ...(key !== undefined && { key }) });

  it('creates an artist once a key, changes one by its version, and lets nobody else', async () => {
    const key = newId();
    const input = { name: 'Quartett am Fluss', genres: ['classical'] };
    const [one, two] = [
      await send('POST', '/api/artists', input, key),
      await send('POST', '/api/artists', input, key),
    ];
    expect([one.status, two.body]).to.deep.equal([201, one.body]);
    const other = await send('POST', '/api/artists', { name: 'Other' }, key);
    expect(other.body.code).to.equal('idempotency_key_reused');
    const { artistId } = one.body.artist;
    const path = `/api/artists/${artistId}`;
    const changed = await send('PATCH', path, { description: 'Four', version: 1 });
    expect(changed.body.artist).to.deep.equal({
      ...{ artistId, ...input, description: 'Four', images: [], version: 2 },
    });
    const stale = await send('PATCH', path, { description: 'Five', version: 1 });
    expect(stale.body.code).to.equal('version_conflict');
    const stranger = await world.user('organizer');
    const foreign = await send('PATCH', path, { name: 'Mine' }, undefined, stranger);
    expect(foreign.body.code).to.equal('forbidden');
    expect((await world.call('GET', path)).body).to.deep.equal(changed.body);
    const listed = await world.call('GET', '/api/artists');
    expect(listed.body).to.deep.equal({ artists: [changed.body.artist], next: null });
  });

  it('names artists of an event by id besides free names, and finds it by both', async () => {
    const { body } = await send('POST', '/api/artists', { name: 'Anna Adler' });
    const { artistId } = body.artist;
    const eventId = await world.event(1, { artistIds: [artistId], artists: ['Ben Berg'] });
    const shown = await world.call('GET', `/api/events/${eventId}`);
    expect(shown.body.event).to.deep.include({
      artistIds: [artistId],
      artists: ['Anna Adler', 'Ben Berg'],
    });
    for (const query of ['q=adler', 'q=berg', `artistId=${artistId}`]) {
      await waitUntil(`it to be found by ${query}`, async () => {
        const found = await world.call('GET', `/api/search?${query}`);
        return found.body.hits[0]?.eventId === eventId;
      });
    }
    const unknown = newId();
    const refused = await send('PATCH', `/api/events/${eventId}`, { artistIds: [unknown] });
    expect([refused.status, refused.body.code, refused.body.artistIds]).to.deep.equal([
      ...[404, 'artist_not_found', [unknown]],
    ]);
  });

  it('makes the events of a series at one time on the wall, each an ordinary one, once a key', async () => {
    const venue = await send('POST', '/api/venues', {
      name: 'Hall',
      timeZone: 'Europe/Vienna',
      plan: { seatCount: 2 },
    });
    const input = {
      recurrence: { firstLocal: '2099-03-22T12:30', every: 1, step: 'weeks', count: 3 },
      durationMinutes: 60,
      event: {
        venueId: venue.body.venue.venueId,
        name: 'Lunch concert',
        category: 'classical',
        onSaleAt: '2020-01-01T00:00:00.000Z',
        prices: [{ category: 'General', priceMinor: 900 }],
        currency: 'EUR',
        status: 'published',
      },
    };
    const key = newId();
    const [one, two] = await Promise.all([
      send('POST', '/api/series', input, key),
      send('POST', '/api/series', input, key),
    ]);
    expect([one.status, two.status, two.body]).to.deep.equal([201, 201, one.body]);
    const { seriesId, eventIds } = one.body.series;
    const events = await Promise.all(
      eventIds.map(async (eventId: string) => {
        const { body } = await world.call('GET', `/api/events/${eventId}`);
        const { startsAt, startsAtLocal, endsAt, ...event } = body.event;
        expect(event).to.deep.include({ seriesId, name: 'Lunch concert', seatCount: 2 });
        return [startsAt, startsAtLocal, endsAt];
      }),
    );
    expect(events).to.deep.equal([
      ['2099-03-22T11:30:00.000Z', '2099-03-22T12:30', '2099-03-22T12:30:00.000Z'],
      ['2099-03-29T10:30:00.000Z', '2099-03-29T12:30', '2099-03-29T11:30:00.000Z'],
      ['2099-04-05T10:30:00.000Z', '2099-04-05T12:30', '2099-04-05T11:30:00.000Z'],
    ]);
    const taken = await world.take(await world.user(), eventIds[1], ['GENERAL-1']);
    expect(taken.status).to.equal(201);
    expect(await world.db.collection('events').countDocuments({ seriesId })).to.equal(3);
    expect((await world.call('GET', `/api/series/${seriesId}`)).body).to.deep.equal(one.body);
    expect((await world.call('GET', '/api/series')).body.series).to.deep.equal([one.body.series]);
    const other = { ...input, durationMinutes: 90 };
    const reused = await send('POST', '/api/series', other, key);
    expect(reused.body.code).to.equal('idempotency_key_reused');
    const never = { ...input.recurrence, firstLocal: '2099-02-30T12:30' };
    const refused = await send('POST', '/api/series', { ...input, recurrence: never });
    expect([refused.status, refused.body.code]).to.deep.equal([400, 'invalid_request']);
  });
});
