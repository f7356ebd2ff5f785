import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import Stripe from 'stripe';
import { createService } from '../src/service.ts';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { dropDatabase, startWorld, WEBHOOK_SECRET, type World } from './world.ts';

describe('checkout through outages', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    buyer = await world.login();
  });
  after(() => world?.stop());

  async function place(): Promise<string> {
    const offer = await world.signOffer(makeOffer(buyer.userId));
    const answer = await buyer.book(offer);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.booking.bookingId;
  }
  const onceCharged = { captures: 1, captured: 9_600, refunded: 0 };

  it('resumes every checkout when the provider was killed and came back; charges each once', async () => {
    const placed = [await place(), await place()];
    await world.sandbox.kill();
    placed.push(await place(), await place());
    await waitUntil('a failed try', async () => {
      const rows = await world.rows(
        `select from provider_calls where booking_id = $1 and last_error is not null`,
        [placed[3]],
      );
      return rows.length > 0;
    });
    await world.sandbox.start();
    for (const bookingId of placed) {
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
      const lines = await world.sandbox.bookOf(bookingId);
      expect(lines).to.have.lengthOf(1);
      expect(lines[0]).to.include(onceCharged);
    }
  });

  it('loses nothing when its database connections are cut in mid-checkout', async () => {
    const placed = await Promise.all(Array.from({ length: 8 }, place));
    await world.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = $1 and application_name like 'holdfast%'`,
      [world.config.DATABASE_NAME],
    );
    for (const bookingId of placed) {
      // A poll may itself meet the cut; clients ask again.
      const outcome = await waitUntil(
        `the outcome of ${bookingId}`,
        async () => {
          const booking = await buyer.outcome(bookingId);
          return booking.status === 'confirmed' && booking;
        },
        { limitMs: 40_000 },
      );
      expect(outcome.status).to.equal('confirmed');
      const [line] = await world.sandbox.bookOf(bookingId);
      expect(line).to.include(onceCharged);
    }
  }).timeout(60_000);

  it('takes over a call that a dead instance had leased, under the same key', async () => {
    await world.sandbox.kill();
    const bookingId = await place();
    const [call] = await waitUntil('a failed try', async () => {
      const rows = await world.rows<{ id: string }>(
        `update provider_calls set leased_until = now() + interval '1 hour', next_attempt_at = now()
         where booking_id = $1 and last_error is not null and leased_until is null returning id`,
        [bookingId],
      );
      return rows.length > 0 && rows;
    });
    await world.sandbox.start();
    // What the dead instance had achieved at the provider before it could write it down.
    const { port } = new URL(world.sandbox.url);
    const stripe = new Stripe(world.config.PAYMENT_SECRET_KEY, {
      host: '127.0.0.1',
      port,
      protocol: 'http',
    });
    const [row] = await world.rows<{ payment_id: string; event_id: string }>(
      `select p.id as payment_id, b.event_id from payments p join bookings b on b.id = p.booking_id
       where b.id = $1`,
      [bookingId],
    );
    await stripe.paymentIntents.create(
      {
        amount: 9_600,
        currency: 'eur',
        payment_method: 'pm_card_visa',
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        capture_method: 'manual',
        confirm: true,
        error_on_requires_action: true,
        metadata: {
          booking_id: bookingId,
          payment_id: row?.payment_id ?? '',
          event_id: row?.event_id ?? '',
          user_id: buyer.userId,
        },
      },
      { idempotencyKey: derivedId('provider-call', call?.id ?? '', '1') },
    );
    await world.loops.providerCalls.drain();
    expect((await buyer.get(`/api/bookings/${bookingId}`)).body.booking.status).to.equal('pending');
    await world.rows(`update provider_calls set leased_until = now() where id = $1`, [call?.id]);
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const lines = await world.sandbox.bookOf(bookingId);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include(onceCharged);
  });

  it('shares the work of two instances: each checkout is charged once', async () => {
    const second = await createService(world.config);
    try {
      await (await second.ready).joined;
      const placed = await Promise.all(Array.from({ length: 12 }, place));
      for (const bookingId of placed) {
        expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
        const lines = await world.sandbox.bookOf(bookingId);
        expect(lines).to.have.lengthOf(1);
        expect(lines[0]).to.include(onceCharged);
      }
    } finally {
      await second.stop();
    }
  }).timeout(60_000);

  it('leaves nothing in the outbox, and no call or booking in a middle state', async () => {
    await world.loops.relay.drain();
    expect(await world.rows('select id from outbox')).to.deep.equal([]);
    expect(
      await world.rows(`select id from provider_calls where status = 'requested'`),
    ).to.deep.equal([]);
    const resting = await world.rows(
      `select id from bookings where status not in ('confirmed', 'failed', 'cancelled')`,
    );
    expect(resting).to.deep.equal([]);
  });

  describe('webhooks', () => {
    const stripe = new Stripe('sk_test_for_tests');

    async function deliver(payload: string, secret = WEBHOOK_SECRET) {
      const signature = await stripe.webhooks.generateTestHeaderStringAsync({ payload, secret });
      const response = await fetch(`${world.service.url}/api/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
        body: payload,
      });
      return { status: response.status, body: (await response.json()) as { code?: string } };
    }
    const eventOf = (object: object) =>
      JSON.stringify({
        id: `evt_${newId()}`,
        object: 'event',
        type: 'payment_intent.succeeded',
        data: { object },
      });

    it('make the open calls of their payment due, and are never believed themselves', async () => {
      await world.sandbox.kill();
      const bookingId = await place();
      await waitUntil('a try long put off', async () => {
        const rows = await world.rows(
          `update provider_calls set next_attempt_at = now() + interval '1 hour'
           where booking_id = $1 and last_error is not null and leased_until is null returning id`,
          [bookingId],
        );
        return rows.length > 0;
      });
      await world.sandbox.start();
      const [payment] = await world.rows<{ id: string }>(
        'select id from payments where booking_id = $1',
        [bookingId],
      );
      const event = eventOf({
        id: 'pi_unknown',
        object: 'payment_intent',
        status: 'succeeded',
        metadata: { payment_id: payment?.id },
      });
      expect(await deliver(event)).to.deep.equal({ status: 200, body: { received: true } });
      expect(await deliver(event)).to.deep.equal({ status: 200, body: { received: true } });
      expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
      const lines = await world.sandbox.bookOf(bookingId);
      expect(lines).to.have.lengthOf(1);
      const seen = await world.rows('select from webhook_events where id = $1', [
        (JSON.parse(event) as { id: string }).id,
      ]);
      expect(seen).to.have.lengthOf(1);
    });

    it('are refused without the signature of the provider, whatever they carry', async () => {
      const event = eventOf({ id: 'pi_x', object: 'payment_intent' });
      const forged = await deliver(event, 'whsec_somebody_else');
      expect([forged.status, forged.body.code]).to.deep.equal([400, 'signature_invalid']);
      const unsigned = await fetch(`${world.service.url}/api/webhooks/stripe`, {
        method: 'POST',
        body: event,
      });
      expect(unsigned.status).to.equal(400);
      expect((await deliver('not json')).status).to.equal(400);
    });
  });

  it('answers 503 and keeps nothing when catalog’s keys can not be read', async () => {
    const database = `${world.config.DATABASE_NAME}_keys`;
    const config = { ...world.config, DATABASE_NAME: database, CATALOG_URL: 'http://127.0.0.1:9' };
    const service = await createService({ ...config, TOPIC_PREFIX: `${config.TOPIC_PREFIX}k.` });
    try {
      await service.ready;
      const offer = await world.signOffer(makeOffer(buyer.userId));
      const response = await fetch(`${service.url}/api/bookings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${buyer.token}` },
        body: JSON.stringify({ offer, paymentMethod: 'pm_card_visa' }),
      });
      expect(response.status).to.equal(503);
      expect(response.headers.get('retry-after')).to.equal('1');
    } finally {
      await service.stop();
      await dropDatabase(world.config.POSTGRES_URL, database);
      await dropTopics(config.KAFKA_BROKERS, `${config.TOPIC_PREFIX}k.`);
    }
  }).timeout(30_000);
});
