import { eventCancelled } from '@holdfast/shared/contracts/events.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startIssuer } from './issuer.ts';
import { startWorld, type World } from './world.ts';

describe('placing a booking', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  const count = async (table: string) =>
    (await world.rows<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n;

  /** Asserts a refusal that changed nothing. */
  async function expectRefused(
    answer: Promise<{ status: number; body: { code: string } }>,
    status: number,
    code: string,
  ): Promise<void> {
    const before = await traces();
    const { status: got, body } = await answer;
    expect({ status: got, code: body.code }, JSON.stringify(body)).to.deep.equal({ status, code });
    expect(await traces()).to.deep.equal(before);
  }
  // Not the provider's calls: those of earlier bookings go on meanwhile.
  const traces = () =>
    Promise.all(['bookings', 'payments', 'idempotency_keys', 'buyer_quotas'].map(count));

  describe('idempotency', () => {
    it('gives the same answer to the same key and request, also when it has moved on', async () => {
      const offer = await world.signOffer(makeOffer(buyer.userId));
      const key = newId();
      const first = await buyer.book(offer, 'pm_card_visa', key);
      await buyer.outcome(first.body.booking.bookingId);
      const before = await traces();
      const again = await buyer.book(offer, 'pm_card_visa', key);
      expect(again.status).to.equal(202);
      expect(again.body).to.deep.equal(first.body);
      expect(again.headers.get('location')).to.equal(first.headers.get('location'));
      expect(await traces()).to.deep.equal(before);
    });

    it('takes the hold for the key where none is sent', async () => {
      const offer = await world.signOffer(makeOffer(buyer.userId));
      const first = await buyer.book(offer);
      const again = await buyer.book(offer);
      expect(again.body).to.deep.equal(first.body);
    });

    it('refuses the same key with another card or another hold', async () => {
      const offer = makeOffer(buyer.userId);
      const key = newId();
      await buyer.book(await world.signOffer(offer), 'pm_card_visa', key);
      await expectRefused(
        buyer.book(await world.signOffer(offer), 'pm_card_amex', key),
        422,
        'idempotency_key_reused',
      );
      const other = await world.signOffer(makeOffer(buyer.userId));
      await expectRefused(buyer.book(other, 'pm_card_visa', key), 422, 'idempotency_key_reused');
    });

    it('places once for parallel requests; the others hear that it is in flight, or its answer', async () => {
      const offer = await world.signOffer(makeOffer(buyer.userId));
      const before = (await count('bookings')) ?? 0;
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => buyer.book(offer, 'pm_card_visa', 'same-key')),
      );
      const placed = answers.filter(({ status }) => status === 202);
      const inFlight = answers.filter(({ status }) => status === 409);
      expect(placed.length + inFlight.length).to.equal(20);
      expect(placed.length).to.be.at.least(1);
      expect(new Set(placed.map(({ body }) => JSON.stringify(body))).size).to.equal(1);
      expect(inFlight.every(({ body }) => body.code === 'request_in_flight')).to.equal(true);
      expect(await count('bookings')).to.equal(before + 1);
    });

    it('answers 409 while the first request under the key is at work', async () => {
      const offer = makeOffer(buyer.userId);
      const client = await world.owner.connect();
      try {
        await client.query('begin');
        await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
          `${buyer.userId} ${offer.holdId}`,
        ]);
        await expectRefused(buyer.book(await world.signOffer(offer)), 409, 'request_in_flight');
      } finally {
        await client.query('rollback');
        client.release();
      }
      expect((await buyer.book(await world.signOffer(offer))).status).to.equal(202);
    });

    it('keeps the keys of two accounts apart', async () => {
      const other = await world.login();
      const mine = await buyer.book(
        await world.signOffer(makeOffer(buyer.userId)),
        'pm_card_visa',
        'k',
      );
      const theirs = await other.book(
        await world.signOffer(makeOffer(other.userId)),
        'pm_card_visa',
        'k',
      );
      expect([mine.status, theirs.status]).to.deep.equal([202, 202]);
      expect(mine.body.booking.bookingId).to.not.equal(theirs.body.booking.bookingId);
    });
  });

  describe('offers', () => {
    it('are refused when forged, altered, unsigned, garbled or not for booking', async () => {
      const offer = makeOffer(buyer.userId);
      const forger = await startIssuer();
      const good = await world.signOffer(offer);
      const [header, , signature] = good.split('.');
      const cheap = { ...decodeJwt(good), totalMinor: 2, seats: [makeSeat('A-1', 2)] };
      const payload = Buffer.from(JSON.stringify(cheap)).toString('base64url');
      const unsigned = Buffer.from('{"alg":"none"}').toString('base64url');
      const bad = [
        await world.signOffer(offer, forger),
        `${header}.${payload}.${signature}`,
        `${unsigned}.${payload}.`,
        'garbage',
        'a.b.c',
        await world.signOffer(offer, undefined, { aud: 'somebody-else' }),
        await world.signOffer(offer, undefined, { iss: 'somebody-else' }),
        await world.signOffer(offer, undefined, { jti: newId() }),
        await world.signOffer(offer, undefined, { totalMinor: 1 }),
        await world.signOffer(offer, undefined, { seats: [] }),
        await world.signOffer(offer, undefined, { seats: [makeSeat('A-1'), makeSeat('A-1')] }),
        await world.signOffer(offer, undefined, { holdId: 'x', jti: 'x' }),
      ];
      for (const token of bad) await expectRefused(buyer.book(token), 422, 'offer_invalid');
      await forger.stop();
    });

    it('that cost something are refused without a card', async () => {
      const offer = await world.signOffer(makeOffer(buyer.userId));
      const answer = buyer.post('/api/bookings', { offer });
      await expectRefused(answer, 422, 'payment_method_required');
    });

    it("are refused when they have run out by the database's clock", async () => {
      const expiresAt = '2020-01-01T00:00:00.000Z';
      const offer = makeOffer(buyer.userId, { expiresAt });
      await expectRefused(buyer.book(await world.signOffer(offer)), 409, 'offer_expired');
    });

    it('are refused to anybody but their owner', async () => {
      const offer = makeOffer(newId());
      await expectRefused(buyer.book(await world.signOffer(offer)), 403, 'offer_not_owner');
    });

    it('are refused for an event that is cancelled', async () => {
      const offer = makeOffer(buyer.userId);
      const { eventId } = offer;
      await world.catalog.publishEvent(eventCancelled, { eventId, status: 'cancelled' }, 3);
      await waitUntil('the event', async () => {
        return (await world.rows('select from events where event_id = $1', [eventId])).length === 1;
      });
      await expectRefused(buyer.book(await world.signOffer(offer)), 409, 'event_cancelled');
    });

    it('set the price: what the request says of it is refused', async () => {
      const offer = await world.signOffer(makeOffer(buyer.userId));
      const body = { offer, paymentMethod: 'pm_card_visa', totalMinor: 1 };
      await expectRefused(buyer.post('/api/bookings', body), 400, 'invalid_request');
    });
  });

  it('lets one of many parallel bookings of a hold win', async () => {
    const offer = await world.signOffer(makeOffer(buyer.userId));
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => buyer.book(offer, 'pm_card_visa', newId())),
    );
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([202, ...Array(9).fill(409)]);
    const codes = answers.flatMap(({ body }) => (body.code ? [body.code] : []));
    expect(new Set(codes)).to.deep.equal(new Set(['hold_already_booked']));
  });

  it('keeps the limit of seats for an account and event under parallel requests', async () => {
    const eventId = newId();
    const offers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        world.signOffer(
          makeOffer(buyer.userId, {
            eventId,
            maxPerUser: 6,
            seats: [makeSeat(`Q-${2 * at}`), makeSeat(`Q-${2 * at + 1}`)],
          }),
        ),
      ),
    );
    const answers = await Promise.all(offers.map((offer) => buyer.book(offer)));
    expect(answers.filter(({ status }) => status === 202)).to.have.lengthOf(3);
    const refusals = answers.filter(({ status }) => status !== 202).map(({ body }) => body.code);
    expect(new Set(refusals)).to.deep.equal(new Set(['quota_exceeded']));
  });

  it('refuses bad input of every kind with a 4xx and changes nothing', async () => {
    const offer = await world.signOffer(makeOffer(buyer.userId));
    const bodies: [unknown, number][] = [
      [{}, 400],
      [[], 400],
      ['{', 400],
      ['"text"', 400],
      [{ offer }, 422],
      [{ offer, paymentMethod: { $gt: '' } }, 400],
      [{ offer: { $ne: null }, paymentMethod: 'pm_card_visa' }, 400],
      [{ offer, paymentMethod: 'visa' }, 400],
      [{ offer, paymentMethod: 7 }, 400],
      [{ offer: `${offer}\u0000`, paymentMethod: 'pm_card_visa' }, 400],
      [{ offer, paymentMethod: 'pm_card_visa', extra: 1 }, 400],
      [`{"offer":"x","paymentMethod":"pm_card_visa","__proto__":{"a":1}}`, 400],
      [{ offer: 'x'.repeat(60_000), paymentMethod: 'pm_card_visa' }, 400],
      [{ offer: 'x'.repeat(200_000), paymentMethod: 'pm_card_visa' }, 413],
    ];
    const before = await traces();
    for (const [body, status] of bodies) {
      const answer = await buyer.post('/api/bookings', body);
      expect(answer.status, JSON.stringify(body).slice(0, 80)).to.equal(status);
      expect(answer.body.code).to.be.a('string');
    }
    for (const path of [
      '/api/bookings/not-an-id',
      '/api/bookings?status=$ne',
      '/api/bookings?limit=0',
      '/api/bookings?cursor=1%27--',
      `/api/bookings/${newId()}?wait=-1`,
      `/api/bookings/${newId()}?wait=600`,
    ]) {
      expect((await buyer.get(path)).status, path).to.equal(400);
    }
    const key = { 'idempotency-key': 'ä'.repeat(3) };
    expect(
      (await buyer.post('/api/bookings', { offer, paymentMethod: 'pm_card_visa' }, key)).body.code,
    ).to.equal('idempotency_key_invalid');
    expect(await traces()).to.deep.equal(before);
  });

  it('requires a login on every route, and a role where one is named', async () => {
    const id = newId();
    const routes = [
      ['POST', '/api/bookings'],
      ['POST', '/api/bookings/quote'],
      ['GET', '/api/bookings'],
      ['GET', `/api/bookings/${id}`],
      ['GET', `/api/bookings/${id}/tickets`],
      ['POST', `/api/bookings/${id}/cancel`],
      ['GET', '/api/admin/reports/revenue-by-event'],
    ] as const;
    for (const [method, path] of routes) {
      const response = await fetch(world.service.url + path, { method });
      expect(response.status, path).to.equal(401);
      expect((await response.json()) as object).to.include({ code: 'login_required' });
    }
    expect((await buyer.get('/api/admin/reports/revenue-by-event')).body.code).to.equal(
      'forbidden',
    );
  });
});
