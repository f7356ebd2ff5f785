import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { startProcess } from './booking-process.ts';
import { makeOffer } from './catalog.ts';
import { type Client, createClient } from './client.ts';
import { startWorld, type World } from './world.ts';

/** What a worker says of an answer that came too late. */
const STALE = ['provider_call.without_effect', 'provider_call.unsettled'];
const LATE_MS = 2_500;

/**
 * A process is stopped while the provider works on its call, its lease runs out, another instance
 * takes over; then it goes on, with an answer in its hands that is out of date.
 */
describe('a worker that is stopped and continued', () => {
  let world: World;
  let worker: Awaited<ReturnType<typeof startProcess>>;
  let buyer: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    worker = await startProcess(world);
    buyer = await world.login();
    admin = await world.login(['admin']);
  });
  after(async () => {
    await worker?.kill();
    await world?.stop();
  });

  async function place(pin: 'pin' | 'refuse' = 'pin'): Promise<string> {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, pin);
    return (await buyer.book(await world.signOffer(offer))).body.booking.bookingId;
  }
  const bookOf = async (bookingId: string) => (await world.sandbox.bookOf(bookingId))[0];

  /** Stops the worker in the middle of that call; answers the call once its lease has run out. */
  async function stopDuring(bookingId: string, kind: string): Promise<string> {
    const [call] = await waitUntil(`the ${kind} to be under way`, async () => {
      const rows = await world.rows<{ id: string }>(
        `select id from provider_calls
         where booking_id = $1 and kind = $2 and leased_until > now() and status = 'requested'`,
        [bookingId, kind],
      );
      return rows.length > 0 && rows;
    });
    await waitUntil(`the provider to have done the ${kind}`, async () => {
      const line = await bookOf(bookingId);
      return {
        authorize: line !== undefined,
        capture: line?.captures === 1,
        void: line?.status === 'canceled',
        refund: line?.refunds === 1,
      }[kind];
    });
    worker.stop();
    await world.rows('update provider_calls set leased_until = now() where id = $1', [call?.id]);
    return call?.id ?? '';
  }

  async function trailOf(bookingId: string) {
    return world.rows(
      `select e.aggregate_type, e.action, e.seq from audit_entries e
       where e.aggregate_id = $1::uuid or e.metadata ->> 'bookingId' = $1::text order by 1, 3, 2`,
      [bookingId],
    );
  }

  for (const [kind, route, outcome] of [
    ['authorize', 'create', { status: 'confirmed' }],
    ['capture', 'capture', { status: 'confirmed' }],
    ['void', 'cancel', { status: 'failed' }],
    ['refund', 'refund', { status: 'cancelled' }],
  ] as const) {
    it(`in the middle of its ${kind} changes nothing that another has done since`, async function () {
      this.timeout(90_000);
      await world.loops.providerCalls.stop();
      const bookingId =
        kind === 'refund'
          ? await sell()
          : await placeLate(route, kind === 'void' ? 'refuse' : 'pin');
      if (kind === 'refund') {
        await late(route);
        await admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'a test' });
      }
      const callId = await stopDuring(bookingId, kind);
      world.loops.providerCalls.start();
      await settled(bookingId, outcome.status);
      const before = { book: await bookOf(bookingId), trail: await trailOf(bookingId) };
      await world.loops.providerCalls.stop();
      worker.continue();
      expect(STALE).to.include(await worker.saysOf(callId, STALE));
      expect({ book: await bookOf(bookingId), trail: await trailOf(bookingId) }).to.deep.equal(
        before,
      );
      expect((await buyer.get(`/api/bookings/${bookingId}`)).body.booking).to.include(outcome);
      expect(before.book).to.include(
        kind === 'void'
          ? { captures: 0, capturable: 0 }
          : { captures: 1, refunds: kind === 'refund' ? 1 : 0 },
      );
    });
  }

  /** Of the worker: nobody else has anything to do. */
  const sessionThatWaits = () =>
    waitUntil('the worker to wait for a lock', async () => {
      const [row] = await world.rows<{ pid: number }>(
        `select pid from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row?.pid;
    });

  it('in the middle of a transaction loses it and its locks, and changes nothing when it goes on', async function () {
    this.timeout(90_000);
    await world.loops.providerCalls.stop();
    const bookingId = await placeLate('create', 'pin');
    const holding = await world.owner.connect();
    await holding.query('begin');
    await holding.query('select from bookings where id = $1 for update', [bookingId]);
    const session = await sessionThatWaits();
    worker.stop();
    await holding.query('commit');
    holding.release();
    await waitUntil('the booking to be locked by the stopped worker', async () => {
      const free = await world.rows('select from bookings where id = $1 for update skip locked', [
        bookingId,
      ]);
      return free.length === 0;
    });
    // The server ends such a session by itself after a minute; here at once.
    const { postgres } = await world.service.ready;
    const { rows } = await postgres.pool.query('show idle_in_transaction_session_timeout');
    expect(rows).to.deep.equal([{ idle_in_transaction_session_timeout: '1min' }]);
    await world.rows('select pg_terminate_backend($1)', [session]);
    const [call] = await world.rows<{ id: string }>(
      'update provider_calls set leased_until = now() where booking_id = $1 returning id',
      [bookingId],
    );
    world.loops.providerCalls.start();
    await settled(bookingId, 'confirmed');
    const before = { book: await bookOf(bookingId), trail: await trailOf(bookingId) };
    worker.continue();
    expect(STALE).to.include(await worker.saysOf(call?.id ?? '', STALE));
    expect({ book: await bookOf(bookingId), trail: await trailOf(bookingId) }).to.deep.equal(
      before,
    );
    expect(before.book).to.include({ captures: 1, refunded: 0 });
  });

  it('dead in mid-request leaves its key free: a repeat elsewhere places once', async () => {
    const offer = makeOffer(buyer.userId);
    const signed = await world.signOffer(offer);
    const holding = await world.owner.connect();
    await holding.query('begin; lock table bookings in share mode');
    const cut = createClient(worker.url, buyer.userId, buyer.token)
      .book(signed)
      .catch(() => 'cut');
    await sessionThatWaits();
    expect((await buyer.book(signed)).body.code).to.equal('request_in_flight');
    await worker.kill();
    expect(await cut).to.equal('cut');
    await holding.query('commit');
    holding.release();
    const placed = await waitUntil('the repeat to be placed', async () => {
      const answer = await buyer.book(signed);
      return answer.status === 202 && answer.body.booking;
    });
    const stored = await world.rows('select id from bookings where hold_id = $1', [offer.holdId]);
    expect(stored).to.deep.equal([{ id: placed.bookingId }]);
    world.loops.providerCalls.start();
    expect((await buyer.outcome(placed.bookingId)).status).to.equal('confirmed');
    expect(await bookOf(placed.bookingId)).to.include({ captures: 1, refunded: 0 });
  });

  const late = (route: string) =>
    world.sandbox.fail({ route, kind: 'late', delayMs: LATE_MS, times: 1 });
  async function placeLate(route: string, pin: 'pin' | 'refuse'): Promise<string> {
    await late(route);
    return place(pin);
  }
  async function sell(): Promise<string> {
    const bookingId = await place();
    await settled(bookingId, 'confirmed');
    return bookingId;
  }
  /** The booking has its outcome and the provider nothing more to do for it. */
  const settled = (bookingId: string, status: string) =>
    waitUntil(
      `${bookingId} to be ${status}`,
      async () => {
        const rows = await world.rows(
          `select from bookings where id = $1 and status = $2 and not exists
             (select from provider_calls where booking_id = $1 and status = 'requested')`,
          [bookingId, status],
        );
        return rows.length > 0;
      },
      { limitMs: 60_000 },
    );
});
