import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { startWorld, type User, type World } from './world.ts';

describe('terms of an event', () => {
  let world: World;
  let buyer: User;
  before(async () => {
    world = await startWorld();
    buyer = await world.user();
  });
  after(() => world.stop());

  const change = (eventId: string, body: object) =>
    world.call('PATCH', `/api/events/${eventId}`, { as: world.organizer, body });
  const show = async (eventId: string) =>
    (await world.call('GET', `/api/events/${eventId}`)).body.event;
  const hold = async (eventId: string, seatId: string) => {
    const taken = await world.take(buyer, eventId, [seatId]);
    expect(taken.status).to.equal(201);
    return taken.body.hold;
  };

  it('are shown, and promised by the signed offer of a hold', async () => {
    const eventId = await world.event(1, { terms: exampleTerms });
    expect((await show(eventId)).terms).to.deep.equal(exampleTerms);
    const held = await hold(eventId, 'GENERAL-1');
    expect(held.terms).to.deep.equal(exampleTerms);
    expect(decodeJwt(held.offer).terms).to.deep.equal(exampleTerms);
  });

  it('are none where the event names none', async () => {
    const eventId = await world.event(1);
    expect(await show(eventId)).to.not.have.property('terms');
    const held = await hold(eventId, 'GENERAL-1');
    expect(held).to.not.have.property('terms');
    expect(decodeJwt(held.offer)).to.not.have.property('terms');
  });

  it('change for new holds, and not for those that were made before', async () => {
    const eventId = await world.event(3, { terms: exampleTerms });
    const before = await hold(eventId, 'GENERAL-1');
    const stricter = { ...exampleTerms, cancellation: [], transferable: false };
    const changed = await change(eventId, { terms: stricter });
    expect([changed.status, changed.body.event.terms]).to.deep.equal([200, stricter]);
    const { body } = await world.call('GET', `/api/holds/${before.holdId}`, { as: buyer });
    expect(decodeJwt(body.hold.offer).terms).to.deep.equal(exampleTerms);
    expect((await hold(eventId, 'GENERAL-2')).terms).to.deep.equal(stricter);
    expect((await change(eventId, { terms: null })).status).to.equal(200);
    expect(await hold(eventId, 'GENERAL-3')).to.not.have.property('terms');
  });

  it('are refused when a step does not end later than the one before, or a part is over the whole', async () => {
    const eventId = await world.event(1);
    const [early, late] = exampleTerms.cancellation;
    const swapped = await change(eventId, {
      terms: { ...exampleTerms, cancellation: [late, early] },
    });
    expect([swapped.status, swapped.body.code]).to.deep.equal([400, 'invalid_request']);
    expect(swapped.body.detail).to.contain('untilHoursBeforeStart');
    const charges = { ...exampleTerms.charges, perTicketBasisPoints: 10_001 };
    const over = await change(eventId, { terms: { ...exampleTerms, charges } });
    expect([over.status, over.body.code]).to.deep.equal([400, 'invalid_request']);
    expect(await show(eventId)).to.not.have.property('terms');
  });
});
