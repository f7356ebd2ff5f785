import { OFFER_AUDIENCE, OFFER_ISSUER } from '@holdfast/shared/contracts/offer.ts';
import { expect } from 'chai';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { changing } from './changing.ts';
import { seatIds, startWorld, type World } from './world.ts';

describe('the seats of a hold', () => {
  let world: World;
  const { held, add, drop } = changing(() => world);
  before(async () => {
    world = await startWorld();
    // The relay rests, so that the messages can be read where they wait.
    await world.catalog.relay.stop();
  });
  after(() => world.stop());

  it('take more into a live hold: they end with it, and quota, offer, message and history say so', async () => {
    const { buyer, hold, eventId } = await held(1, 5);
    const { status, body } = await add(buyer, hold, ['GENERAL-3', 'GENERAL-2']);
    expect(status).to.equal(200);
    expect(body.hold.seats.map((seat: { seatId: string }) => seat.seatId)).to.deep.equal(
      seatIds(3),
    );
    expect([body.hold.totalMinor, body.hold.expiresAt]).to.deep.equal([
      7500,
      hold.expiresAt.toISOString(),
    ]);
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', world.catalog.url));
    const { payload } = await jwtVerify(body.hold.offer, keys, {
      issuer: OFFER_ISSUER,
      audience: OFFER_AUDIENCE,
    });
    expect(payload).to.deep.include({ seats: body.hold.seats, totalMinor: 7500 });
    const seats = await world.seats(eventId);
    expect(
      seats.map((seat) => [seat.status, seat.version, seat.hold?.id, seat.hold?.expiresAt]),
    ).to.deep.equal([
      ...seatIds(3).map(() => ['held', 2, hold._id, hold.expiresAt]),
      ['available', 1, undefined, undefined],
      ['available', 1, undefined, undefined],
    ]);
    const claims = await world.claims(buyer.userId, eventId);
    expect(claims.map((claim) => claim.n)).to.deep.equal([1, 2]);
    const after = await world.hold(hold._id);
    expect([after.state, after.version]).to.deep.equal(['held', 2]);
    const message = after.outbox.at(-1);
    expect([message?.type, message?.version, message?.data]).to.deep.equal([
      'hold.changed.v1',
      2,
      {
        holdId: hold._id,
        eventId,
        userId: buyer.userId,
        seats: [
          { seatId: 'GENERAL-2', version: 2, status: 'held', order: 1 },
          { seatId: 'GENERAL-3', version: 2, status: 'held', order: 2 },
        ],
        seatIds: seatIds(3),
        expiresAt: hold.expiresAt.toISOString(),
        reason: 'seats added',
      },
    ]);
    const { actor, reason, before, after: now } = after.history.at(-1) ?? {};
    expect({ actor, reason, before, now }).to.deep.equal({
      actor: `user:${buyer.userId}`,
      reason: 'seats added',
      before: { state: 'held', seatIds: ['GENERAL-1'] },
      now: { state: 'held', seatIds: seatIds(3) },
    });
  });

  it('cost what they cost when they are added; what the hold had keeps its price', async () => {
    const { buyer, hold, eventId } = await held(1, 2);
    await world.call('PATCH', `/api/events/${eventId}`, {
      as: world.organizer,
      body: { prices: [{ category: 'General', priceMinor: 3000 }], heldKeepPrice: true },
    });
    const { body } = await add(buyer, hold, ['GENERAL-2']);
    const prices = body.hold.seats.map((seat: { priceMinor: number }) => seat.priceMinor);
    expect([prices, body.hold.totalMinor]).to.deep.equal([[2500, 3000], 5500]);
  });

  it('come all or none: with one that is taken the hold stays as it was, and so does the quota', async () => {
    const { buyer, hold, eventId } = await held(1, 4);
    await world.take(await world.user(), eventId, ['GENERAL-3']);
    const { status, body } = await add(buyer, hold, ['GENERAL-2', 'GENERAL-3']);
    expect([status, body.code, body.seatIds]).to.deep.equal([
      409,
      'seat_unavailable',
      ['GENERAL-3'],
    ]);
    const own = await add(buyer, hold, ['GENERAL-1', 'GENERAL-2']);
    expect([own.status, own.body.seatIds]).to.deep.equal([409, ['GENERAL-1']]);
    const unknown = await add(buyer, hold, ['GENERAL-2', 'NOWHERE']);
    expect([unknown.status, unknown.body.code]).to.deep.equal([404, 'seat_not_found']);
    expect(await world.hold(hold._id)).to.deep.equal(hold);
    expect((await world.seat(eventId, 'GENERAL-2')).status).to.equal('available');
    expect((await world.claims(buyer.userId, eventId)).map((one) => one.n)).to.deep.equal([1]);
  });

  it('stay within the order and the account, whatever way they come', async () => {
    const { buyer, hold, eventId } = await held(2, 8, { maxPerOrder: 4, maxPerUser: 5 });
    const answers = [
      await world.take(await world.user(), eventId, seatIds(8).slice(2, 7)),
      await add(buyer, hold, seatIds(8).slice(2, 5)),
      await add(buyer, hold, seatIds(8).slice(2, 4)),
      await add(buyer, hold, ['GENERAL-5']),
      await world.take(buyer, eventId, ['GENERAL-5', 'GENERAL-6']),
      await world.take(buyer, eventId, ['GENERAL-5']),
    ];
    expect(answers.map((one) => [one.status, one.body.code, one.body.maxSeats])).to.deep.equal([
      [422, 'too_many_seats', 4],
      [422, 'too_many_seats', 4],
      [200, undefined, undefined],
      [422, 'too_many_seats', 4],
      [409, 'quota_exceeded', undefined],
      [201, undefined, undefined],
    ]);
    expect((await world.hold(hold._id)).seats).to.have.length(4);
  });

  it('never exceed the account under parallel additions to two holds; what fits gets in', async () => {
    const { buyer, hold, eventId } = await held(1, 12, { maxPerUser: 6 });
    const other = await world.take(buyer, eventId, ['GENERAL-2']);
    const second = await world.hold(other.body.hold.holdId);
    const answers = await Promise.all(
      seatIds(12)
        .slice(2)
        .map((seatId, index) => add(buyer, index % 2 === 0 ? hold : second, [seatId])),
    );
    const codes = answers.map((one) => one.body.code ?? 'added').sort();
    expect(codes).to.deep.equal([
      ...Array.from({ length: 4 }, () => 'added'),
      ...Array.from({ length: 6 }, () => 'quota_exceeded'),
    ]);
    const taken = (await world.seats(eventId)).filter((seat) => seat.status === 'held');
    expect(taken).to.have.length(6);
  });

  it('are added once under an Idempotency-Key; other seats under it are refused', async () => {
    const { buyer, hold, eventId } = await held(1, 4);
    const first = await add(buyer, hold, ['GENERAL-2'], 'key');
    const again = await add(buyer, hold, ['GENERAL-2'], 'key');
    expect([again.status, again.body]).to.deep.equal([200, first.body]);
    const other = await add(buyer, hold, ['GENERAL-3'], 'key');
    const dropped = await drop(buyer, hold, 'GENERAL-1', 'key');
    expect([other, dropped].map((one) => [one.status, one.body.code])).to.deep.equal([
      [422, 'idempotency_key_reused'],
      [422, 'idempotency_key_reused'],
    ]);
    expect((await world.seat(eventId, 'GENERAL-2')).version).to.equal(2);
    expect((await world.hold(hold._id)).version).to.equal(2);
  });

  it('go one by one: a dropped seat is free at once, the others and their quota stay', async () => {
    const { buyer, hold, eventId } = await held(2, 4);
    await add(buyer, hold, ['GENERAL-3']);
    const { status, body } = await drop(buyer, hold, 'GENERAL-1');
    expect([status, body.hold.status, body.hold.totalMinor]).to.deep.equal([200, 'held', 5000]);
    const statuses = (await world.seats(eventId)).map((seat) => seat.status);
    expect(statuses).to.deep.equal(['available', 'held', 'held', 'available']);
    expect((await world.claims(buyer.userId, eventId)).map((one) => one.n)).to.deep.equal([1, 1]);
    const after = await world.hold(hold._id);
    expect(after.outbox.at(-1)?.type).to.equal('hold.changed.v1');
    expect(after.outbox.at(-1)?.data).to.deep.include({
      seats: [{ seatId: 'GENERAL-1', version: 3, status: 'available', order: 0 }],
      expiresAt: hold.expiresAt.toISOString(),
    });
    expect(after.history.at(-1)?.after).to.deep.equal({ state: 'held', dropped: ['GENERAL-1'] });
    const rival = await world.take(await world.user(), eventId, ['GENERAL-1']);
    expect(rival.status).to.equal(201);
    const again = await drop(buyer, hold, 'GENERAL-1');
    expect([again.status, again.body.hold.seats]).to.deep.equal([200, body.hold.seats]);
    expect((await world.seat(eventId, 'GENERAL-1')).hold?.id).to.equal(rival.body.hold.holdId);
  });

  it('may be dropped and added again; a repeat of the drop by its key leaves them in', async () => {
    const { buyer, hold, eventId } = await held(2, 2);
    await drop(buyer, hold, 'GENERAL-2', 'drop');
    await add(buyer, hold, ['GENERAL-2']);
    const again = await drop(buyer, hold, 'GENERAL-2', 'drop');
    expect([again.status, again.body.hold.seats.length]).to.deep.equal([200, 2]);
    expect((await world.seat(eventId, 'GENERAL-2')).hold?.id).to.equal(hold._id);
    expect((await world.claims(buyer.userId, eventId)).map((one) => one.n)).to.deep.equal([1, 1]);
  });

  it('release the hold with the last of them, and give its quota back', async () => {
    const { buyer, hold, eventId } = await held(2, 2);
    await drop(buyer, hold, 'GENERAL-1');
    const last = await drop(buyer, hold, 'GENERAL-2');
    const again = await drop(buyer, hold, 'GENERAL-2');
    expect([last, again].map((one) => [one.status, one.body.hold.status])).to.deep.equal([
      [200, 'released'],
      [200, 'released'],
    ]);
    expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
    expect((await world.hold(hold._id)).outbox.at(-1)?.type).to.equal('hold.released.v1');
    const more = await add(buyer, hold, ['GENERAL-1']);
    expect([more.status, more.body.code]).to.deep.equal([409, 'hold_not_active']);
  });

  it('are refused where the hold has none such, and beyond forty changes', async () => {
    const { buyer, hold } = await held(1, 2);
    const never = await drop(buyer, hold, 'GENERAL-2');
    expect([never.status, never.body.code]).to.deep.equal([404, 'seat_not_in_hold']);
    for (let round = 0; round < 20; round += 1) {
      await add(buyer, hold, ['GENERAL-2']);
      await drop(buyer, hold, 'GENERAL-2');
    }
    const more = await add(buyer, hold, ['GENERAL-2']);
    expect([more.status, more.body.code]).to.deep.equal([409, 'hold_change_limit']);
    const shown = await world.call('GET', `/api/holds/${hold._id}`, { as: buyer });
    expect([shown.body.hold.status, shown.body.hold.seats.length]).to.deep.equal(['held', 1]);
  });

  it('are extended with the hold, added ones too, and their claims with them', async () => {
    const { buyer, hold, eventId } = await held(1, 2);
    await add(buyer, hold, ['GENERAL-2']);
    await world.call('POST', `/api/holds/${hold._id}/extend`, {
      as: buyer,
      body: { durationSeconds: 300 },
    });
    const end = new Date(hold.expiresAt.getTime() + 300_000);
    for (const seat of await world.seats(eventId)) {
      expect(seat.hold?.expiresAt).to.deep.equal(end);
    }
    for (const claim of await world.claims(buyer.userId, eventId)) {
      expect(claim.expiresAt).to.be.greaterThan(end);
    }
  });

  it('are changed by their owner only, who is logged in', async () => {
    const { hold } = await held(2, 3);
    const stranger = await world.user();
    const answers = [
      await add(stranger, hold, ['GENERAL-3']),
      await drop(stranger, hold, 'GENERAL-1'),
      await world.call('POST', `/api/holds/${hold._id}/seats`, {
        body: { seatIds: ['GENERAL-3'] },
      }),
      await world.call('DELETE', `/api/holds/${hold._id}/seats/GENERAL-1`),
    ];
    expect(answers.map((one) => [one.status, one.body.code])).to.deep.equal([
      [403, 'hold_not_owner'],
      [403, 'hold_not_owner'],
      [401, 'login_required'],
      [401, 'login_required'],
    ]);
    expect(await world.hold(hold._id)).to.deep.equal(hold);
  });
});
