import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Event } from '../src/event.ts';
import { startWorld, type World } from './world.ts';

const WIEN = { latitude: 48.2, longitude: 16.37 };
const LINZ = { latitude: 48.3, longitude: 14.29 };
const LONG_AGO = {
  startsAt: '2021-03-14T18:30:00.000Z',
  endsAt: '2021-03-14T20:30:00.000Z',
} as const;

describe('a changed venue', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  async function makeVenue(): Promise<string> {
    const { body } = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: {
        ...{ name: 'Old hall', city: 'Wien', country: 'AT', timeZone: 'Europe/Vienna' },
        ...{ location: WIEN, plan: { seatCount: 2 } },
      },
    });
    return body.venue.venueId;
  }
  const edit = (venueId: string, body: object) =>
    world.call('PATCH', `/api/venues/${venueId}`, { as: world.organizer, body });
  const show = async (eventId: string) =>
    (await world.call('GET', `/api/events/${eventId}`)).body.event;
  const found = async (query: string): Promise<string[]> =>
    (await world.call('GET', query)).body.hits.map((hit: { eventId: string }) => hit.eventId);
  async function event(eventId: string): Promise<Event> {
    const one = await world.db.collection<Event>('events').findOne({ _id: eventId });
    if (one === null) throw new Error(`no event ${eventId}`);
    return one;
  }

  it('reaches its events, their lists and searches; one that is over keeps what it showed', async () => {
    const venueId = await makeVenue();
    const eventId = await world.event(1, { venueId });
    const draftId = await world.event(1, { venueId, status: 'draft' });
    const overId = await world.event(1, { venueId, ...LONG_AGO });
    const near = `/api/search?near=${LINZ.latitude},${LINZ.longitude}&radiusKm=5&venueId=${venueId}`;
    expect(await show(eventId)).to.deep.include({ venueName: 'Old hall', location: WIEN });
    expect(await found(near)).to.deep.equal([]);

    const face = { city: 'Linz', country: 'Austria', location: LINZ };
    expect((await edit(venueId, { name: 'New hall', ...face })).status).to.equal(200);
    const shown = await waitUntil('the event to follow', async () => {
      const one = await show(eventId);
      return one.venueName === 'New hall' && one;
    });
    expect(shown).to.deep.include({ ...face, version: 3, timeZone: 'Europe/Vienna' });
    await waitUntil('it to be found there', async () => (await found(near)).includes(eventId));
    await waitUntil('its new words', async () =>
      (await found(`/api/search?q=new+hall&venueId=${venueId}`)).includes(eventId),
    );
    const listed = await world.call('GET', `/api/events?city=Linz&venueId=${venueId}`);
    expect(listed.body.events.map((one: Event & { eventId: string }) => one.eventId)).to.deep.equal(
      [eventId],
    );
    await waitUntil('the draft to follow', async () => (await event(draftId)).city === 'Linz');
    expect(await show(overId)).to.deep.include({ venueName: 'Old hall', city: 'Wien', version: 2 });
    const { history } = await event(eventId);
    expect(history.at(-1)).to.deep.include({
      actor: 'system:lister',
      reason: 'venue changed',
      before: {
        ...{ venueName: 'Old hall', city: 'Wien', country: 'AT', timeZone: 'Europe/Vienna' },
        location: WIEN,
      },
      after: { venueName: 'New hall', timeZone: 'Europe/Vienna', ...face },
    });
  });

  it('is told by a message of each event, and reaches those left when a process dies half way', async () => {
    const venueId = await makeVenue();
    const ids = [await world.event(1, { venueId }), await world.event(1, { venueId })];
    const { lister } = world.catalog.searching;
    await lister.drain();
    await world.catalog.relay.stop();
    await lister.stop();
    try {
      await edit(venueId, { name: 'Half way' });
      // What a process that died left behind: the mark, one event that follows, one that does not.
      await lister.runOnce();
      await world.db
        .collection<Event>('events')
        .updateOne({ _id: ids[1] as string }, { $set: { venueName: 'Old hall', outbox: [] } });
      await lister.drain();
      for (const id of ids) {
        const { venueName, version, outbox } = await event(id);
        const message = outbox.at(-1);
        expect([venueName, message?.type, message?.version]).to.deep.equal([
          ...['Half way', 'event.updated.v1', version],
        ]);
        expect(message?.data).to.deep.include({ eventId: id, venueName: 'Half way' });
      }
      const venues = world.db.collection<{ _id: string; unfollowed: boolean }>('venues');
      expect((await venues.findOne({ _id: venueId }))?.unfollowed).to.equal(false);
    } finally {
      lister.start();
      world.catalog.relay.start();
    }
  });

  it('leaves an event whose plan is being edited until that is done', async () => {
    const venueId = await makeVenue();
    const eventId = await world.event(1, { venueId });
    const { lister } = world.catalog.searching;
    const events = world.db.collection<{ _id: string }>('events');
    const planEdit = { id: 'edit', stage: 'none', movedAt: new Date('2099-01-01T00:00:00.000Z') };
    await events.updateOne({ _id: eventId }, { $set: { planEdit } });
    await edit(venueId, { name: 'Later' });
    await lister.drain();
    expect((await event(eventId)).venueName).to.equal('Old hall');
    await events.updateOne({ _id: eventId }, { $set: { planEdit: null } });
    await lister.drain();
    expect((await event(eventId)).venueName).to.equal('Later');
  });

  it('reaches an event that was made from what the venue was before', async () => {
    const venueId = await makeVenue();
    const eventId = await world.event(1, { venueId });
    await world.catalog.searching.lister.drain();
    const venues = world.db.collection<{ _id: string }>('venues');
    await venues.updateOne({ _id: venueId }, { $set: { name: 'Renamed meanwhile' } });
    await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { description: 'Any change' },
    });
    await waitUntil('it to follow', async () => {
      return (await show(eventId)).venueName === 'Renamed meanwhile';
    });
  });

  it('keeps its time zone while it has events to come, and names them; takes another without', async () => {
    const venueId = await makeVenue();
    await world.event(1, { venueId, ...LONG_AGO });
    const draftId = await world.event(1, { venueId, status: 'draft' });
    const zone = { timeZone: 'Asia/Tokyo' };
    const refused = await edit(venueId, { name: 'Tokyo hall', ...zone });
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'venue_in_use']);
    expect(refused.body).to.deep.include({ events: 1, eventIds: [draftId] });
    const same = await edit(venueId, { timeZone: 'Europe/Vienna', address: 'Am Ring 1' });
    expect([same.status, same.body.venue.name]).to.deep.equal([200, 'Old hall']);
    await world.call('PATCH', `/api/events/${draftId}`, {
      as: world.organizer,
      body: { status: 'cancelled' },
    });
    const changed = await edit(venueId, zone);
    expect([changed.status, changed.body.venue.timeZone]).to.deep.equal([200, 'Asia/Tokyo']);
  });
});
