import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { makeOffer } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('operators', () => {
  let world: World;
  let buyer: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld({ RESTING_LIMIT_SECONDS: 60 });
    buyer = await world.login();
    admin = await world.login(['user', 'admin']);
  });
  after(() => world?.stop());
  afterEach(() => world.sandbox.forgetFaults());

  async function place(offer = makeOffer(buyer.userId)): Promise<string> {
    const answer = await buyer.book(await world.signOffer(offer));
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.booking.bookingId;
  }
  /** A booking whose pin is not answered. */
  async function placeUnpinned(): Promise<string> {
    const offer = makeOffer(buyer.userId);
    world.catalog.policies.set(offer.holdId, 'silent');
    const bookingId = await place(offer);
    await world.catalog.hears(bookingId, 'booking.authorized.v1');
    return bookingId;
  }
  async function pin(bookingId: string): Promise<void> {
    const asked = await world.catalog.hears(bookingId, 'booking.authorized.v1');
    await world.bus.publish([world.catalog.holdMessage(holdPinned, asked.data as BookingState)]);
  }
  /** A booking whose next call is put off for an hour, as after many failures. */
  async function placePutOff(): Promise<string> {
    await world.sandbox.fail({ route: 'create', kind: 'error_before' });
    const bookingId = await place();
    await waitUntil('a try that failed', async () => {
      const rows = await world.rows(
        `update provider_calls set next_attempt_at = now() + interval '1 hour'
         where booking_id = $1 and last_error is not null and leased_until is null returning id`,
        [bookingId],
      );
      return rows.length > 0;
    });
    await world.sandbox.forgetFaults();
    return bookingId;
  }
  const age = (bookingId: string) =>
    world.rows(`update bookings set changed_at = now() - interval '10 minutes' where id = $1`, [
      bookingId,
    ]);
  const explained = async (bookingId: string) =>
    (await admin.get(`/api/admin/bookings/${bookingId}`)).body;
  const resume = (bookingId: string) => admin.post(`/api/admin/bookings/${bookingId}/resume`);
  const listed = async (query: string) =>
    (await admin.get(`/api/admin/bookings?${query}`)).body.bookings;

  it('must be admins, by a login', async () => {
    const address = `/api/admin/bookings/${newId()}`;
    for (const [method, path] of [
      ['GET', '/api/admin/bookings'],
      ['GET', address],
      ['POST', `${address}/resume`],
    ] as const) {
      const anonymous = await buyer.send(method, path, undefined, { authorization: '' });
      expect([anonymous.status, anonymous.body.code], path).to.deep.equal([401, 'login_required']);
      const plain = await buyer.send(method, path);
      expect([plain.status, plain.body.code], path).to.deep.equal([403, 'forbidden']);
    }
    expect((await admin.get(address)).body.code).to.equal('booking_not_found');
    expect((await resume(newId())).body.code).to.equal('booking_not_found');
  });

  it('read each step of a sold booking, and that nothing is to be done', async () => {
    const bookingId = await place();
    await buyer.outcome(bookingId);
    await world.loops.relay.drain();
    const { steps, isResumable, summary, booking } = await explained(bookingId);
    expect(
      steps.map(({ step, state }: { step: string; state: string }) => `${step}: ${state}`),
    ).to.have.members([
      'place: done',
      'authorize: done',
      'pin: done',
      'capture: done',
      'outcome: confirmed: done',
    ]);
    expect(summary).to.include('sold');
    expect(isResumable).to.equal(false);
    expect(booking).to.include({ bookingId, status: 'confirmed' });
    const refused = await resume(bookingId);
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'booking_not_resumable']);
    expect(await listed('limit=1000')).not.to.deep.include({ bookingId });
  });

  it('find a booking that waits for the provider, and have it asked at once', async () => {
    const bookingId = await placePutOff();
    const found = (await listed('status=pending')).find(
      (one: { bookingId: string }) => one.bookingId === bookingId,
    );
    expect(found).to.include({ status: 'pending', waitsFor: 'the payment provider: authorize' });
    expect(found.error).to.be.a('string');
    const { summary, advice } = await explained(bookingId);
    expect(summary).to.include('to authorize');
    expect(advice).to.include('provider');
    const resumed = await resume(bookingId);
    expect([resumed.status, resumed.body]).to.deep.equal([200, { done: 'call_hastened' }]);
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const [entry] = await world.rows<{ actor: string; old_status: string }>(
      `select actor, old_status from audit_entries
       where aggregate_id = $1 and action = 'booking.resumed'`,
      [bookingId],
    );
    expect(entry).to.deep.equal({ actor: `user:${admin.userId}`, old_status: 'pending' });
  });

  it('have catalog asked again for a pin, under the same message id', async () => {
    const bookingId = await placeUnpinned();
    expect((await explained(bookingId)).summary).to.include('catalog');
    expect((await resume(bookingId)).body).to.deep.equal({ done: 'pin_asked_again' });
    await waitUntil('the second question', () => {
      const asked = world.catalog
        .about(bookingId)
        .filter(({ type }) => type === 'booking.authorized.v1');
      return asked.length > 1 && new Set(asked.map(({ id }) => id)).size === 1;
    });
    await pin(bookingId);
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
  });

  it('have the step asked for that is missing, and never one a second time', async () => {
    const bookingId = await placePutOff();
    await world.rows('delete from provider_calls where booking_id = $1', [bookingId]);
    expect((await explained(bookingId)).summary).to.include('Nothing is under way');
    expect((await resume(bookingId)).body).to.deep.equal({ done: 'authorize_asked' });
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    expect(await world.sandbox.bookOf(bookingId)).to.have.lengthOf(1);

    const settled = await placeUnpinned();
    await world.rows(`update bookings set status = 'pending' where id = $1`, [settled]);
    const refused = await resume(settled);
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'booking_not_resumable']);
    expect(refused.body.detail).to.include('authorize');
    await world.rows(`update bookings set status = 'authorized' where id = $1`, [settled]);
    await pin(settled);
    expect((await buyer.outcome(settled)).status).to.equal('confirmed');
  });

  it('are told in health, metrics and the list of what rests too long, but not of a bank at work', async () => {
    const health = async () =>
      (await (await fetch(`${world.service.url}/health`)).json()) as {
        status: string;
        dependencies: { checkouts: { status: string; error?: string } };
      };
    expect((await health()).dependencies.checkouts.status).to.equal('up');
    const bank = await buyer.post('/api/bookings', {
      offer: await world.signOffer(makeOffer(buyer.userId)),
      paymentMethod: 'pm_usBankAccount_processing',
      paymentMethodType: 'us_bank_account',
    });
    const waiting: string = bank.body.booking.bookingId;
    await waitUntil('processing', async () => {
      const { booking } = (await buyer.get(`/api/bookings/${waiting}`)).body;
      return booking.paymentStatus === 'processing';
    });
    await age(waiting);
    expect((await health()).dependencies.checkouts.status).to.equal('up');
    expect(await listed('stuck=true')).to.deep.equal([]);

    const bookingId = await placeUnpinned();
    await age(bookingId);
    const now = await health();
    expect(now.status).to.equal('degraded');
    expect(now.dependencies.checkouts.error).to.include('authorized for 6');
    const stuck = await listed('stuck=true');
    expect(stuck.map((one: { bookingId: string }) => one.bookingId)).to.deep.equal([bookingId]);
    const metrics = await (await fetch(`${world.service.url}/metrics`)).text();
    expect(metrics).to.match(/holdfast_checkout_oldest_seconds\{status="authorized".*\} 6\d\d/);
    expect(metrics).to.match(/holdfast_checkout_oldest_seconds\{status="processing".*\} 6\d\d/);
    await pin(bookingId);
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    expect((await health()).dependencies.checkouts.status).to.equal('up');
  });

  it('read the views by their role, and nothing else', async () => {
    const client = await world.owner.connect();
    try {
      await client.query('begin; set local role operator');
      for (const view of ['checkout_steps', 'open_checkouts']) {
        await client.query(`select * from operations.${view} limit 1`);
      }
      await client.query('savepoint tried');
      for (const table of ['bookings', 'payments', 'provider_calls', 'audit_entries']) {
        const tried = await client
          .query(`select from public.${table}`)
          .catch((error: Error) => error);
        expect(String(tried), table).to.include('permission denied');
        await client.query('rollback to savepoint tried');
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  });

  it('find every column of their views described', async () => {
    const bare = await world.rows(
      `select a.attrelid::regclass::text, a.attname from pg_attribute a
       join pg_class c on c.oid = a.attrelid
       where c.relnamespace = 'operations'::regnamespace and a.attnum > 0
         and col_description(a.attrelid, a.attnum) is null`,
    );
    expect(bare).to.deep.equal([]);
  });
});
