import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { type Answer, startWorld, type World } from './world.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

describe('search', () => {
  let world: World;
  const names = new Map<string, string>();
  before(async () => {
    world = await startWorld();
    const vienna = await makeVenue('Musikverein', 'Wien', 'AT', 48.2005, 16.3728);
    const graz = await makeVenue('Stefaniensaal', 'Graz', 'AT', 47.0707, 15.4395);
    const tokyo = await makeVenue('Suntory Hall', 'Tokyo', 'JP', 35.6664, 139.7413, 'Asia/Tokyo');
    await make(vienna, 'Beethoven: Die späten Quartette', 10, {
      artists: ['Alban-Berg-Quartett'],
      tags: ['chamber'],
      prices: [{ category: 'General', priceMinor: 4800 }],
    });
    await make(graz, 'Dvořák und Smetana', 20, {
      artists: ['Pavel Haas Quartet'],
      tags: ['chamber'],
    });
    await make(tokyo, 'Symphony night', 5, {
      category: 'symphonic',
      description: 'Beethoven, the seventh.',
      prices: [{ category: 'General', priceMinor: 900_000 }],
      currency: 'JPY',
    });
    await make(vienna, 'Late jazz', 30, { category: 'jazz', artists: ['Trio +1'] });
    await make(graz, 'Early jazz', 200, { category: 'jazz' });
    await make(graz, 'Secret jazz', 40, { category: 'jazz', status: 'draft' });
    await listed();
  });
  after(() => world.stop());

  async function makeVenue(
    name: string,
    city: string,
    country: string,
    latitude: number,
    longitude: number,
    timeZone = 'Europe/Vienna',
  ): Promise<string> {
    const { body } = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: {
        ...{ name, city, country, timeZone, location: { latitude, longitude } },
        plan: { seatCount: 20 },
      },
    });
    return body.venue.venueId;
  }

  async function make(venueId: string, name: string, days: number, edit: object): Promise<string> {
    const eventId = await world.event(1, {
      ...{ venueId, name, startsAt: inDays(days), category: 'classical', ...edit },
    });
    names.set(eventId, name);
    return eventId;
  }

  const listed = () =>
    waitUntil('all events to be listed', async () => {
      const waiting = await world.db.collection('events').countDocuments({ unlisted: true });
      return waiting === 0;
    });
  const search = (query: string): Promise<Answer> => world.call('GET', `/api/search?${query}`);
  const found = async (query: string): Promise<string[]> => {
    const { status, body } = await search(query);
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body.hits.map((hit: { name: string }) => hit.name);
  };

  const LATE = 'Beethoven: Die späten Quartette';
  const DVORAK = 'Dvořák und Smetana';
  const SYMPHONY = 'Symphony night';
  const JAZZ = 'Late jazz';
  const EARLY = 'Early jazz';

  it('shows upcoming events soonest first, and no drafts', async () => {
    expect(await found('')).to.deep.equal([SYMPHONY, LATE, DVORAK, JAZZ, EARLY]);
  });

  it('shows a hit with its prices, seats left and both times', async () => {
    const { body } = await search('q=smetana');
    const [hit] = body.hits;
    expect(new Date(`${hit.startsAtLocal}Z`).getTime()).to.be.greaterThan(
      new Date(hit.startsAt).getTime(),
    );
    expect(hit).to.deep.include({
      name: DVORAK,
      venueName: 'Stefaniensaal',
      location: { latitude: 47.0707, longitude: 15.4395 },
      timeZone: 'Europe/Vienna',
      priceFromMinor: 2500,
      priceToMinor: 2500,
      seatCount: 20,
      left: 20,
      stock: 'TICKETS_AVAILABLE',
    });
  });

  it('finds words of name, artists, venue, city, tags and description, names before others', async () => {
    expect(await found('q=beethoven')).to.deep.equal([LATE, SYMPHONY]);
    expect(await found('q=beethoven&sort=date')).to.deep.equal([SYMPHONY, LATE]);
    expect(await found('q=haas')).to.deep.equal([DVORAK]);
    expect(await found('q=musikverein')).to.deep.equal([LATE, JAZZ]);
    expect(await found('q=chamber+graz')).to.deep.equal([DVORAK]);
    expect(await found('q=beethoven+smetana')).to.deep.equal([]);
  });

  it('folds case and accents, and takes the last word for the beginning of one', async () => {
    expect(await found('q=DVORAK')).to.deep.equal([DVORAK]);
    expect(await found('q=dvo%C5%99%C3%A1k')).to.deep.equal([DVORAK]);
    expect(await found('q=sp%C3%A4ten+beeth')).to.deep.equal([LATE]);
    expect(await found('q=beeth+spaten')).to.deep.equal([]);
  });

  it('finds what a misspelt word may mean and says so, where nothing is spelt like it', async () => {
    const { body } = await search('q=Beetoven');
    expect(body.hits.map((hit: { name: string }) => hit.name)).to.deep.equal([LATE, SYMPHONY]);
    expect(body.corrections).to.deep.equal([{ word: 'beetoven', meant: ['beethoven'] }]);
    expect((await search('q=beethoven')).body.corrections).to.deep.equal([]);
    expect(await found('q=xylophonix')).to.deep.equal([]);
    expect(await found('q=beetov')).to.deep.equal([LATE, SYMPHONY]);
    expect(await found('q=smetena+beetov')).to.deep.equal([]);
  });

  it('narrows down by category, city, country, tag, artist, price and currency', async () => {
    expect(await found('category=jazz')).to.deep.equal([JAZZ, EARLY]);
    expect(await found('city=Graz')).to.deep.equal([DVORAK, EARLY]);
    expect(await found('country=JP')).to.deep.equal([SYMPHONY]);
    expect(await found('tag=chamber')).to.deep.equal([LATE, DVORAK]);
    expect(await found(`artist=${encodeURIComponent('Trio +1')}`)).to.deep.equal([JAZZ]);
    expect(await found('priceMax=3000')).to.deep.equal([DVORAK, JAZZ, EARLY]);
    expect(await found('priceMin=3000&currency=EUR')).to.deep.equal([LATE]);
    expect(await found('category=jazz&city=Wien')).to.deep.equal([JAZZ]);
  });

  it('narrows down by instants and by days of the calendar', async () => {
    expect(await found(`from=${inDays(15)}&to=${inDays(35)}`)).to.deep.equal([DVORAK, JAZZ]);
    expect(await found('when=next_7_days')).to.deep.equal([SYMPHONY]);
    expect(await found('when=today')).to.deep.equal([]);
  });

  it('finds what is near a point, nearest first, and how far it is', async () => {
    const { body } = await search('near=48.2082,16.3738&radiusKm=200');
    const hits = body.hits.map((hit: { name: string; distanceKm: number }) => [
      hit.name,
      Math.round(hit.distanceKm),
    ]);
    expect(hits.slice(0, 2).map(([, km]: [string, number]) => km)).to.deep.equal([1, 1]);
    expect(hits.slice(2).map(([, km]: [string, number]) => km)).to.deep.equal([145, 145]);
    expect(await found('near=48.2082,16.3738&radiusKm=200&sort=date')).to.deep.equal([
      ...[LATE, DVORAK, JAZZ, EARLY],
    ]);
    expect(await found('near=48.2082,16.3738&q=jazz')).to.deep.equal([JAZZ]);
  });

  for (const query of [
    'sort=date',
    'sort=price',
    'sort=popularity',
    'q=jazz',
    'q=jaz',
    'q=quartettt&sort=relevance',
    'near=48.2082,16.3738&radiusKm=300',
  ]) {
    it(`pages through ${query} without a gap or a repeat`, async () => {
      const whole = await found(`${query}&limit=100`);
      expect(whole.length).to.be.greaterThan(0);
      const paged: string[] = [];
      let next: string | null = null;
      do {
        const page: Answer = await search(`${query}&limit=1${next ? `&cursor=${next}` : ''}`);
        expect(page.status).to.equal(200);
        paged.push(...page.body.hits.map((hit: { name: string }) => hit.name));
        next = page.body.next;
      } while (next !== null);
      expect(paged).to.deep.equal(whole);
    });
  }

  it('counts the values of each facet among what matches all other filters', async () => {
    const { body } = await search('category=jazz&country=AT&facets=category,city,price,when');
    expect(body.total).to.deep.equal({ events: 2, atLeast: false });
    expect(body.facets).to.deep.equal({
      category: [
        { value: 'classical', events: 2 },
        { value: 'jazz', events: 2 },
      ],
      city: [
        { value: 'Graz', events: 1 },
        { value: 'Wien', events: 1 },
      ],
      price: [{ value: '2000-5000', events: 2 }],
      when: [
        { value: 'today', events: 0 },
        { value: 'tomorrow', events: 0 },
        { value: 'this_weekend', events: 0 },
        { value: 'next_7_days', events: 0 },
        { value: 'this_month', events: body.facets.when[4].events },
      ],
    });
    const all = await search('facets=all');
    expect(Object.keys(all.body.facets)).to.have.length(12);
    expect(all.body.facets.tag).to.deep.equal([{ value: 'chamber', events: 2 }]);
  });

  it('suggests what begins as was typed, in any of its words, near ones for a slip', async () => {
    const suggest = async (q: string) =>
      (await world.call('GET', `/api/search/suggestions?q=${encodeURIComponent(q)}`)).body
        .suggestions;
    expect(await suggest('beet')).to.deep.equal([{ kind: 'event', text: LATE }]);
    expect(await suggest('haas q')).to.deep.equal([{ kind: 'artist', text: 'Pavel Haas Quartet' }]);
    expect(await suggest('graz')).to.deep.equal([{ kind: 'city', text: 'Graz' }]);
    expect(await suggest('Beetoven')).to.deep.equal([{ kind: 'event', text: LATE }]);
    for (const slip of ['Beeto', 'beetov', 'late beetov']) {
      expect(await suggest(slip), slip).to.deep.equal(
        slip === 'late beetov' ? [] : [{ kind: 'event', text: LATE }],
      );
    }
    expect(await suggest('secret')).to.deep.equal([]);
    expect(await suggest('!')).to.deep.equal([]);
  });

  it('tells what is left within two seconds of a hold, filters by it, and knows what is popular', async () => {
    const [eventId] = [...names].find(([, name]) => name === EARLY) ?? [];
    if (eventId === undefined) throw new Error('no such event');
    const buyers = await Promise.all([1, 2, 3].map(() => world.user()));
    for (const [at, buyer] of buyers.entries()) {
      const seats = Array.from({ length: 6 }, (_, seat) => `GENERAL-${at * 6 + seat + 1}`);
      expect((await world.take(buyer, eventId, seats)).status).to.equal(201);
    }
    const takenAt = Date.now();
    const hit = await waitUntil('the listing to follow', async () => {
      const { body } = await search('city=Graz&availability=few');
      return body.hits[0];
    });
    expect(Date.now() - takenAt).to.be.below(2_000);
    expect(hit).to.deep.include({ eventId, left: 2, stock: 'FEW_TICKETS_LEFT' });
    expect(Math.abs(Date.now() - Date.parse(hit.asOf))).to.be.below(2_000);
    expect(await found('city=Graz&availability=none')).to.deep.equal([]);
    expect(await found('city=Graz&availability=available')).to.deep.equal([DVORAK, EARLY]);
    const popular = await world.call('GET', '/api/events/popular?limit=2');
    expect(popular.body.hits[0]).to.deep.include({ eventId, left: 2 });
    expect(popular.body.hits).to.have.length(2);
  });

  it('follows a change of an event, and forgets a cancelled one', async () => {
    const eventId = await world.event(1, { name: 'Zauberflöte', startsAt: inDays(50) });
    await waitUntil('it to be found', async () => (await found('q=zauberflote')).length === 1);
    const edit = (body: object) =>
      world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });
    await edit({ name: 'Don Giovanni' });
    await waitUntil('its new name', async () => (await found('q=giovanni')).length === 1);
    await edit({ status: 'cancelled' });
    await waitUntil('it to be gone', async () => (await found('q=giovanni')).length === 0);
    await listed();
  });

  it('refuses points, facets, dates and cursors that are none', async () => {
    const date = await search('limit=1');
    for (const query of [
      'near=95,10',
      'near=here',
      'sort=distance',
      'facets=colour',
      'from=2027-99-99T00:00:00Z',
      'from=2027-02-30T00:00:00Z',
      'from=2027-03-02T00:00:00Z&to=2027-03-01T00:00:00Z',
      'when=someday',
      'priceMin=5000&priceMax=2000',
      'radiusKm=0',
      `sort=price&cursor=${date.body.next}`,
      `cursor=${Buffer.from('["date","written","x","y"]').toString('base64url')}`,
      `q=none&cursor=${Buffer.from(`["relevance","written","-9","${inDays(1)}","x"]`).toString('base64url')}`,
      'q=',
    ]) {
      const { status, body } = await search(query);
      expect([status, body.code], query).to.deep.equal([400, 'invalid_request']);
    }
  });
});
