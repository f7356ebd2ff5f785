import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { Event } from '../src/event.ts';
import { createSeatBlocks } from '../src/stores/seat-blocks.ts';
import { startWorld, type User, type World } from './world.ts';

type Given = { number: string; category?: string };
const planOf = (seats: Given[], standing = 0) => ({
  categories: ['Stalls', 'Gallery'],
  sections: [
    {
      name: 'Hall',
      rows: [
        {
          name: 'A',
          seats: seats.map(({ number, category = 'Stalls' }, x) => ({ number, x, y: 0, category })),
        },
      ],
    },
    ...(standing > 0
      ? [{ name: 'Floor', kind: 'standing', capacity: standing, category: 'Gallery' }]
      : []),
  ],
});
const STALLS = [{ category: 'Stalls', priceMinor: 5_000 }];
const BOTH = [...STALLS, { category: 'Gallery', priceMinor: 2_000 }];
const FIRST = planOf([{ number: '1' }, { number: '2' }, { number: '3' }]);
/** Seat 1 goes, 2 moves, 3 becomes gallery, 4 and standing room come. */
const SECOND = planOf([{ number: '2' }, { number: '3', category: 'Gallery' }, { number: '4' }], 1);

describe('plan edits', () => {
  let world: World;
  let buyer: User;
  before(async () => {
    world = await startWorld();
    buyer = await world.user();
  });
  after(() => world.stop());

  async function eventWithPlans(): Promise<string> {
    const { body } = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: { name: 'Hall', timeZone: 'Europe/Vienna', plan: FIRST },
    });
    const { venueId } = body.venue;
    const event = await world.call('POST', '/api/events', {
      as: world.organizer,
      body: {
        ...{ venueId, name: 'Quartet', category: 'classical', prices: STALLS, currency: 'EUR' },
        startsAt: '2099-03-14T18:30:00.000Z',
        onSaleAt: '2020-01-01T00:00:00.000Z',
        status: 'published',
      },
    });
    await world.call('PUT', `/api/venues/${venueId}/plan`, {
      as: world.organizer,
      body: { plan: SECOND },
    });
    return event.body.event.eventId;
  }
  const edit = (eventId: string, body: object, as = world.organizer) =>
    world.call('PUT', `/api/events/${eventId}/plan`, { as, body });
  const seatsOf = async (eventId: string) =>
    (await world.seats(eventId)).map((seat) => [
      ...[seat.seatId, seat.order, seat.category, seat.status, seat.version],
    ]);
  const stored = async (eventId: string) => {
    const event = await world.db.collection<Event>('events').findOne({ _id: eventId });
    if (!event) throw new Error(`no event ${eventId}`);
    return event;
  };
  const OLD = [
    ['Hall-A-1', 0, 'Stalls', 'available', 1],
    ['Hall-A-2', 1, 'Stalls', 'available', 1],
    ['Hall-A-3', 2, 'Stalls', 'available', 1],
  ];
  const NEW = [
    ['Hall-A-2', 0, 'Stalls', 'available', 1],
    ['Hall-A-3', 1, 'Gallery', 'available', 3],
    ['Hall-A-4', 2, 'Stalls', 'available', 4],
    ['Floor-1', 3, 'Gallery', 'available', 4],
  ];

  it('drop, change, move and add seats; what is sold then costs what the map says', async () => {
    const eventId = await eventWithPlans();
    const kept = await world.take(buyer, eventId, ['Hall-A-2']);
    const edited = await edit(eventId, { planVersion: 2, prices: BOTH });
    expect(edited.status).to.equal(200);
    expect(edited.body.event).to.deep.include({ planVersion: 2, seatCount: 4, prices: BOTH });
    const seats = NEW.map((seat) =>
      seat[0] === 'Hall-A-2' ? [...seat.slice(0, 3), 'held', 2] : seat,
    );
    expect(await seatsOf(eventId)).to.deep.equal(seats);
    const taken = await world.take(buyer, eventId, ['Hall-A-3', 'Floor-1']);
    expect([taken.status, taken.body.hold.totalMinor]).to.deep.equal([201, 4_000]);
    const gone = await world.take(buyer, eventId, ['Hall-A-1']);
    expect([gone.status, gone.body.code]).to.deep.equal([404, 'seat_not_found']);
    const hold = await world.call('GET', `/api/holds/${kept.body.hold.holdId}`, { as: buyer });
    expect([hold.body.hold.status, hold.body.hold.totalMinor]).to.deep.equal(['held', 5_000]);
    const { history, planEdit } = await stored(eventId);
    expect(planEdit).to.equal(null);
    expect(history.map((entry) => entry.reason).slice(-2)).to.deep.equal([
      'plan edit begun',
      'plan changed',
    ]);
  });

  for (const [what, seatId] of [
    ['drop', 'Hall-A-1'],
    ['change', 'Hall-A-3'],
  ] as const) {
    it(`that would ${what} a held seat are refused with the list, and change nothing`, async () => {
      const eventId = await eventWithPlans();
      await world.take(buyer, eventId, [seatId]);
      const refused = await edit(eventId, { planVersion: 2, prices: BOTH });
      expect([refused.status, refused.body.code, refused.body.seatIds]).to.deep.equal([
        409,
        'seats_in_use',
        [seatId],
      ]);
      const faces = (await seatsOf(eventId)).map((seat) => seat.slice(0, 4));
      expect(faces).to.deep.equal(
        OLD.map(([id, ...rest]) => [id, ...rest.slice(0, 2), id === seatId ? 'held' : 'available']),
      );
      expect(await stored(eventId)).to.deep.include({ planVersion: 1, planEdit: null });
      expect((await world.take(buyer, eventId, ['Hall-A-2'])).status).to.equal(201);
    });
  }

  it('with a new price for a held seat are refused with the list, unless it is meant to keep its own', async () => {
    const eventId = await eventWithPlans();
    const { body } = await world.take(buyer, eventId, ['Hall-A-2']);
    const prices = [{ category: 'Stalls', priceMinor: 9_900 }, ...BOTH.slice(1)];
    const refused = await edit(eventId, { planVersion: 2, prices });
    expect([refused.status, refused.body.code, refused.body.seatIds]).to.deep.equal([
      409,
      'seats_in_use',
      ['Hall-A-2'],
    ]);
    expect(await stored(eventId)).to.deep.include({ planVersion: 1, prices: STALLS });
    const meant = await edit(eventId, { planVersion: 2, prices, heldKeepPrice: true });
    expect([meant.status, meant.body.event?.prices]).to.deep.equal([200, prices]);
    expect((await world.hold(body.hold.holdId)).totalMinor).to.equal(5_000);
    const later = await world.take(buyer, eventId, ['Hall-A-4']);
    expect(later.body.hold.totalMinor).to.equal(9_900);
  });

  it('back to the first plan give a seat that was dropped a version above its last', async () => {
    const eventId = await eventWithPlans();
    await edit(eventId, { planVersion: 2, prices: BOTH });
    const back = await edit(eventId, { planVersion: 1, prices: STALLS });
    expect(back.status).to.equal(200);
    const [first] = await world.seats(eventId);
    expect([first?.seatId, first?.status]).to.deep.equal(['Hall-A-1', 'available']);
    expect(first?.version).to.be.greaterThan(2);
  });

  it('to the plan that it has change nothing; unknown plans, missing prices, strangers are refused', async () => {
    const eventId = await eventWithPlans();
    const { version } = await stored(eventId);
    const same = await edit(eventId, { planVersion: 1 });
    expect([same.status, same.body.event.version]).to.deep.equal([200, version]);
    const stranger = await world.user('organizer');
    const answers = [
      await edit(eventId, { planVersion: 9 }),
      await edit(eventId, { planVersion: 2 }),
      await edit(eventId, { planVersion: 2, prices: BOTH, version: version + 1 }),
      await edit(eventId, { planVersion: 2, prices: BOTH }, stranger),
    ];
    expect(answers.map((one) => [one.status, one.body.code])).to.deep.equal([
      [404, 'plan_not_found'],
      [422, 'prices_incomplete'],
      [409, 'version_conflict'],
      [403, 'forbidden'],
    ]);
    expect(await seatsOf(eventId)).to.deep.equal(OLD);
  });

  it('broken off at any stage are finished by the sweeper, and meanwhile keep others out', async () => {
    for (const stage of ['blocking', 'applying', 'opening', 'undoing'] as const) {
      const eventId = await eventWithPlans();
      const events = world.db.collection<Event>('events');
      await world.catalog.sweeper.stop();
      const planEdit = {
        ...{ id: `edit-${stage}`, planVersion: 2, prices: BOTH, stage, seatFloor: 2 },
        origin: { actor: 'user:test', requestId: 'test', correlationId: 'test' },
        movedAt: new Date(0),
      };
      if (stage === 'applying') {
        await world.db
          .collection<{ _id: string }>('seats')
          .updateMany(
            { eventId, seatId: { $in: ['Hall-A-1', 'Hall-A-3'] } },
            { $set: { status: 'blocked', version: 2, block: { id: planEdit.id } } },
          );
      }
      await events.updateOne({ _id: eventId }, { $set: { planEdit } });
      const patch = await world.call('PATCH', `/api/events/${eventId}`, {
        as: world.organizer,
        body: { name: 'Octet' },
      });
      expect([patch.body.code, stage]).to.deep.equal(['request_in_flight', stage]);
      expect((await edit(eventId, { planVersion: 2, prices: BOTH })).body.code).to.equal(
        'request_in_flight',
      );
      world.catalog.sweeper.start();
      await waitUntil(stage, async () => (await stored(eventId)).planEdit === null);
      const applied = stage === 'blocking' || stage === 'applying';
      const changed = NEW.map((seat) => seat);
      expect(await seatsOf(eventId), stage).to.deep.equal(applied ? changed : OLD);
    }
  });

  it('that were refused leave no seat blocked on a map that was read meanwhile', async () => {
    const eventId = await eventWithPlans();
    const { boards, sweeper } = world.catalog;
    await sweeper.stop();
    const planEdit = {
      ...{ id: newId(), planVersion: 2, prices: BOTH, stage: 'undoing' as const, seatFloor: 0 },
      origin: { actor: 'user:test', requestId: 'test', correlationId: 'test' },
      movedAt: new Date(0),
    };
    await createSeatBlocks(world.db).block(eventId, planEdit.id, ['Hall-A-1', 'Hall-A-3']);
    await world.db.collection<Event>('events').updateOne({ _id: eventId }, { $set: { planEdit } });
    await boards.replanned(eventId);
    const codes = async () => [...((await boards.get(eventId))?.codes ?? [])];
    expect(await codes()).to.deep.equal([3, 0, 3]);
    sweeper.start();
    await waitUntil('the edit to be undone', async () => (await stored(eventId)).planEdit === null);
    expect(await codes()).to.deep.equal([0, 0, 0]);
  });

  it('that drop a category with a price for a ticket type let the event be changed all the same', async () => {
    const eventId = await eventWithPlans();
    await edit(eventId, { planVersion: 2, prices: BOTH });
    const patch = (body: object) =>
      world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });
    const prices = [{ category: 'Gallery', priceMinor: 1_000 }];
    const types = [
      { id: 'adult', name: 'Adult', default: true },
      { id: 'child', name: 'Child', prices },
    ];
    expect((await patch({ ticketTypes: types })).status).to.equal(200);
    expect((await edit(eventId, { planVersion: 1, prices: STALLS })).status).to.equal(200);
    expect((await patch({ ticketTypes: types })).body.code).to.equal('invalid_request');
    const cancelled = await patch({ status: 'cancelled' });
    expect([cancelled.status, cancelled.body.event?.status]).to.deep.equal([200, 'cancelled']);
  });

  it('show on the map: its process reads the seats anew', async () => {
    const eventId = await eventWithPlans();
    expect((await world.catalog.boards.get(eventId))?.faces).to.have.length(3);
    await edit(eventId, { planVersion: 2, prices: BOTH });
    const board = await world.catalog.boards.get(eventId);
    expect([board?.planVersion, board?.faces.map((face) => face.seatId)]).to.deep.equal([
      2,
      ['Hall-A-2', 'Hall-A-3', 'Hall-A-4', 'Floor-1'],
    ]);
    expect([...(board?.codes ?? [])]).to.deep.equal([0, 0, 0, 0]);
  });
});

describe('new prices', () => {
  let world: World;
  let buyer: User;
  before(async () => {
    world = await startWorld();
    buyer = await world.user();
  });
  after(() => world.stop());

  const reprice = (eventId: string, body: object) =>
    world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { prices: [{ category: 'General', priceMinor: 9_900 }], ...body },
    });

  it('for seats that are held are refused with the list, unless they are meant to keep theirs', async () => {
    const eventId = await world.event(2);
    const held = await world.take(buyer, eventId, ['GENERAL-2']);
    const refused = await reprice(eventId, {});
    expect([refused.status, refused.body.code, refused.body.seatIds]).to.deep.equal([
      409,
      'seats_in_use',
      ['GENERAL-2'],
    ]);
    const same = await reprice(eventId, { prices: [{ category: 'General', priceMinor: 2_500 }] });
    expect(same.status).to.equal(200);
    expect((await reprice(eventId, { heldKeepPrice: true })).status).to.equal(200);
    const kept = await world.call('GET', `/api/holds/${held.body.hold.holdId}`, { as: buyer });
    expect(kept.body.hold.totalMinor).to.equal(2_500);
    const later = await world.take(buyer, eventId, ['GENERAL-1']);
    expect(later.body.hold.totalMinor).to.equal(9_900);
  });

  it('for seats that are free again are taken as they are', async () => {
    const eventId = await world.event(1);
    const { body } = await world.take(buyer, eventId, ['GENERAL-1']);
    await world.call('DELETE', `/api/holds/${body.hold.holdId}`, { as: buyer });
    expect((await reprice(eventId, {})).status).to.equal(200);
  });
});
