import { OFFER_AUDIENCE, OFFER_ISSUER } from '@holdfast/shared/contracts/offer.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { seatIds, startWorld, type World } from './world.ts';

describe('holds', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it('takes all the seats, at the prices of their category, and leaves the others free', async () => {
    const eventId = await world.event(4);
    const buyer = await world.user();
    const { status, body } = await world.take(buyer, eventId, ['GENERAL-2', 'GENERAL-1']);
    expect(status).to.equal(201);
    const { holdId, createdAt, expiresAt, offer, ...rest } = body.hold;
    expect(rest).to.deep.equal({
      eventId,
      status: 'held',
      seats: ['1', '2'].map((number) => ({
        seatId: `GENERAL-${number}`,
        label: `Seat ${number}`,
        section: 'General',
        row: '1',
        number,
        category: 'General',
        priceMinor: 2500,
      })),
      currency: 'EUR',
      totalMinor: 5000,
    });
    expect(new Date(expiresAt).getTime() - new Date(createdAt).getTime()).to.equal(600_000);
    expect(offer).to.be.a('string');
    const seats = await world.seats(eventId);
    expect(seats.map((seat) => [seat.status, seat.version, seat.hold?.id])).to.deep.equal([
      ['held', 2, holdId],
      ['held', 2, holdId],
      ['available', 1, undefined],
      ['available', 1, undefined],
    ]);
    const [entry] = (await world.hold(holdId)).history;
    expect(entry?.actor).to.equal(`user:${buyer.userId}`);
  });

  it('signs an offer that verifies by the published keys and says what was held', async () => {
    const eventId = await world.event(1);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, ['GENERAL-1']);
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', world.catalog.url));
    const { payload } = await jwtVerify(body.hold.offer, keys, {
      issuer: OFFER_ISSUER,
      audience: OFFER_AUDIENCE,
      subject: buyer.userId,
    });
    expect(payload).to.deep.include({
      jti: body.hold.holdId,
      holdId: body.hold.holdId,
      eventId,
      seats: body.hold.seats,
      totalMinor: 2500,
      currency: 'EUR',
      maxPerUser: 12,
      expiresAt: body.hold.expiresAt,
    });
  });

  it('publishes what happened to the hold and empties its outbox', async () => {
    const eventId = await world.event(1);
    const { body } = await world.take(await world.user(), eventId, ['GENERAL-1']);
    await waitUntil('the outbox to be published', async () => {
      return (await world.hold(body.hold.holdId)).outbox.length === 0;
    });
    expect((await world.hold(body.hold.holdId)).state).to.equal('held');
  });

  it('refuses a set with a seat that is taken and keeps none of it', async () => {
    const eventId = await world.event(3);
    await world.take(await world.user(), eventId, ['GENERAL-2']);
    const rival = await world.user();
    const { status, body } = await world.take(rival, eventId, seatIds(3));
    expect([status, body.code, body.seatIds]).to.deep.equal([
      409,
      'seat_unavailable',
      ['GENERAL-2'],
    ]);
    const seats = await world.seats(eventId);
    expect(seats.map((seat) => seat.status)).to.deep.equal(['available', 'held', 'available']);
    expect(await world.claims(rival.userId, eventId)).to.deep.equal([]);
  });

  it('refuses before the sale opens, and for drafts and cancelled events', async () => {
    const buyer = await world.user();
    const later = await world.event(1, { onSaleAt: '2099-01-01T00:00:00.000Z' });
    const draft = await world.event(1, { status: 'draft' });
    const cancelled = await world.event(1);
    await world.call('PATCH', `/api/events/${cancelled}`, {
      as: world.organizer,
      body: { status: 'cancelled' },
    });
    const codes = [];
    for (const eventId of [later, draft, cancelled, newId()]) {
      const { status, body } = await world.take(buyer, eventId, ['GENERAL-1']);
      codes.push([status, body.code]);
      expect((await world.seats(eventId)).map((seat) => seat.version)).to.not.include(2);
    }
    expect(codes).to.deep.equal([
      [409, 'event_not_on_sale'],
      [404, 'event_not_found'],
      [409, 'event_cancelled'],
      [404, 'event_not_found'],
    ]);
  });

  it('takes an expired hold over in place and leaves its document to the sweeper', async () => {
    const eventId = await world.event(1);
    await world.catalog.sweeper.stop();
    const slow = await world.take(await world.user(), eventId, ['GENERAL-1'], 1);
    const quick = await world.user();
    const taken = await waitUntil('the hold to run out', async () => {
      const answer = await world.take(quick, eventId, ['GENERAL-1']);
      return answer.status === 201 && answer.body.hold;
    });
    expect((await world.seat(eventId, 'GENERAL-1')).hold?.id).to.equal(taken.holdId);
    expect((await world.hold(slow.body.hold.holdId)).state).to.equal('held');
    await world.catalog.sweeper.drain();
    expect((await world.hold(slow.body.hold.holdId)).state).to.equal('expired');
    expect((await world.seat(eventId, 'GENERAL-1')).hold?.id).to.equal(taken.holdId);
    world.catalog.sweeper.start();
  });

  it('shows an expired hold as expired and its seat as available before anything is written', async () => {
    const eventId = await world.event(2);
    await world.catalog.sweeper.stop();
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, ['GENERAL-1'], 1);
    await waitUntil('the hold to run out', async () => {
      const { body: now } = await world.call('GET', `/api/holds/${body.hold.holdId}`, {
        as: buyer,
      });
      return now.hold.status === 'expired' && now.hold.offer === undefined;
    });
    const path = `/api/events/${eventId}`;
    const free = await world.call('GET', `${path}/seats?status=available`);
    expect(free.body.seats.map((seat: { seatId: string }) => seat.seatId)).to.deep.equal(
      seatIds(2),
    );
    const { body: counts } = await world.call('GET', `${path}/availability`);
    expect(counts.totals).to.deep.equal({
      available: 2,
      held: 0,
      committing: 0,
      sold: 0,
      blocked: 0,
    });
    expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('held');
    world.catalog.sweeper.start();
  });

  it('releases a hold once, answers a repeat alike, and leaves other holds alone', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const mine = await world.take(buyer, eventId, ['GENERAL-1']);
    const other = await world.take(await world.user(), eventId, ['GENERAL-2']);
    const path = `/api/holds/${mine.body.hold.holdId}`;
    const first = await world.call('DELETE', path, { as: buyer });
    const again = await world.call('DELETE', path, { as: buyer });
    expect([first.status, first.body.hold.status]).to.deep.equal([200, 'released']);
    expect([again.status, again.body]).to.deep.equal([200, first.body]);
    const seats = await world.seats(eventId);
    expect(seats.map((seat) => [seat.status, seat.hold?.id])).to.deep.equal([
      ['available', undefined],
      ['held', other.body.hold.holdId],
    ]);
    expect(await world.claims(buyer.userId, eventId)).to.deep.equal([]);
    const { history } = await world.hold(mine.body.hold.holdId);
    expect(history.map((entry) => entry.after)).to.have.length(2);
  });

  it('shows, releases and extends a hold for its owner only', async () => {
    const eventId = await world.event(1);
    const { body } = await world.take(await world.user(), eventId, ['GENERAL-1']);
    const stranger = await world.user();
    const path = `/api/holds/${body.hold.holdId}`;
    const answers = await Promise.all([
      world.call('GET', path, { as: stranger }),
      world.call('DELETE', path, { as: stranger }),
      world.call('POST', `${path}/extend`, { as: stranger, body: { durationSeconds: 60 } }),
    ]);
    expect(answers.map((one) => [one.status, one.body.code])).to.deep.equal(
      answers.map(() => [403, 'hold_not_owner']),
    );
    expect((await world.hold(body.hold.holdId)).version).to.equal(1);
    expect((await world.call('GET', '/api/holds', { as: stranger })).body.holds).to.deep.equal([]);
  });

  it('extends the seats and the hold twice, then refuses', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, seatIds(2), 60);
    const extend = (durationSeconds: number, key?: string) =>
      world.call('POST', `/api/holds/${body.hold.holdId}/extend`, {
        as: buyer,
        body: { durationSeconds },
        ...(key !== undefined && { key }),
      });
    const first = await extend(60, 'one');
    const repeated = await extend(60, 'one');
    const reused = await extend(61, 'one');
    const tooLong = await extend(2_000);
    const second = await extend(30);
    const third = await extend(30);
    expect(
      [first, repeated, reused, tooLong, second, third].map((one) => one.status),
    ).to.deep.equal([200, 200, 422, 409, 200, 409]);
    expect(repeated.body.hold.expiresAt).to.equal(first.body.hold.expiresAt);
    expect(third.body.code).to.equal('hold_extend_limit');
    const end = new Date(body.hold.expiresAt).getTime() + 90_000;
    const hold = await world.hold(body.hold.holdId);
    expect(hold.expiresAt.getTime()).to.equal(end);
    for (const seat of await world.seats(eventId)) {
      expect(seat.hold?.expiresAt.getTime()).to.equal(end);
    }
  });

  it('ends a hold whose extension misses a seat, and frees what it still owns', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const { body } = await world.take(buyer, eventId, seatIds(2), 60);
    const key = `${eventId}:GENERAL-1`;
    await world.db
      .collection<{ _id: string }>('seats')
      .updateOne({ _id: key }, { $set: { 'hold.id': newId() } });
    const { status, body: answer } = await world.call(
      'POST',
      `/api/holds/${body.hold.holdId}/extend`,
      { as: buyer, body: { durationSeconds: 60 } },
    );
    expect([status, answer.code]).to.deep.equal([409, 'hold_expired']);
    expect((await world.hold(body.hold.holdId)).state).to.equal('released');
    expect((await world.seat(eventId, 'GENERAL-2')).status).to.equal('available');
  });

  it('keeps seats per hold, duration and seats per account within their bounds', async () => {
    const eventId = await world.event(20, { maxPerUser: 7 });
    const buyer = await world.user();
    const all = seatIds(20);
    const answers = [
      await world.take(buyer, eventId, all.slice(0, 7)),
      await world.take(buyer, eventId, all.slice(0, 1), 901),
      await world.take(buyer, eventId, all.slice(0, 6)),
      await world.take(buyer, eventId, all.slice(6, 8)),
      await world.take(buyer, eventId, all.slice(6, 7)),
    ];
    expect(answers.map((one) => [one.status, one.body.code])).to.deep.equal([
      [422, 'too_many_seats'],
      [422, 'hold_duration_invalid'],
      [201, undefined],
      [409, 'quota_exceeded'],
      [201, undefined],
    ]);
  });

  it('lists my holds newest first, page by page', async () => {
    const eventId = await world.event(3);
    const buyer = await world.user();
    const taken: string[] = [];
    for (const seatId of seatIds(3)) {
      taken.unshift((await world.take(buyer, eventId, [seatId])).body.hold.holdId);
    }
    const first = await world.call('GET', '/api/holds?limit=2', { as: buyer });
    const second = await world.call('GET', `/api/holds?limit=2&cursor=${first.body.next}`, {
      as: buyer,
    });
    const ids = [...first.body.holds, ...second.body.holds].map((one) => one.holdId);
    expect(ids).to.deep.equal(taken);
    expect(second.body.next).to.equal(null);
  });
});

describe('idempotency of holds', () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it('answers a repeat with the same hold and a fresh offer, and changes nothing', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    const first = await world.take(buyer, eventId, ['GENERAL-1'], 60, 'key-1');
    const again = await world.take(buyer, eventId, ['GENERAL-1'], 60, 'key-1');
    expect(again.status).to.equal(201);
    expect(again.body).to.deep.equal(first.body);
    expect((await world.seat(eventId, 'GENERAL-1')).version).to.equal(2);
    expect(await world.claims(buyer.userId, eventId)).to.have.length(1);
  });

  it('refuses another body under the key, and takes nothing for it', async () => {
    const eventId = await world.event(2);
    const buyer = await world.user();
    await world.take(buyer, eventId, ['GENERAL-1'], 60, 'key-2');
    const other = await world.take(buyer, eventId, ['GENERAL-2'], 60, 'key-2');
    expect([other.status, other.body.code]).to.deep.equal([422, 'idempotency_key_reused']);
    expect((await world.seat(eventId, 'GENERAL-2')).status).to.equal('available');
  });

  it('keeps the keys of two accounts apart', async () => {
    const eventId = await world.event(2);
    const one = await world.take(await world.user(), eventId, ['GENERAL-1'], 60, 'same');
    const two = await world.take(await world.user(), eventId, ['GENERAL-2'], 60, 'same');
    expect([one.status, two.status]).to.deep.equal([201, 201]);
  });

  it('lets one of many equal requests in flight take the seats; the others get its hold or a 409', async () => {
    const eventId = await world.event(6);
    const buyer = await world.user();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.take(buyer, eventId, seatIds(6), 60, 'key-3')),
    );
    const taken = answers.filter((one) => one.status === 201);
    const waiting = answers.filter((one) => one.body.code === 'request_in_flight');
    expect(taken.length + waiting.length).to.equal(20);
    expect(new Set(taken.map((one) => one.body.hold.holdId)).size).to.equal(1);
    const seats = await world.seats(eventId);
    expect(new Set(seats.map((seat) => seat.hold?.id)).size).to.equal(1);
    expect(seats.map((seat) => [seat.status, seat.version])).to.deep.equal(
      seats.map(() => ['held', 2]),
    );
    const after = await world.take(buyer, eventId, seatIds(6), 60, 'key-3');
    expect(after.body.hold.holdId).to.equal(taken[0]?.body.hold.holdId);
  });

  it('answers a repeat after the end with the hold as it ended, without an offer', async () => {
    const eventId = await world.event(1);
    const buyer = await world.user();
    const first = await world.take(buyer, eventId, ['GENERAL-1'], 60, 'key-4');
    await world.call('DELETE', `/api/holds/${first.body.hold.holdId}`, { as: buyer });
    const again = await world.take(buyer, eventId, ['GENERAL-1'], 60, 'key-4');
    expect([again.status, again.body.hold.status, again.body.hold.offer]).to.deep.equal([
      201,
      'released',
      undefined,
    ]);
    expect((await world.seat(eventId, 'GENERAL-1')).status).to.equal('available');
  });
});
