import { expect } from 'chai';
import { startWorld, type User, type World } from './world.ts';

describe('the seat policy of an event', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  /** One row by a letter a seat: o ordinary, A accessible, C companion. */
  async function row(letters: string, edit: object = {}): Promise<string> {
    const seats = [...letters].map((letter, x) => ({
      seatId: `A-${x + 1}`,
      number: String(x + 1),
      x,
      y: 0,
      category: 'General',
      flags: letter === 'A' ? ['accessible'] : letter === 'C' ? ['companion'] : [],
    }));
    const venue = await world.call('POST', '/api/venues', {
      as: world.organizer,
      body: {
        name: 'Hall',
        timeZone: 'Europe/Vienna',
        plan: {
          categories: ['General'],
          sections: [{ name: 'Hall', rows: [{ name: 'A', seats }] }],
        },
      },
    });
    return world.event(1, { venueId: venue.body.venue.venueId, ...edit });
  }
  const avoid = { seatPolicy: { orphans: 'avoid' } };
  const freeOf = async (eventId: string) =>
    (await world.seats(eventId)).filter((one) => one.status === 'available').length;
  const drop = (as: User, holdId: string, seatId: string) =>
    world.call('DELETE', `/api/holds/${holdId}/seats/${seatId}`, { as });
  const add = (as: User, holdId: string, seatIds: string[]) =>
    world.call('POST', `/api/holds/${holdId}/seats`, { as, body: { seatIds } });

  it('refuses a click that leaves a single seat, takes what it suggests instead', async () => {
    const eventId = await row('ooooo', avoid);
    const buyer = await world.user();
    const { status, body } = await world.take(buyer, eventId, ['A-2', 'A-3']);
    const { code, rule, seatIds, suggestion } = body;
    expect({ status, code, rule, seatIds, suggestion }).to.deep.equal({
      status: 409,
      code: 'seat_policy',
      rule: 'single_seat_left',
      seatIds: ['A-1'],
      suggestion: ['A-1', 'A-2'],
    });
    expect(await freeOf(eventId)).to.equal(5);
    expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
    expect((await world.take(buyer, eventId, suggestion)).status).to.equal(201);
  });

  it('allows it where the organizer does not mind, and minds once that is changed', async () => {
    const eventId = await row('ooooooo');
    const buyer = await world.user();
    const shown = await world.call('GET', `/api/events/${eventId}`);
    expect(shown.body.event.seatPolicy).to.deep.equal({ orphans: 'allow' });
    expect((await world.take(buyer, eventId, ['A-2'])).status).to.equal(201);
    const changed = await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: avoid,
    });
    expect(changed.body.event.seatPolicy).to.deep.equal({ orphans: 'avoid' });
    expect((await world.take(buyer, eventId, ['A-4'])).body.code).to.equal('seat_policy');
  });

  it('gives way where the row forces a single seat', async () => {
    const eventId = await row('ooo', avoid);
    expect((await world.take(await world.user(), eventId, ['A-1', 'A-2'])).status).to.equal(201);
  });

  it('looks at seats added to a hold together with those it has', async () => {
    const eventId = await row('oooooo', avoid);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, ['A-1', 'A-2']);
    const refusal = await add(buyer, body.hold.holdId, ['A-4']);
    expect([refusal.status, refusal.body.code, refusal.body.suggestion]).to.deep.equal([
      409,
      'seat_policy',
      ['A-3'],
    ]);
    expect((await add(buyer, body.hold.holdId, ['A-3'])).status).to.equal(200);
  });

  it('refuses a drop that leaves a single seat while another seat of the hold could go instead', async () => {
    const eventId = await row('ooooo', avoid);
    const buyer = await world.user();
    const { holdId } = (await world.take(buyer, eventId, ['A-1', 'A-2'])).body.hold;
    const refusal = await drop(buyer, holdId, 'A-1');
    const { code, rule, seatIds, suggestion } = refusal.body;
    expect({ status: refusal.status, code, rule, seatIds, suggestion }).to.deep.equal({
      status: 409,
      code: 'seat_policy',
      rule: 'single_seat_left',
      seatIds: ['A-1'],
      suggestion: ['A-2'],
    });
    expect(await freeOf(eventId)).to.equal(3);
    expect((await drop(buyer, holdId, 'A-2')).status).to.equal(200);
    expect(await freeOf(eventId)).to.equal(4);
  });

  it('lets any seat go where nobody minds, each would be alone, or it is the last', async () => {
    const careless = await row('ooooo');
    const buyer = await world.user();
    const free = await world.take(buyer, careless, ['A-1', 'A-2']);
    expect((await drop(buyer, free.body.hold.holdId, 'A-1')).status).to.equal(200);

    const eventId = await row('oooo', avoid);
    const { holdId } = (await world.take(buyer, eventId, ['A-1', 'A-2'])).body.hold;
    await world.take(await world.user(), eventId, ['A-3', 'A-4']);
    expect((await drop(buyer, holdId, 'A-1')).status).to.equal(200);
    const last = await drop(buyer, holdId, 'A-2');
    expect([last.status, last.body.hold.status]).to.deep.equal([200, 'released']);
  });

  it('does not ask to drop a seat of another ticket type instead', async () => {
    const ticketTypes = [
      { id: 'adult', name: 'Adult', default: true },
      { id: 'child', name: 'Child', percent: 50 },
    ];
    const eventId = await row('ooooo', { ...avoid, ticketTypes });
    const buyer = await world.user();
    const { body } = await world.call('POST', `/api/events/${eventId}/holds`, {
      as: buyer,
      body: { seats: [{ seatId: 'A-1', ticketType: 'child' }, { seatId: 'A-2' }] },
    });
    expect((await drop(buyer, body.hold.holdId, 'A-1')).status).to.equal(200);
  });

  it('refuses a companion seat alone in any event, and keeps nothing of it', async () => {
    const eventId = await row('ACooo');
    const buyer = await world.user();
    const { status, body } = await world.take(buyer, eventId, ['A-2']);
    const { code, rule, seatIds, suggestion } = body;
    expect({ status, code, rule, seatIds, suggestion }).to.deep.equal({
      status: 409,
      code: 'seat_policy',
      rule: 'companion_alone',
      seatIds: ['A-2'],
      suggestion: ['A-3'],
    });
    expect(await freeOf(eventId)).to.equal(5);
    expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
    expect((await world.take(buyer, eventId, ['A-1', 'A-2'])).status).to.equal(201);
  });

  it('keeps an accessible seat in a hold while its companion seat stays, lets go of both in order', async () => {
    const eventId = await row('ACoo');
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, ['A-1', 'A-2']);
    const { holdId } = body.hold;
    const refusal = await drop(buyer, holdId, 'A-1');
    expect([refusal.status, refusal.body.code, refusal.body.seatIds]).to.deep.equal([
      409,
      'seat_policy',
      ['A-2'],
    ]);
    expect((await drop(buyer, holdId, 'A-2')).status).to.equal(200);
    const last = await drop(buyer, holdId, 'A-1');
    expect([last.status, last.body.hold.status]).to.deep.equal([200, 'released']);
  });

  it('lets a companion seat join a hold of its accessible seat, and no other hold', async () => {
    const eventId = await row('ACoo');
    const [buyer, stranger] = [await world.user(), await world.user()];
    const mine = await world.take(buyer, eventId, ['A-1']);
    const other = await world.take(stranger, eventId, ['A-3']);
    const refusal = await add(stranger, other.body.hold.holdId, ['A-2']);
    expect([refusal.body.code, refusal.body.rule]).to.deep.equal([
      'seat_policy',
      'companion_alone',
    ]);
    expect((await add(buyer, mine.body.hold.holdId, ['A-2'])).status).to.equal(200);
  });
});
