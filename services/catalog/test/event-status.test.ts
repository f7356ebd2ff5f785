import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { startWorld, type World } from './world.ts';

describe('the status of an event, its window and its texts', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const edit = (eventId: string, body: object) =>
    world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });
  const take = async (eventId: string, seatId: string) => {
    const { status, body } = await world.take(await world.user(), eventId, [seatId]);
    return body.code ?? status;
  };
  const shown = async (eventId: string) =>
    (await world.call('GET', `/api/events/${eventId}`)).body.event;

  it('sells nothing of an event off sale or postponed, and goes on when it is sold again', async () => {
    const eventId = await world.event(3);
    expect(await take(eventId, 'GENERAL-1')).to.equal(201);
    await edit(eventId, { status: 'off_sale' });
    expect(await take(eventId, 'GENERAL-2')).to.equal('event_not_on_sale');
    await edit(eventId, { status: 'published' });
    expect(await take(eventId, 'GENERAL-2')).to.equal(201);
    await edit(eventId, { status: 'postponed' });
    expect(await take(eventId, 'GENERAL-3')).to.equal('event_not_on_sale');
    expect(await shown(eventId)).to.include({ status: 'postponed', shownStatus: 'postponed' });
    const moved = await edit(eventId, {
      status: 'rescheduled',
      startsAt: '2099-06-01T18:30:00.000Z',
    });
    expect([moved.status, moved.body.event.shownStatus]).to.deep.equal([200, 'rescheduled']);
    expect(await take(eventId, 'GENERAL-3')).to.equal(201);
  });

  it('finds postponed events with nothing to be had, and lists them', async () => {
    const eventId = await world.event(3, { name: 'Wanderer' });
    await edit(eventId, { status: 'postponed' });
    await waitUntil('the search to know', async () => {
      const { body } = await world.call('GET', '/api/search?q=wanderer');
      const [hit] = body.hits;
      return hit?.shownStatus === 'postponed' && hit.stock === 'TICKETS_NOT_AVAILABLE';
    });
    const listed = await world.call('GET', '/api/events?limit=100');
    expect(listed.body.events.map((one: { eventId: string }) => one.eventId)).to.include(eventId);
  });

  it('sells until the end of the sale by the clock of the store, and not after', async () => {
    const eventId = await world.event(4);
    const offSaleAt = new Date(Date.now() + 1_500).toISOString();
    await edit(eventId, { offSaleAt });
    expect(await take(eventId, 'GENERAL-1')).to.equal(201);
    await waitUntil('the sale to end', () => Date.now() > Date.parse(offSaleAt) + 100);
    expect(await take(eventId, 'GENERAL-2')).to.equal('event_not_on_sale');
    const together = await world.take(await world.user(), eventId, ['GENERAL-2', 'GENERAL-3']);
    expect([together.status, together.body.code, together.body.offSaleAt]).to.deep.equal([
      409,
      'event_not_on_sale',
      offSaleAt,
    ]);
    expect((await shown(eventId)).shownStatus).to.equal('off_sale');
    await edit(eventId, { offSaleAt: null });
    expect(await take(eventId, 'GENERAL-2')).to.equal(201);
  });

  it('ends the sale with the event where no other end is named', async () => {
    const ends = { endsAt: '2099-03-14T22:00:00.000Z' };
    expect((await shown(await world.event(1, ends))).offSaleAt).to.equal(ends.endsAt);
    expect(await shown(await world.event(1))).to.not.have.property('offSaleAt');
  });

  it('goes on selling until the new end of an event that is moved, unless its sale has an end of its own', async () => {
    const ends = { endsAt: '2099-03-14T22:00:00.000Z' };
    const moved = { startsAt: '2099-06-01T18:30:00.000Z', endsAt: '2099-06-01T22:00:00.000Z' };
    const usual = await world.event(1, ends);
    await edit(usual, moved);
    expect(await shown(usual)).to.include({ ...moved, offSaleAt: moved.endsAt });
    const own = { offSaleAt: '2099-03-14T12:00:00.000Z' };
    const early = await world.event(1, { ...ends, ...own });
    await edit(early, moved);
    expect(await shown(early)).to.include({ ...moved, ...own });
    const endless = await world.event(1, ends);
    await edit(endless, { offSaleAt: null });
    await edit(endless, moved);
    expect(await shown(endless)).to.not.have.property('offSaleAt');
  });

  it('shows an event as sold out while no seat is left, and on sale when one is back', async () => {
    const eventId = await world.event(1);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, ['GENERAL-1']);
    const becomes = (status: string) =>
      waitUntil(`it to be ${status}`, async () => (await shown(eventId)).shownStatus === status);
    await becomes('sold_out');
    await world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: buyer });
    await becomes('on_sale');
  });

  it('refuses windows and ends that are none', async () => {
    const eventId = await world.event(1);
    for (const body of [
      { offSaleAt: '2019-01-01T00:00:00.000Z' },
      { endsAt: '2099-03-14T18:30:00.000Z' },
      { status: 'rescheduled' },
      { status: 'sold_out' },
      { images: [{ url: 'javascript:alert(1)', alt: '', ratio: '16:9' }] },
      { translations: { german: { name: 'x' } } },
      { translations: { 'zh-hant': { name: 'x' } } },
      { language: 'english' },
    ]) {
      const { status, body: answer } = await edit(eventId, body);
      expect([status, answer.code], JSON.stringify(body)).to.deep.equal([400, 'invalid_request']);
    }
  });

  it('shows images, the local time, and texts in the language that is asked for', async () => {
    const images = [{ url: 'https://example.org/a.jpg', alt: 'The quartet', ratio: '16:9' }];
    const eventId = await world.event(1, {
      images,
      translations: { de: { name: 'Quartett' }, fr: { name: 'Quatuor', description: 'Soir' } },
    });
    const inLanguage = async (language: string) => {
      const response = await fetch(`${world.catalog.url}/api/events/${eventId}`, {
        headers: { 'accept-language': language },
      });
      const { event } = (await response.json()) as { event: Record<string, unknown> };
      return [event.name, event.description, event.language, response.headers.get('vary')];
    };
    expect(await inLanguage('de-AT, en;q=0.5')).to.deep.equal([
      ...['Quartett', '', 'de', 'accept-language'],
    ]);
    expect(await inLanguage('fr')).to.deep.equal(['Quatuor', 'Soir', 'fr', 'accept-language']);
    expect(await inLanguage('en')).to.deep.equal(['Quartet', '', undefined, 'accept-language']);
    expect(await shown(eventId)).to.deep.include({ images, startsAtLocal: '2099-03-14T19:30' });
    await edit(eventId, {
      language: 'en',
      translations: { de: { name: 'Quartett' }, 'zh-Hant': {} },
    });
    const told = async (wanted: string) => {
      const { headers } = await fetch(`${world.catalog.url}/api/events/${eventId}`, {
        headers: { 'accept-language': wanted },
      });
      return [headers.get('content-language'), headers.get('vary')];
    };
    expect(await inLanguage('en-US,en;q=0.9,de;q=0.1')).to.deep.equal([
      ...['Quartet', '', 'en', 'accept-language'],
    ]);
    expect(await told('en-US,en;q=0.9,de;q=0.1')).to.deep.equal(['en', 'accept-language']);
    expect(await told('de')).to.deep.equal(['de', 'accept-language']);
    expect(await told('de')).to.deep.equal(['de', 'accept-language']);
    expect(await told('zh-Hant-TW')).to.deep.equal(['zh-Hant', 'accept-language']);
    await edit(eventId, { translations: { fr: { name: 'Quatuor' } } });
    await waitUntil('it to be found in French', async () => {
      const { body } = await world.call('GET', '/api/search?q=quatuor');
      return body.hits[0]?.eventId === eventId && body.hits[0].image.alt === 'The quartet';
    });
  });
});
