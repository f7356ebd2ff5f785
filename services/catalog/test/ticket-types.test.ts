import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { startWorld, type User, type World } from './world.ts';

const ADULT = { id: 'adult', name: 'Adult', default: true };
const CHILD = { id: 'child', name: 'Child', percent: 50, maxPerOrder: 2 };

describe('ticket types', () => {
  let world: World;
  let buyer: User;
  before(async () => {
    world = await startWorld();
    buyer = await world.user();
  });
  after(() => world.stop());

  const take = (eventId: string, seats: object[], key?: string, as = buyer) =>
    world.call('POST', `/api/events/${eventId}/holds`, {
      as,
      body: { seats },
      ...(key !== undefined && { key }),
    });
  const change = (eventId: string, body: object) =>
    world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });

  it('are named for seats added to a hold, which cost that and count towards the type', async () => {
    const eventId = await world.event(6, { ticketTypes: [ADULT, CHILD] });
    const { holdId } = (await take(eventId, [{ seatId: 'GENERAL-1', ticketType: 'child' }])).body
      .hold;
    const add = (seats: object[], key = newId()) =>
      world.call('POST', `/api/holds/${holdId}/seats`, { as: buyer, body: { seats }, key });
    const key = newId();
    const wish = [{ seatId: 'GENERAL-2', ticketType: 'child' }, { seatId: 'GENERAL-3' }];
    const added = await add(wish, key);
    const priced = ({ body }: typeof added) =>
      body.hold.seats.map((seat: { ticketType: { id: string }; priceMinor: number }) => [
        seat.ticketType.id,
        seat.priceMinor,
      ]);
    expect([added.status, priced(added), added.body.hold.totalMinor]).to.deep.equal([
      200,
      [
        ['child', 1_250],
        ['child', 1_250],
        ['adult', 2_500],
      ],
      5_000,
    ]);
    expect(decodeJwt(added.body.hold.offer)).to.deep.include({ seats: added.body.hold.seats });
    expect(priced(await add(wish, key))).to.deep.equal(priced(added));
    const otherwise = await add([wish[0] ?? {}, { seatId: 'GENERAL-3', ticketType: 'child' }], key);
    expect([otherwise.status, otherwise.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    const more = await add([{ seatId: 'GENERAL-4', ticketType: 'child' }]);
    expect([more.status, more.body.code, more.body.ticketType]).to.deep.equal([
      422,
      'too_many_seats',
      'child',
    ]);
    const unknown = await add([{ seatId: 'GENERAL-4', ticketType: 'senior' }]);
    expect([unknown.status, unknown.body.code]).to.deep.equal([422, 'ticket_type_not_found']);
    const after = await world.call('GET', `/api/holds/${holdId}`, { as: buyer });
    expect(after.body.hold.seats).to.have.length(3);
  });

  it('are shown with the price of each category, which is what a hold costs', async () => {
    const eventId = await world.event(3, { ticketTypes: [ADULT, CHILD] });
    const { body } = await world.call('GET', `/api/events/${eventId}`);
    expect(body.event.ticketTypes).to.deep.equal([
      {
        ...{ id: 'adult', name: 'Adult', default: true },
        prices: [{ category: 'General', priceMinor: 2_500 }],
      },
      {
        ...{ id: 'child', name: 'Child', default: false, maxPerOrder: 2 },
        prices: [{ category: 'General', priceMinor: 1_250 }],
      },
    ]);
    const taken = await take(eventId, [
      { seatId: 'GENERAL-1' },
      { seatId: 'GENERAL-2', ticketType: 'child' },
    ]);
    expect(taken.status).to.equal(201);
    const { hold } = taken.body;
    const typed = hold.seats.map((seat: { ticketType: object; priceMinor: number }) => [
      seat.ticketType,
      seat.priceMinor,
    ]);
    expect([typed, hold.totalMinor]).to.deep.equal([
      [
        [{ id: 'adult', name: 'Adult' }, 2_500],
        [{ id: 'child', name: 'Child' }, 1_250],
      ],
      3_750,
    ]);
    expect(decodeJwt(hold.offer)).to.deep.include({ seats: hold.seats, totalMinor: 3_750 });
    const plain = await world.take(buyer, eventId, ['GENERAL-3']);
    expect(plain.body.hold.seats[0].ticketType).to.deep.equal({ id: 'adult', name: 'Adult' });
  });

  it('may be named for the best available seats, and then count against the price ceiling', async () => {
    const eventId = await world.event(3, { ticketTypes: [ADULT, CHILD] });
    const path = `/api/events/${eventId}`;
    const found = await world.call('GET', `${path}/best-available?partySize=1&ticketType=child`);
    expect(found.body.totalMinor).to.equal(1_250);
    const best = (ticketType: string) =>
      world.call('POST', `${path}/holds`, {
        as: buyer,
        body: { bestAvailable: { partySize: 1, maxPriceMinor: 2_000, ticketType } },
      });
    const child = await best('child');
    expect([child.status, child.body.hold?.totalMinor]).to.deep.equal([201, 1_250]);
    expect((await best('adult')).body.code).to.equal('no_fitting_seats');
    expect((await best('senior')).status).to.be.oneOf([409, 422]);
  });

  it('are none by default, and a hold then says none', async () => {
    const eventId = await world.event(1);
    const { body } = await world.call('GET', `/api/events/${eventId}`);
    expect(body.event).to.not.have.property('ticketTypes');
    const unknown = await take(eventId, [{ seatId: 'GENERAL-1', ticketType: 'child' }]);
    expect([unknown.status, unknown.body.code]).to.deep.equal([422, 'ticket_type_not_found']);
    const taken = await take(eventId, [{ seatId: 'GENERAL-1' }]);
    expect(taken.status).to.equal(201);
    expect(taken.body.hold.seats[0]).to.not.have.property('ticketType');
  });

  it('are capped per order, also for seats that are added', async () => {
    const eventId = await world.event(3, { ticketTypes: [{ ...ADULT, maxPerOrder: 2 }] });
    const ids = ['GENERAL-1', 'GENERAL-2', 'GENERAL-3'];
    const many = await world.take(buyer, eventId, ids);
    expect([many.status, many.body.code]).to.deep.equal([422, 'too_many_seats']);
    const two = await world.take(buyer, eventId, ids.slice(0, 2));
    expect(two.status).to.equal(201);
    const more = await world.call('POST', `/api/holds/${two.body.hold.holdId}/seats`, {
      as: buyer,
      body: { seatIds: ids.slice(2) },
    });
    expect([more.status, more.body.code]).to.deep.equal([422, 'too_many_seats']);
  });

  it('are sold in their own window only, within that of the event', async () => {
    const past = '2020-06-01T00:00:00.000Z';
    const future = '2098-06-01T00:00:00.000Z';
    const over = { id: 'early', name: 'Early bird', salesUntil: past };
    const soon = { id: 'late', name: 'Last minute', salesFrom: future };
    const open = { ...CHILD, salesFrom: past, salesUntil: future };
    const eventId = await world.event(3, { ticketTypes: [ADULT, over, soon, open] });
    const as = (ticketType: string, number: number) =>
      take(eventId, [{ seatId: `GENERAL-${number}`, ticketType }]);
    const closed = [await as('early', 1), await as('late', 1)];
    expect(closed.map((one) => [one.status, one.body.code])).to.deep.equal([
      [409, 'ticket_type_not_on_sale'],
      [409, 'ticket_type_not_on_sale'],
    ]);
    expect(closed[1]?.body.windows).to.deep.equal([{ ticketType: 'late', salesFrom: future }]);
    expect((await as('child', 1)).status).to.equal(201);
    const mixed = await take(eventId, [
      { seatId: 'GENERAL-2' },
      { seatId: 'GENERAL-3', ticketType: 'late' },
    ]);
    expect(mixed.body.code).to.equal('ticket_type_not_on_sale');
    await change(eventId, { ticketTypes: [ADULT, over, { ...soon, salesFrom: past }, open] });
    expect((await as('late', 2)).status).to.equal(201);
    await change(eventId, { onSaleAt: future });
    const unsold = await as('child', 3);
    expect([unsold.status, unsold.body.code]).to.deep.equal([409, 'event_not_on_sale']);
  });

  it('are part of what a repeated request asks for', async () => {
    const eventId = await world.event(1, { ticketTypes: [ADULT, CHILD] });
    const key = newId();
    const first = await take(eventId, [{ seatId: 'GENERAL-1', ticketType: 'child' }], key);
    const again = await take(eventId, [{ seatId: 'GENERAL-1', ticketType: 'child' }], key);
    expect([again.status, again.body.hold.holdId]).to.deep.equal([201, first.body.hold.holdId]);
    const other = await take(eventId, [{ seatId: 'GENERAL-1', ticketType: 'adult' }], key);
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
  });

  it('that become dearer for seats in use are refused with the list, new ones are not', async () => {
    const eventId = await world.event(2, { ticketTypes: [ADULT, CHILD] });
    await take(eventId, [{ seatId: 'GENERAL-1', ticketType: 'child' }]);
    const dearer = [ADULT, { ...CHILD, percent: 60 }];
    const refused = await change(eventId, { ticketTypes: dearer });
    expect([refused.status, refused.body.code, refused.body.seatIds]).to.deep.equal([
      409,
      'seats_in_use',
      ['GENERAL-1'],
    ]);
    const senior = { id: 'senior', name: 'Senior', percent: 80 };
    expect((await change(eventId, { ticketTypes: [ADULT, CHILD, senior] })).status).to.equal(200);
    const meant = await change(eventId, { ticketTypes: dearer, heldKeepPrice: true });
    expect(meant.status).to.equal(200);
    const later = await take(eventId, [{ seatId: 'GENERAL-2', ticketType: 'child' }]);
    expect(later.body.hold.totalMinor).to.equal(1_500);
  });

  it('that make no sense are refused, and no event is made', async () => {
    const venue = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: { name: 'Hall', timeZone: 'Europe/Vienna', plan: { seatCount: 1 } },
    });
    const { venueId } = venue.body.venue;
    for (const ticketTypes of [
      [CHILD],
      [ADULT, ADULT],
      [ADULT, { ...CHILD, percent: 0 }],
      'adult',
    ]) {
      const made = await world.call('POST', '/api/events', {
        as: world.organizer,
        body: {
          ...{ venueId, name: 'Quartet', category: 'classical', currency: 'EUR', ticketTypes },
          prices: [{ category: 'General', priceMinor: 2_500 }],
          startsAt: '2099-03-14T18:30:00.000Z',
          onSaleAt: '2020-01-01T00:00:00.000Z',
        },
      });
      expect([made.status, made.body.code]).to.deep.equal([400, 'invalid_request']);
    }
    const events = world.db.collection('events');
    expect(await events.countDocuments({ venueId })).to.equal(0);
  });

  for (const [what, seats] of [
    ['a seat twice', [{ seatId: 'GENERAL-1' }, { seatId: 'GENERAL-1', ticketType: 'child' }]],
    ['a price of its own', [{ seatId: 'GENERAL-1', priceMinor: 1 }]],
    ['no seats', []],
    ['an operator for a type', [{ seatId: 'GENERAL-1', ticketType: { $ne: '' } }]],
  ] as const) {
    it(`refuse a hold with ${what}`, async () => {
      const eventId = await world.event(1, { ticketTypes: [ADULT, CHILD] });
      const refused = await take(eventId, [...seats]);
      expect([refused.status, refused.body.code]).to.deep.equal([400, 'invalid_request']);
    });
  }
});
