import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import { startWorld, type User, type World } from './world.ts';

type Call = [method: string, path: string, body?: unknown];

const ID = newId();
const LOGIN: Call[] = [
  ['POST', '/api/venues', {}],
  ['PATCH', `/api/venues/${ID}`, {}],
  ['PUT', `/api/venues/${ID}/plan`, {}],
  ['POST', '/api/events', {}],
  ['POST', '/api/artists', {}],
  ['PATCH', `/api/artists/${ID}`, {}],
  ['POST', '/api/series', {}],
  ['GET', '/api/events/mine'],
  ['GET', `/api/events/${ID}/stats`],
  ['PATCH', `/api/events/${ID}`, {}],
  ['POST', `/api/events/${ID}/holds`, {}],
  ['PUT', `/api/events/${ID}/plan`, {}],
  ['POST', `/api/events/${ID}/blocks`, {}],
  ['GET', `/api/events/${ID}/blocks`],
  ['DELETE', `/api/events/${ID}/blocks/${ID}`],
  ['GET', '/api/holds'],
  ['GET', `/api/holds/${ID}`],
  ['DELETE', `/api/holds/${ID}`],
  ['POST', `/api/holds/${ID}/extend`, {}],
  ['POST', `/api/holds/${ID}/seats`, {}],
  ['DELETE', `/api/holds/${ID}/seats/A-1`],
];
const ANYONE = [
  '/api/venues',
  `/api/venues/${ID}`,
  `/api/venues/${ID}/plan`,
  '/api/events',
  '/api/events/popular',
  '/api/artists',
  `/api/artists/${ID}`,
  '/api/series',
  `/api/series/${ID}`,
  '/api/search',
  '/api/search/suggestions?q=a',
  `/api/events/${ID}`,
  `/api/events/${ID}/seats`,
  `/api/events/${ID}/seats/A-1`,
  `/api/events/${ID}/availability`,
  `/api/events/${ID}/best-available?partySize=2`,
  `/api/events/${ID}/seat-map`,
  `/api/events/${ID}/seat-map/geometry/1`,
  '/.well-known/jwks.json',
];

describe('input', () => {
  let world: World;
  let eventId: string;
  let venueId: string;
  let buyer: User;
  before(async () => {
    world = await startWorld();
    eventId = await world.event(3);
    buyer = await world.user();
    venueId = (await world.call('GET', `/api/events/${eventId}`)).body.event.venueId;
  });
  after(() => world.stop());

  for (const [method, path, body] of LOGIN) {
    it(`${method} ${path.replace(ID, ':id')} requires a login, and does not take a forged one`, async () => {
      const without = await world.call(method, path, { body });
      const forged = { userId: buyer.userId, token: `${buyer.token.slice(0, -4)}AAAA` };
      const broken = await world.call(method, path, { body, as: forged });
      expect([without.status, without.body.code]).to.deep.equal([401, 'login_required']);
      expect([broken.status, broken.body.code]).to.deep.equal([401, 'token_invalid']);
    });
  }

  it('lets anyone browse without a login', async () => {
    for (const path of ANYONE) {
      expect((await world.call('GET', path)).status, path).to.be.oneOf([200, 404]);
    }
  });

  it('declares every route that it serves, and no other', async () => {
    const { body } = await world.call('GET', '/openapi.json');
    const declared = Object.entries<object>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const known = [
      ...LOGIN.map(([method, path]) => [method, path]),
      ...ANYONE.map((path) => ['GET', path]),
    ];
    const shape = (path: string) =>
      path
        .replaceAll(ID, '{id}')
        .replace(/A-1$|(?<=geometry\/)1$/, '{id}')
        .replace(/\?.*/, '');
    const tested = known.map(([method, path]) => `${method} ${shape(path ?? '')}`);
    const own = declared
      .filter((one) => one.includes('/api/') || one.includes('.well-known'))
      .map((one) => one.replaceAll(/\{\w+\}/g, '{id}'));
    expect(own.sort()).to.deep.equal(tested.sort());
  });

  it('lets organizers and admins only create and change venues and events', async () => {
    const calls: Call[] = [
      ['POST', '/api/venues', {}],
      ['PUT', `/api/venues/${ID}/plan`, {}],
      ['POST', '/api/events', {}],
      ['PATCH', `/api/events/${eventId}`, { status: 'cancelled' }],
      ['PATCH', `/api/venues/${venueId}`, { name: 'Mine' }],
    ];
    for (const [method, path, body] of calls) {
      const { status, body: problem } = await world.call(method, path, { as: buyer, body });
      expect([status, problem.code], path).to.deep.equal([403, 'forbidden']);
    }
  });

  it('lets an organizer change their own only, and an admin any', async () => {
    const stranger = await world.user('organizer');
    for (const path of [`/api/events/${eventId}`, `/api/venues/${venueId}`]) {
      const refused = await world.call('PATCH', path, { as: stranger, body: { name: 'Taken' } });
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'forbidden']);
    }
    const admin = await world.user('admin');
    const allowed = await world.call('PATCH', `/api/venues/${venueId}`, {
      as: admin,
      body: { city: 'Wien' },
    });
    expect(allowed.status).to.equal(200);
  });

  const holds = () => `/api/events/${eventId}/holds`;
  const badHolds: [string, unknown][] = [
    ['an operator object for the list', { seatIds: { $gt: '' } }],
    ['an operator object in the list', { seatIds: [{ $gt: '' }] }],
    ['an unknown member', { seatIds: ['GENERAL-1'], price: 1 }],
    ['a price of its own', { seatIds: ['GENERAL-1'], priceMinor: 1 }],
    ['no seats', { seatIds: [] }],
    ['no list', {}],
    ['a seat twice', { seatIds: ['GENERAL-1', 'GENERAL-1'] }],
    ['a number for a seat', { seatIds: [1] }],
    ['an empty seat id', { seatIds: [''] }],
    ['an endless seat id', { seatIds: ['x'.repeat(65)] }],
    ['a NUL character', { seatIds: ['GENERAL-1\0'] }],
    ['half a surrogate pair', { seatIds: ['\ud800'] }],
    ['a duration as text', { seatIds: ['GENERAL-1'], durationSeconds: '60' }],
    ['a duration below one', { seatIds: ['GENERAL-1'], durationSeconds: -1 }],
    ['a duration that is no whole number', { seatIds: ['GENERAL-1'], durationSeconds: 1.5 }],
    ['an endless duration', { seatIds: ['GENERAL-1'], durationSeconds: 1e300 }],
    ['a list for the body', []],
    ['null for the body', null],
  ];
  for (const [what, body] of badHolds) {
    it(`refuses a hold with ${what}, and takes nothing`, async () => {
      const { status, body: problem } = await world.call('POST', holds(), { as: buyer, body });
      expect(status, JSON.stringify(problem)).to.be.within(400, 499);
      expect(problem.code).to.be.a('string');
      const seats = await world.seats(eventId);
      expect(seats.map((seat) => seat.version)).to.deep.equal([1, 1, 1]);
      expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
    });
  }

  it('refuses unknown seats by name, with text that looks like an expression too', async () => {
    for (const seatId of ['NOWHERE', '$hold.id', '$$NOW', '{"$gt":""}', '../..']) {
      const { status, body } = await world.take(buyer, eventId, ['GENERAL-1', seatId]);
      expect([status, body.code, body.seatIds]).to.deep.equal([404, 'seat_not_found', [seatId]]);
    }
    expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('available');
    expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
  });

  it('takes ids in upper case for the same, in addresses, queries and bodies', async () => {
    const upper = eventId.toUpperCase();
    const shown = await world.call('GET', `/api/events/${upper}`);
    expect([shown.status, shown.body.event?.eventId]).to.deep.equal([200, eventId]);
    const { venueId } = shown.body.event;
    const map = await world.call('GET', `/api/events/${upper}/seat-map/geometry/1`);
    expect([map.status, map.body.eventId]).to.deep.equal([200, eventId]);
    const listed = await world.call('GET', `/api/events?venueId=${venueId.toUpperCase()}`);
    expect(listed.body.events.map((one: { eventId: string }) => one.eventId)).to.deep.equal([
      eventId,
    ]);
    const taken = await world.take(buyer, upper, ['GENERAL-1']);
    expect([taken.status, taken.body.hold?.eventId]).to.deep.equal([201, eventId]);
    const { holdId } = taken.body.hold;
    const dropped = await world.call('DELETE', `/api/holds/${holdId.toUpperCase()}`, { as: buyer });
    expect([dropped.status, dropped.body.hold?.status]).to.deep.equal([200, 'released']);
  });

  it('says which ways of naming seats there are, where none or several are named', async () => {
    const ways = 'seatIds, seats, areas, bestAvailable';
    const several = { seatIds: ['GENERAL-1'], areas: [{ area: 'Arena', quantity: 1 }] };
    const details = [];
    for (const body of [several, {}]) {
      details.push((await world.call('POST', holds(), { as: buyer, body })).body.detail);
    }
    expect(details).to.deep.equal([
      `The body is not valid: name only one of ${ways}: seatIds, areas are there.`,
      `The body is not valid: name one of ${ways}.`,
    ]);
  });

  it('refuses bodies that are broken, huge or of another type', async () => {
    const answers = [
      await world.call('POST', holds(), { as: buyer, raw: '{"seatIds":' }),
      await world.call('POST', holds(), { as: buyer, raw: 'a=1', type: 'text/plain' }),
      await world.call('POST', holds(), { as: buyer, body: { seatIds: ['x'.repeat(70_000)] } }),
      await world.call('POST', '/api/venues', {
        as: world.organizer,
        body: { name: 'x'.repeat(33 * 1024 * 1024) },
      }),
    ];
    expect(answers.map((one) => [one.status, one.body.code])).to.deep.equal([
      [400, 'malformed_body'],
      [415, 'media_type_unsupported'],
      [413, 'body_too_large'],
      [413, 'body_too_large'],
    ]);
    expect(answers[2]?.body.detail).to.include('65536 bytes');
  });

  it('refuses ids, queries and cursors that make no sense', async () => {
    const paths = [
      '/api/events/1',
      '/api/events/%00',
      `/api/events/${eventId}/seats?status=gone`,
      `/api/events/${eventId}/seats?status[$ne]=sold`,
      `/api/events/${eventId}/seats?limit=0`,
      `/api/events/${eventId}/seats?cursor=e30`,
      `/api/events/${eventId}/seats?cursor=${Buffer.from('["x"]').toString('base64url')}`,
      `/api/events/${eventId}/seats/${'x'.repeat(65)}`,
      '/api/events?from=yesterday',
      '/api/events?from=2027-99-99T00:00:00Z',
      '/api/events?to=2027-02-30T00:00:00Z',
      '/api/events?from=2027-03-02T00:00:00Z&to=2027-03-01T00:00:00Z',
      '/api/events?unknown=1',
      '/api/events?cursor=%7B%7D',
      `/api/events?cursor=${Buffer.from('["x","y"]').toString('base64url')}`,
      '/api/venues?limit=1000',
    ];
    for (const path of paths) {
      const { status, body } = await world.call('GET', path);
      expect([status, body.code], path).to.deep.equal([400, 'invalid_request']);
    }
  });

  const badEvents: [string, object, string][] = [
    ['an unknown venue', { venueId: newId() }, 'venue_not_found'],
    [
      'a category without price',
      { prices: [{ category: 'Other', priceMinor: 1 }] },
      'prices_incomplete',
    ],
    [
      'a price below zero',
      { prices: [{ category: 'General', priceMinor: -1 }] },
      'invalid_request',
    ],
    ['a day that is on no calendar', { startsAt: '2027-02-30T10:00:00Z' }, 'invalid_request'],
    ['a broken price', { prices: [{ category: 'General', priceMinor: 1.5 }] }, 'invalid_request'],
    ['an operator object for a name', { name: { $gt: '' } }, 'invalid_request'],
    ['a currency nobody has', { currency: 'QQQ' }, 'invalid_request'],
    ['a date without offset', { startsAt: '2099-01-01T00:00:00' }, 'invalid_request'],
    ['a date that does not exist', { startsAt: '2099-13-01T00:00:00Z' }, 'invalid_request'],
    ['a sale after its start', { onSaleAt: '2099-12-31T00:00:00Z' }, 'invalid_request'],
    ['nested metadata', { metadata: { a: { b: 1 } } }, 'invalid_request'],
    ['an operator as metadata', { metadata: { $where: '1' } }, 'invalid_request'],
    ['a status of its own', { status: 'sold' }, 'invalid_request'],
    ['an owner of its own', { ownerId: newId() }, 'invalid_request'],
  ];
  for (const [what, edit, code] of badEvents) {
    it(`refuses an event with ${what}, and creates nothing`, async () => {
      const before = await world.db.collection('events').countDocuments();
      const { status, body } = await world.call('POST', '/api/events', {
        as: world.organizer,
        body: {
          venueId,
          name: 'Quartet',
          category: 'classical',
          startsAt: '2099-03-14T18:30:00.000Z',
          onSaleAt: '2020-01-01T00:00:00.000Z',
          prices: [{ category: 'General', priceMinor: 2500 }],
          currency: 'EUR',
          ...edit,
        },
      });
      expect(status, JSON.stringify(body)).to.be.within(400, 499);
      expect(body.code).to.equal(code);
      expect(await world.db.collection('events').countDocuments()).to.equal(before);
    });
  }

  const badPlans: [string, unknown, string][] = [
    ['no form', {}, 'plan_invalid'],
    ['two forms', { seatCount: 1, sections: [], categories: [] }, 'plan_invalid'],
    ['no seats', { seatCount: 0 }, 'plan_invalid'],
    ['too many seats', { seatCount: 100_001 }, 'plan_invalid'],
    ['an operator object', { seatCount: { $gt: 0 } }, 'invalid_request'],
    ['broken pretix zones', { pretix: { categories: [], zones: [{ rows: 3 }] } }, 'plan_invalid'],
    ['text for a plan', 'plan', 'invalid_request'],
  ];
  for (const [what, plan, code] of badPlans) {
    it(`refuses a venue whose plan has ${what}, and creates nothing`, async () => {
      const before = await world.db.collection('venues').countDocuments();
      const { status, body } = await world.call('POST', '/api/venues', {
        as: world.organizer,
        body: { name: 'Hall', timeZone: 'Europe/Vienna', plan },
      });
      expect([Math.floor(status / 100), body.code]).to.deep.equal([4, code]);
      expect(await world.db.collection('venues').countDocuments()).to.equal(before);
    });
  }

  it('refuses a venue in a time zone that nobody has', async () => {
    const { status, body } = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: { name: 'Hall', timeZone: 'Mars/Olympus', plan: { seatCount: 1 } },
    });
    expect([status, body.code]).to.deep.equal([400, 'invalid_request']);
  });
});
