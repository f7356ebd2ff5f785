import { readFile } from 'node:fs/promises';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { seatIds, startWorld, type World } from './world.ts';

const DEMO = new URL('../../../demo/catalog/', import.meta.url);
const DEMO_VENUE = 'kammersaal-am-fluss';

describe('venues and events', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const demoPlan = async () =>
    JSON.parse(await readFile(new URL(`${DEMO_VENUE}/plan.json`, DEMO), 'utf8'));

  async function venue(plan: object, more: object = {}, key?: string) {
    return world.call('POST', '/api/venues', {
      as: world.organizer,
      body: { name: 'Kammersaal', timeZone: 'Europe/Vienna', plan, ...more },
      ...(key !== undefined && { key }),
    });
  }

  const eventBody = (venueId: string, categories: string[], edit: object = {}) => ({
    venueId,
    name: 'Haydn at eleven',
    category: 'classical',
    startsAt: '2099-01-10T10:00:00.000Z',
    onSaleAt: '2020-01-01T00:00:00.000Z',
    prices: categories.map((category) => ({ category, priceMinor: 1000 })),
    currency: 'EUR',
    status: 'published',
    ...edit,
  });

  it('shows what a buyer can take in one order and in all, and takes no cap that would not hold', async () => {
    const as = world.organizer;
    const capsOf = async (eventId: string) => {
      const { maxPerOrder, maxPerUser } = (await world.call('GET', `/api/events/${eventId}`)).body
        .event;
      return [maxPerOrder, maxPerUser];
    };
    const [usual, own, few] = [
      await world.event(12),
      await world.event(12, { maxPerOrder: 4, maxPerUser: 20 }),
      await world.event(12, { maxPerUser: 2 }),
    ];
    expect(await capsOf(usual)).to.deep.equal([6, 12]);
    expect(await capsOf(own)).to.deep.equal([4, 20]);
    expect(await capsOf(few)).to.deep.equal([2, 2]);
    const buyer = await world.user();
    const over = await world.take(buyer, usual, seatIds(7));
    expect([over.body.code, over.body.maxSeats]).to.deep.equal(['too_many_seats', 6]);
    expect((await world.take(buyer, usual, seatIds(6))).status).to.equal(201);

    const types = [{ id: 'adult', name: 'Adult', default: true, maxPerOrder: 7 }];
    for (const edit of [{ maxPerOrder: 7 }, { ticketTypes: types }]) {
      const changed = await world.call('PATCH', `/api/events/${usual}`, { as, body: edit });
      expect([changed.status, changed.body.code]).to.deep.equal([400, 'invalid_request']);
      expect(changed.body.detail).to.include('name 1 to 6, or leave it out');
      const { venueId } = (await world.call('GET', `/api/events/${usual}`)).body.event;
      const body = eventBody(venueId, ['General'], edit);
      const created = await world.call('POST', '/api/events', { as, body });
      expect([created.status, created.body.code]).to.deep.equal([400, 'invalid_request']);
    }
    expect(await capsOf(usual)).to.deep.equal([6, 12]);
  });

  it('imports a pretix plan with its flags, and gives the file back as it came', async () => {
    const pretix = { ...(await demoPlan()), 'x.$own': { kept: [1, null] } };
    const created = await venue({ pretix, categoryFlags: { Wheelchair: ['accessible'] } });
    expect(created.status).to.equal(201);
    const { venueId, seatCount, categories } = created.body.venue;
    expect(seatCount).to.equal(248);
    const plan = await world.call('GET', `/api/venues/${venueId}/plan`);
    expect(plan.body.seats[1]).to.deep.include({
      seatId: 'STALLS-A-2',
      section: 'Stalls',
      row: 'A',
      number: '2',
      order: 1,
      position: { x: 215.1, y: 252.8 },
      category: 'Stalls',
    });
    const flagged = plan.body.seats.filter((seat: { flags: string[] }) => seat.flags.length > 0);
    expect(new Set(flagged.map((seat: { category: string }) => seat.category))).to.deep.equal(
      new Set(['Wheelchair']),
    );
    const original = await world.call('GET', `/api/venues/${venueId}/plan?format=pretix`);
    expect(original.body).to.deep.equal(pretix);
    expect(categories).to.include.members(['Stalls', 'Gallery']);
  });

  it('creates an event with a seat document for each seat, in the plan order', async () => {
    const { body } = await venue({ pretix: await demoPlan() });
    const { venueId, categories } = body.venue;
    const created = await world.call('POST', '/api/events', {
      as: world.organizer,
      body: eventBody(venueId, categories),
    });
    expect(created.status).to.equal(201);
    expect(created.body.event).to.deep.include({ ready: true, seatCount: 248, version: 2 });
    const { eventId } = created.body.event;
    const all = await world.call('GET', `/api/events/${eventId}/seats`);
    expect(all.body.seats).to.have.length(248);
    const paged: unknown[] = [];
    let next = '';
    do {
      const page = await world.call(
        'GET',
        `/api/events/${eventId}/seats?limit=100${next && `&cursor=${next}`}`,
      );
      paged.push(...page.body.seats);
      next = page.body.next ?? '';
    } while (next !== '');
    expect(paged).to.deep.equal(all.body.seats);
    const one = await world.call('GET', `/api/events/${eventId}/seats/STALLS-A-2`);
    expect(one.body.seat).to.deep.equal(all.body.seats[1]);
    await waitUntil('the message to be published', async () => {
      const found = await world.db.collection<{ _id: string; outbox: [] }>('events').findOne({
        _id: eventId,
      });
      return found?.outbox.length === 0;
    });
  });

  it('creates 20,000 seats in one request', async function () {
    this.timeout(60_000);
    const { body } = await venue({ seatCount: 20_000 });
    const created = await world.call('POST', '/api/events', {
      as: world.organizer,
      body: eventBody(body.venue.venueId, ['General']),
    });
    expect(created.status).to.equal(201);
    const counts = await world.call(
      'GET',
      `/api/events/${created.body.event.eventId}/availability`,
    );
    expect(counts.body.totals.available).to.equal(20_000);
  });

  it('answers a repeat under the same key with the same venue and event; another body is a 422', async () => {
    const key = newId();
    const [one, two] = await Promise.all([
      venue({ seatCount: 3 }, {}, key),
      venue({ seatCount: 3 }, {}, key),
    ]);
    expect([one.status, two.status, two.body]).to.deep.equal([201, 201, one.body]);
    const other = await venue({ seatCount: 4 }, {}, key);
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);

    const body = eventBody(one.body.venue.venueId, ['General']);
    const create = (edit: object = {}) =>
      world.call('POST', '/api/events', { as: world.organizer, body: { ...body, ...edit }, key });
    const [first, second] = await Promise.all([create(), create()]);
    expect([first.status, second.status]).to.deep.equal([201, 201]);
    expect(second.body.event.eventId).to.equal(first.body.event.eventId);
    expect((await create({ name: 'Other' })).body.code).to.equal('idempotency_key_reused');
    expect(await world.seats(first.body.event.eventId)).to.have.length(3);
  });

  it('changes an event by its version, and keeps the prices of holds taken before', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const before = await world.take(buyer, eventId, ['GENERAL-1']);
    const edit = (body: object) =>
      world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });
    const prices = [{ category: 'General', priceMinor: 9900 }];
    const changed = await edit({ prices, version: 2, heldKeepPrice: true });
    const stale = await edit({ name: 'Late', version: 2 });
    expect([changed.status, changed.body.event.version]).to.deep.equal([200, 3]);
    expect([stale.status, stale.body.code]).to.deep.equal([409, 'version_conflict']);
    const after = await world.take(buyer, eventId, ['GENERAL-2']);
    expect(after.body.hold.totalMinor).to.equal(9900);
    const kept = await world.call('GET', `/api/holds/${before.body.hold.holdId}`, { as: buyer });
    expect(kept.body.hold.totalMinor).to.equal(2500);
    const shown = await world.call('GET', `/api/events/${eventId}`);
    expect(shown.body.event.prices).to.deep.equal(prices);
  });

  it('keeps a cancelled event cancelled and a published one public', async () => {
    const eventId = await world.event(1);
    const edit = (body: object) =>
      world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });
    const answers = [
      await edit({ status: 'draft' }),
      await edit({ status: 'cancelled' }),
      await edit({ status: 'published' }),
      await edit({ name: 'Again' }),
    ];
    expect(answers.map((one) => one.body.code ?? one.status)).to.deep.equal([
      'invalid_request',
      200,
      'event_cancelled',
      'event_cancelled',
    ]);
    const shown = await world.call('GET', `/api/events/${eventId}`);
    expect(shown.body.event.status).to.equal('cancelled');
  });

  it('hides drafts from everybody but their organizer', async () => {
    const eventId = await world.event(1, { status: 'draft' });
    const ids = (answer: { body: { events: { eventId: string }[] } }) =>
      answer.body.events.map((event) => event.eventId);
    expect((await world.call('GET', `/api/events/${eventId}`)).status).to.equal(404);
    expect((await world.call('GET', `/api/events/${eventId}/seats`)).status).to.equal(404);
    expect(ids(await world.call('GET', '/api/events?limit=100'))).to.not.include(eventId);
    const own = await world.call('GET', '/api/events/mine', { as: world.organizer });
    expect(ids(own)).to.include(eventId);
  });

  it('finds events by category, city, tag, text and time, page by page', async () => {
    const { body } = await venue({ seatCount: 1 }, { city: 'Graz' });
    const make = (edit: object) =>
      world.call('POST', '/api/events', {
        as: world.organizer,
        body: eventBody(body.venue.venueId, ['General'], edit),
      });
    const ids: string[] = [];
    for (const day of ['11', '12', '13']) {
      const startsAt = `2098-05-${day}T18:00:00.000Z`;
      const created = await make({
        startsAt,
        category: 'jazz',
        tags: ['late', day],
        artists: ['Trio (+1)'],
      });
      ids.push(created.body.event.eventId);
    }
    const find = async (query: string) =>
      (await world.call('GET', `/api/events?${query}`)).body.events.map(
        (event: { eventId: string }) => event.eventId,
      );
    expect(await find('category=jazz')).to.deep.equal(ids);
    expect(await find('city=Graz')).to.deep.equal(ids);
    expect(await find('tag=12')).to.deep.equal([ids[1]]);
    expect(await find(`q=${encodeURIComponent('trio (+1)')}`)).to.deep.equal(ids);
    expect(await find('q=.*&city=Graz')).to.deep.equal([]);
    expect(await find('city=Graz&from=2098-05-12T00:00:00Z&to=2098-05-13T00:00:00Z')).to.deep.equal(
      [ids[1]],
    );
    const first = await world.call('GET', '/api/events?city=Graz&limit=2');
    expect(await find(`city=Graz&limit=2&cursor=${first.body.next}`)).to.deep.equal([ids[2]]);
  });

  it('changes a venue and its plan, and leaves the seats of its events as they were', async () => {
    const { body } = await venue({ seatCount: 2 });
    const { venueId } = body.venue;
    const created = await world.call('POST', '/api/events', {
      as: world.organizer,
      body: eventBody(venueId, ['General']),
    });
    const changed = await world.call('PATCH', `/api/venues/${venueId}`, {
      as: world.organizer,
      body: { name: 'Grosser Saal', plan: { seatCount: 5 } },
    });
    expect(changed.body.venue).to.deep.include({
      name: 'Grosser Saal',
      seatCount: 5,
      planVersion: 2,
      version: 2,
    });
    expect(await world.seats(created.body.event.eventId)).to.have.length(2);
    const shown = await world.call('GET', `/api/venues/${venueId}`);
    expect(shown.body).to.deep.equal(changed.body);
  });
});
