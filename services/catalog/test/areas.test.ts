import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import type { Seat } from '../src/seat.ts';
import { type Answer, startWorld, type User, type World } from './world.ts';

const PRICES = [
  { category: 'Floor', priceMinor: 4_000 },
  { category: 'Stalls', priceMinor: 7_000 },
];

describe('standing areas', () => {
  let world: World;
  before(async () => {
    world = await startWorld({ MAX_SEATS_PER_USER: '30' });
  });
  after(() => world.stop());

  /** An event with so many places on the floor, ten in the pit and two seats. */
  async function open(places: number, edit: object = {}): Promise<string> {
    const as = world.organizer;
    const standing = { kind: 'standing', category: 'Floor' };
    const seat = (number: string, x: number) => ({ number, x, y: 0, category: 'Stalls' });
    const plan = {
      categories: ['Floor', 'Stalls'],
      sections: [
        { name: 'Stalls', rows: [{ name: 'A', seats: [seat('1', 0), seat('2', 1)] }] },
        { name: 'Arena', ...standing, capacity: places },
        { name: 'Pit', ...standing, capacity: 10 },
      ],
    };
    const venue = await world.call('POST', '/api/venues', {
      as,
      body: { name: 'Arena', timeZone: 'Europe/Vienna', plan },
    });
    if (venue.status !== 201) throw new Error(JSON.stringify(venue.body));
    const event = await world.call('POST', '/api/events', {
      as,
      body: {
        venueId: venue.body.venue.venueId,
        name: 'Concert',
        category: 'rock',
        startsAt: '2099-03-14T18:30:00.000Z',
        onSaleAt: '2020-01-01T00:00:00.000Z',
        prices: PRICES,
        currency: 'EUR',
        status: 'published',
        ...edit,
      },
    });
    if (event.status !== 201) throw new Error(JSON.stringify(event.body));
    return event.body.event.eventId;
  }

  const take = (as: User, eventId: string, areas: object[], key?: string): Promise<Answer> =>
    world.call('POST', `/api/events/${eventId}/holds`, {
      as,
      body: { areas },
      ...(key !== undefined && { key }),
    });
  const arena = (quantity: number) => [{ area: 'Arena', quantity }];
  const sectionsOf = (answer: Answer) =>
    answer.body.hold.seats.map((seat: { section: string }) => seat.section).sort();
  const heldIn = (eventId: string) =>
    world.db.collection<Seat>('seats').countDocuments({ eventId, status: 'held' });

  it('come into a live hold too: one more place, within order and area, a repeat adds none', async () => {
    const eventId = await open(3, {
      maxPerOrder: 4,
      ticketTypes: [
        { id: 'adult', name: 'Adult', default: true },
        { id: 'child', name: 'Child', percent: 50 },
      ],
    });
    const buyer = await world.user();
    const { holdId } = (await take(buyer, eventId, [{ area: 'Arena', quantity: 2 }])).body.hold;
    const add = (body: object, key = newId()) =>
      world.call('POST', `/api/holds/${holdId}/seats`, { as: buyer, body, key });
    const key = newId();
    const child = { areas: [{ area: 'Arena', quantity: 1, ticketType: 'child' }] };
    const added = await add(child, key);
    expect([added.status, sectionsOf(added), added.body.hold.totalMinor]).to.deep.equal([
      200,
      ['Arena', 'Arena', 'Arena'],
      10_000,
    ]);
    const again = await add(child, key);
    expect([again.status, again.body.hold.seats]).to.deep.equal([200, added.body.hold.seats]);
    const answers = [
      await add({ areas: arena(1) }, key),
      await add({ areas: arena(1) }),
      await add({ areas: [{ area: 'Pit', quantity: 2 }] }),
      await add({ areas: [{ area: 'Roof', quantity: 1 }] }),
      await add({ areas: arena(1), seatIds: ['A-1'] }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).to.deep.equal([
      [422, 'idempotency_key_reused'],
      [409, 'area_full'],
      [422, 'too_many_seats'],
      [404, 'area_not_found'],
      [400, 'invalid_request'],
    ]);
    expect(sectionsOf(await add({ areas: [{ area: 'Pit', quantity: 1 }] }))).to.deep.equal([
      'Arena',
      'Arena',
      'Arena',
      'Pit',
    ]);
    expect(await heldIn(eventId)).to.equal(4);
    const stranger = await world.call('POST', `/api/holds/${holdId}/seats`, {
      as: await world.user(),
      body: { areas: arena(1) },
    });
    expect([stranger.status, stranger.body.code]).to.deep.equal([403, 'hold_not_owner']);
  });

  it('are no seats for the best available, which says how to hold them', async () => {
    const eventId = await open(5);
    const buyer = await world.user();
    for (const [wish, what] of [
      [{ section: 'Arena' }, 'Arena is a standing area. '],
      [{ category: 'Floor' }, 'Floor has standing places only. '],
    ] as const) {
      const { body } = await world.call('POST', `/api/events/${eventId}/holds`, {
        as: buyer,
        body: { bestAvailable: { partySize: 1, ...wish } },
      });
      expect([body.code, body.detail.startsWith(what)]).to.deep.equal(['no_fitting_seats', true]);
      expect(body.detail).to.include('with areas: [{ area, quantity }]').and.include('is Arena');
    }
  });

  it('are held as the ticket type that is named for them, or the default', async () => {
    const eventId = await open(5, {
      ticketTypes: [
        { id: 'adult', name: 'Adult', default: true },
        { id: 'child', name: 'Child', percent: 50 },
      ],
    });
    const taken = await world.call('POST', `/api/events/${eventId}/holds`, {
      as: await world.user(),
      body: {
        areas: [
          { area: 'Arena', quantity: 2, ticketType: 'child' },
          { area: 'Pit', quantity: 1 },
        ],
      },
    });
    const seats = taken.body.hold.seats.map(
      (seat: { section: string; ticketType: { id: string }; priceMinor: number }) => [
        ...[seat.section, seat.ticketType.id, seat.priceMinor],
      ],
    );
    expect(seats).to.deep.equal([
      ['Arena', 'child', 2_000],
      ['Arena', 'child', 2_000],
      ['Pit', 'adult', 4_000],
    ]);
  });

  it('give as many places as are wanted of each, at the price of their category, all or none', async () => {
    const eventId = await open(20);
    const buyer = await world.user();
    const taken = await take(buyer, eventId, [...arena(3), { area: 'Pit', quantity: 2 }]);
    expect(taken.status).to.equal(201);
    expect(sectionsOf(taken)).to.deep.equal(['Arena', 'Arena', 'Arena', 'Pit', 'Pit']);
    expect(taken.body.hold.totalMinor).to.equal(20_000);
    const full = await take(await world.user(), eventId, [
      ...arena(1),
      { area: 'Pit', quantity: 5 },
    ]);
    expect(full.status).to.equal(201);
    const refused = await take(await world.user(), eventId, [
      ...arena(1),
      { area: 'Pit', quantity: 4 },
    ]);
    const { code, area, left } = refused.body;
    expect([refused.status, code, area, left]).to.deep.equal([409, 'area_full', 'Pit', 3]);
    expect(await heldIn(eventId)).to.equal(11);
    expect((await world.claims(buyer.userId, eventId)).map((one) => one.n)).to.deep.equal([5]);
  });

  it('sell exactly their places to 64 parties at once: who is refused would not have fitted', async () => {
    const eventId = await open(100);
    const buyers = await Promise.all(Array.from({ length: 64 }, () => world.user()));
    const wanted = buyers.map((_, index) => (index % 3) + 1);
    const answers = await Promise.all(
      buyers.map((as, index) => take(as, eventId, arena(wanted[index] ?? 1))),
    );
    const got = answers.flatMap((one) => (one.status === 201 ? [one.body.hold.seats.length] : []));
    const sold = got.reduce((sum, n) => sum + n, 0);
    const refused = answers.flatMap((one, index) => (one.status === 201 ? [] : [wanted[index]]));
    expect(new Set(answers.map((one) => one.body.code ?? 'taken'))).to.deep.equal(
      new Set(['taken', 'area_full']),
    );
    expect(await heldIn(eventId)).to.equal(sold);
    for (const quantity of refused) expect(quantity).to.be.greaterThan(100 - sold);
    const owners = (await world.seats(eventId)).flatMap((seat) => seat.hold?.id ?? []);
    expect(owners).to.have.length(sold);
  });

  it('are given to the last place, one by one, to parties that come together', async () => {
    const eventId = await open(40);
    const buyers = await Promise.all(Array.from({ length: 64 }, () => world.user()));
    const answers = await Promise.all(buyers.map((as) => take(as, eventId, arena(1))));
    const codes = answers.map((one) => one.body.code ?? 'taken').sort();
    expect(codes).to.deep.equal([
      ...Array.from({ length: 24 }, () => 'area_full'),
      ...Array.from({ length: 40 }, () => 'taken'),
    ]);
  });

  it('give places freed elsewhere, which this process has not heard of', async () => {
    const eventId = await open(2);
    const buyer = await world.user();
    await take(buyer, eventId, arena(2));
    expect((await take(await world.user(), eventId, arena(1))).body.code).to.equal('area_full');
    await world.db
      .collection<Seat>('seats')
      .updateOne(
        { eventId, section: 'Arena', status: 'held' },
        { $set: { status: 'available' }, $inc: { version: 1 }, $unset: { hold: 1 } },
      );
    expect((await take(await world.user(), eventId, arena(1))).status).to.equal(201);
  });

  it('answer a repeat under its Idempotency-Key with the same places; another wish is refused', async () => {
    const eventId = await open(50);
    const buyer = await world.user();
    const first = await take(buyer, eventId, arena(2), 'key');
    const again = await take(buyer, eventId, arena(2), 'key');
    expect([again.status, again.body]).to.deep.equal([201, first.body]);
    const other = await take(buyer, eventId, arena(3), 'key');
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    expect(await heldIn(eventId)).to.equal(2);
  });

  it('keep to the caps of order and account, and are known by name', async () => {
    const eventId = await open(50, { maxPerOrder: 4, maxPerUser: 6 });
    const buyer = await world.user();
    const answers = [
      await take(buyer, eventId, [...arena(3), { area: 'Pit', quantity: 2 }]),
      await take(buyer, eventId, arena(4)),
      await take(buyer, eventId, arena(3)),
      await take(buyer, eventId, [{ area: 'Stalls', quantity: 1 }]),
      await take(buyer, newId(), arena(1)),
      await world.call('POST', `/api/events/${eventId}/holds`, { body: { areas: arena(1) } }),
      await world.call('POST', `/api/events/${eventId}/holds`, {
        as: buyer,
        body: { areas: arena(1), seatIds: ['Stalls-A-1'] },
      }),
    ];
    expect(answers.map((one) => [one.status, one.body.code])).to.deep.equal([
      [422, 'too_many_seats'],
      [201, undefined],
      [409, 'quota_exceeded'],
      [404, 'area_not_found'],
      [404, 'event_not_found'],
      [401, 'login_required'],
      [400, 'invalid_request'],
    ]);
    expect(answers[3]?.body.areas).to.deep.equal(['Arena', 'Pit']);
  });

  it('pass over places on which a hold of the account ran out, and say so where no other is left', async () => {
    const eventId = await open(2);
    const buyer = await world.user();
    const { body } = await take(buyer, eventId, arena(1));
    const seatId = body.hold.seats[0].seatId;
    await world.db
      .collection<Seat>('seats')
      .updateOne({ eventId, seatId }, { $set: { 'hold.expiresAt': new Date() } });
    await world.db
      .collection<{ _id: string }>('holds')
      .updateOne({ _id: body.hold.holdId }, { $set: { expiresAt: new Date() } });
    world.stores.taken.forget([`${eventId}:${seatId}`]);
    await world.catalog.sweeper.drain();
    const second = await take(buyer, eventId, arena(1));
    expect(second.status).to.equal(201);
    expect(second.body.hold.seats[0].seatId).not.to.equal(seatId);
    const third = await take(buyer, eventId, arena(1));
    expect([third.status, third.body.code, third.body.seatIds]).to.deep.equal([
      409,
      'seat_cooling_down',
      [seatId],
    ]);
    expect((await take(await world.user(), eventId, arena(1))).status).to.equal(201);
  });
});
