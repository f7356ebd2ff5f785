import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { startWorld, type World } from './world.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

describe('an answer of the search', () => {
  let world: World;
  const ids = new Map<string, string>();
  before(async () => {
    world = await startWorld();
    const open = await make('Open', { startsAt: inDays(10) });
    await make('Over', { startsAt: inDays(11), offSaleAt: '2021-01-01T00:00:00.000Z' });
    await make('Early', { startsAt: inDays(12), onSaleAt: inDays(3) });
    await make('Spread', {
      startsAt: inDays(13),
      category: 'jazz',
      artists: ['Élan Trio'],
      tags: ['Late'],
      venueId: await halls(),
      prices: [
        { category: 'Front', priceMinor: 18_000 },
        { category: 'Back', priceMinor: 1_300 },
      ],
    });
    await make('Edge', {
      startsAt: inDays(14),
      prices: [{ category: 'General', priceMinor: 5_000 }],
    });
    await world.take(await world.user(), open, ['GENERAL-1']);
    await waitUntil('all to be listed', async () => (await search('limit=100')).hits.length === 5);
  });
  after(() => world.stop());

  /** A venue with two categories of seats. */
  async function halls(): Promise<string> {
    const row = (category: string, y: number) => ({
      name: category,
      seats: [1, 2].map((number) => ({ number: String(number), x: number, y, category })),
    });
    const { body } = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: {
        ...{ name: 'Halls', city: 'Wien', country: 'AT', timeZone: 'Europe/Vienna' },
        plan: {
          categories: ['Front', 'Back'],
          sections: [{ name: 'Stalls', rows: [row('Front', 1), row('Back', 2)] }],
        },
      },
    });
    return body.venue.venueId;
  }

  async function make(name: string, edit: object): Promise<string> {
    const eventId = await world.event(20, { name, ...edit });
    ids.set(name, eventId);
    return eventId;
  }

  const search = async (query: string) => {
    const { status, body } = await world.call('GET', `/api/search?${query}`);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  };
  const found = async (query: string): Promise<string[]> =>
    (await search(query)).hits.map((hit: { name: string }) => hit.name);
  const facet = async (name: string, query = '') =>
    (await search(`facets=${name}${query}`)).facets[name];

  it('says what can be had now: nothing of a sale that is over or not open, whatever is left', async () => {
    const { hits } = await search('');
    const stocks = hits.map((hit: { name: string; left: number; stock: string }) => [
      ...[hit.name, hit.left > 0, hit.stock],
    ]);
    expect(stocks.slice(0, 3)).to.deep.equal([
      ['Open', true, 'TICKETS_AVAILABLE'],
      ['Over', true, 'TICKETS_NOT_AVAILABLE'],
      ['Early', true, 'TICKETS_NOT_AVAILABLE'],
    ]);
    expect(await found('availability=none')).to.deep.equal(['Over', 'Early']);
    expect(await found('availability=available')).to.deep.equal(['Open', 'Spread', 'Edge']);
  });

  it('turns with the window of the sale by itself, both ways', async () => {
    const soon = (ms: number) => new Date(Date.now() + ms).toISOString();
    const eventId = await world.event(20, { name: 'Brief', onSaleAt: soon(2_000) });
    const isAvailable = async () => (await found('q=brief&availability=available')).length === 1;
    await waitUntil('it to be found', async () => (await found('q=brief')).length === 1);
    await waitUntil('its sale to open', isAvailable);
    await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { offSaleAt: soon(2_000) },
    });
    await waitUntil('its sale to end', async () => !(await isAvailable()));
    expect((await search('q=brief')).hits[0].stock).to.equal('TICKETS_NOT_AVAILABLE');
    await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { status: 'cancelled' },
    });
    await waitUntil('it to be gone', async () => (await found('q=brief')).length === 0);
  });

  it('shows as popular only what can be had', async () => {
    const { body } = await world.call('GET', '/api/events/popular?limit=50');
    const names = body.hits.map((hit: { name: string }) => hit.name);
    expect(names[0]).to.equal('Open');
    expect(names.toSorted()).to.deep.equal(['Edge', 'Open', 'Spread']);
  });

  it('finds what has some price in a range, and not what has one on each side of it', async () => {
    const none = await found('priceMin=4000&priceMax=4900&currency=EUR');
    expect(none).to.deep.equal([]);
    expect(await found('priceMin=1000&priceMax=1500&currency=EUR')).to.deep.equal(['Spread']);
    expect(await found('priceMin=18000&currency=EUR')).to.deep.equal(['Spread']);
    expect(await found('priceMax=1300&currency=EUR')).to.deep.equal(['Spread']);
  });

  it('counts each value of a facet as often as the filter by it finds events', async () => {
    for (const { value, events } of await facet('price')) {
      const [from, to] = value.split('-');
      const range = `priceMin=${from}${to ? `&priceMax=${to}` : ''}&currency=EUR`;
      expect(await found(range), value).to.have.length(events);
    }
    expect(await facet('price')).to.deep.equal([
      { value: '2000-5000', events: 4 },
      { value: '0-2000', events: 1 },
      { value: '10000-20000', events: 1 },
      { value: '5000-10000', events: 1 },
    ]);
    expect(await facet('artist')).to.deep.equal([{ value: 'Élan Trio', events: 1 }]);
    expect(await facet('availability')).to.deep.equal([
      { value: 'TICKETS_AVAILABLE', events: 2 },
      { value: 'TICKETS_NOT_AVAILABLE', events: 2 },
      { value: 'FEW_TICKETS_LEFT', events: 1 },
    ]);
    for (const name of ['availability', 'artist', 'category', 'tag']) {
      for (const { value, events } of await facet(name)) {
        const query = `${name}=${encodeURIComponent(value)}`;
        expect(await found(query), query).to.have.length(events);
      }
    }
  });

  it('compares values without case and accents, and shows them as they are written', async () => {
    for (const query of [
      'city=WIEN',
      'country=at',
      'category=Jazz',
      'artist=elan%20trio',
      'tag=late',
    ]) {
      expect(await found(query), query).to.deep.equal(['Spread']);
    }
    expect(await facet('city', '&city=wien')).to.deep.equal([{ value: 'Wien', events: 1 }]);
    expect(await found('city=wie')).to.deep.equal([]);
  });

  it('to words that are none is empty and says so, with its facets; without q it is not', async () => {
    for (const q of ['!!!', '%F0%9F%8E%B8']) {
      const { hits, notes, total, facets } = await search(`q=${q}&facets=city`);
      expect([hits, total, facets]).to.deep.equal([
        [],
        { events: 0, atLeast: false },
        { city: [] },
      ]);
      expect(notes.map(({ code }: { code: string }) => code)).to.deep.equal(['no_words']);
    }
    expect(await search('')).to.not.have.property('notes');
  });

  it('says that prices were compared across currencies, unless one is named', async () => {
    for (const query of ['sort=price', 'priceMin=1', 'priceMax=9000', 'facets=price']) {
      const { notes } = await search(query);
      expect(
        notes?.map(({ code }: { code: string }) => code),
        query,
      ).to.deep.equal(['currencies_mixed']);
      expect(await search(`${query}&currency=EUR`), query).to.not.have.property('notes');
    }
  });

  it('finds events that were listed by an older version once it is started', async () => {
    const name = 'Edge';
    const listings = world.db.collection<{ _id: string }>('listings');
    await listings.updateOne(
      { _id: ids.get(name) ?? '' },
      {
        $unset: { folded: 1, pricesMinor: 1, priceClasses: 1 },
      },
    );
    const old = await world.catalog.searching.ofOldForm();
    expect(old).to.deep.equal([ids.get(name)]);
    await world.catalog.searching.listAgain();
    await waitUntil('it to be found by a price', async () =>
      (await found('priceMin=4900&priceMax=5100&currency=EUR')).includes(name),
    );
    expect(await world.catalog.searching.ofOldForm()).to.deep.equal([]);
  });
});
