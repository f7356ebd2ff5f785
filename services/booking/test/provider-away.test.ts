import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

const PAUSE_SECONDS = 1.5;
const BACKLOG = 8;

describe('while the payment provider does not answer', () => {
  let world: World;
  let buyer: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld({
      BREAKER_PAUSE_SECONDS: PAUSE_SECONDS,
      PROVIDER_BACKLOG: BACKLOG,
      PROVIDER_CONCURRENCY: 3,
    });
    buyer = await world.login();
  });
  after(() => world?.stop());

  async function place(): Promise<string> {
    const answer = await buyer.book(await world.signOffer(makeOffer(buyer.userId)));
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.booking.bookingId;
  }
  const metric = async (name: string) => {
    const text = await (await fetch(`${world.service.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(name));
    return Number(line?.split(' ').at(-1));
  };
  const stateIs = async (state: string) =>
    (await metric(`holdfast_breaker_state{dependency="payments",state="${state}"`)) === 1;
  const attemptsOf = async () =>
    (
      await world.rows<{ attempts: number }>(
        'select coalesce(sum(attempts), 0)::integer as attempts from provider_calls',
      )
    )[0]?.attempts;

  it('calls it no more after five failures, and says so in metrics, health and bookings', async () => {
    const confirmed = await place();
    expect((await buyer.outcome(confirmed)).status).to.equal('confirmed');
    await world.sandbox.kill();
    const bookingId = await place();
    await waitUntil('the breaker to open', () => stateIs('open'));
    const tried = await attemptsOf();

    const health = (await (await fetch(`${world.service.url}/health`)).json()) as {
      status: string;
      dependencies: { payments: { status: string; error: string; details: { kind: string } } };
    };
    expect(health.status).to.equal('degraded');
    expect(health.dependencies.payments).to.deep.include({ status: 'down', required: false });
    expect(health.dependencies.payments.error).to.include('asked again in');
    expect(health.dependencies.payments.details.kind).to.equal('open');
    expect((await fetch(`${world.service.url}/readyz`)).status).to.equal(200);

    const { booking } = (await buyer.get(`/api/bookings/${bookingId}?wait=0.2`)).body;
    expect(booking).to.include({ status: 'pending', paymentDelayed: true });
    const done = (await buyer.get(`/api/bookings/${confirmed}`)).body.booking;
    expect(done).not.to.have.property('paymentDelayed');
    expect(await attemptsOf(), 'calls while it is open').to.equal(tried);
  });

  it('takes bookings up to its bound, then refuses with 503 and Retry-After, free ones excepted', async () => {
    let taken = '';
    await waitUntil('a full backlog', async () => {
      const offered = await world.signOffer(makeOffer(buyer.userId));
      const answer = await buyer.book(offered);
      if (answer.status === 202) {
        taken = offered;
        return false;
      }
      expect(answer.status).to.equal(503);
      expect(answer.body).to.include({ code: 'payments_unavailable' });
      expect(Number(answer.headers.get('retry-after'))).to.be.greaterThan(1);
      return true;
    });
    const repeated = await buyer.book(taken);
    expect(repeated.status, 'a repeat of one that was taken').to.equal(202);
    expect(repeated.headers.get('idempotent-replayed')).to.equal('true');

    const offer = makeOffer(buyer.userId);
    const free = { ...offer, seats: offer.seats.map((seat) => ({ ...seat, priceMinor: 0 })) };
    const signed = await world.signOffer({ ...free, totalMinor: 0 });
    const answer = await buyer.post('/api/bookings', { offer: signed });
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    expect((await buyer.outcome(answer.body.booking.bookingId)).status).to.equal('confirmed');
  });

  it('opens anew when the try fails; closes after two answers, and then all bookings go on', async () => {
    const tried = await attemptsOf();
    await waitUntil('a try', async () => (await attemptsOf()) !== tried);
    await waitUntil('open again', () => stateIs('open'));
    await world.sandbox.start();
    await waitUntil('every outcome', async () => {
      const rows = await world.rows(
        `select from bookings where status not in ('confirmed', 'failed', 'cancelled')`,
      );
      return rows.length === 0;
    });
    expect(await stateIs('closed')).to.equal(true);
    expect(await world.rows(`select from bookings where status <> 'confirmed'`)).to.deep.equal([]);
    await waitUntil(
      'an empty backlog',
      async () => (await metric('holdfast_provider_calls_open')) === 0,
    );
    expect((await buyer.outcome(await place())).status).to.equal('confirmed');
  }).timeout(30_000);

  it('makes no more calls at a time than it may, however slow they are', async () => {
    await world.sandbox.fail({ route: 'create', kind: 'late', delayMs: 400, times: 6 });
    const placed = await Promise.all([place(), place(), place(), place(), place(), place()]);
    let most = 0;
    await waitUntil('every outcome', async () => {
      most = Math.max(most, await metric('holdfast_provider_calls_under_way'));
      const rows = await world.rows(
        `select from bookings where id = any($1) and status = 'confirmed'`,
        [placed],
      );
      return rows.length === placed.length;
    });
    expect(most).to.equal(3);
  });

  it('goes on without an answer that never comes, and charges once', async () => {
    await world.sandbox.fail({ route: 'capture', kind: 'never', times: 1 });
    const bookingId = await place();
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const lines = await world.sandbox.bookOf(bookingId);
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]).to.include({ captures: 1, captured: 9_600 });
  }).timeout(40_000);

  it('takes bookings however many refunds wait for funds', async () => {
    const admin = await world.login(['user', 'admin']);
    const bookingId = await place();
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    await world.sandbox.setBalance(0);
    for (let count = 0; count <= BACKLOG; count += 1) {
      const wanted = { amountMinor: 100, reason: 'noise' };
      const made = await admin.post(`/api/bookings/${bookingId}/refunds`, wanted);
      expect(made.status).to.equal(202);
    }
    await waitUntil('all to wait for funds', async () => {
      const rows = await world.rows(
        `select from provider_calls where booking_id = $1 and kind = 'refund'
           and status = 'requested' and last_error = 'insufficient_funds'`,
        [bookingId],
      );
      return rows.length > BACKLOG;
    });
    await world.loops.providerBacklog.runOnce();
    expect((await buyer.outcome(await place())).status).to.equal('confirmed');
    await world.sandbox.setBalance(null);
  });

  it('charges and repays once when each request arrives twice', async () => {
    await world.sandbox.fail({ route: '*', kind: 'twice' });
    const bookingId = await place();
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const admin = await world.login(['user', 'admin']);
    await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'asked for' });
    const [line] = await waitUntil('the refund', async () => {
      const lines = await world.sandbox.bookOf(bookingId);
      return lines[0]?.refunded === 9_600 && lines;
    });
    expect(line).to.include({ captures: 1, refunds: 1 });
  });
});
