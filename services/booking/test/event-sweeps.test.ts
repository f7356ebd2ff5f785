import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { eventCancelled, eventCreated } from '@holdfast/shared/contracts/events.ts';
import { holdPinned } from '@holdfast/shared/contracts/holds.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { createEventSweepLoop } from '../src/loops/event-sweeps.ts';
import { sweepBookings } from '../src/operations/sweep-bookings.ts';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

describe('the sweep of a cancelled event', () => {
  let world: World;
  let buyer: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    // Two bookings a batch, eight a second.
    world = await startWorld({ SWEEP_BOOKINGS_PER_SECOND: 8 });
    buyer = await world.login();
    admin = await world.login(['admin']);
  });
  after(() => world?.stop());

  it('repays what was paid, undoes what is under way, and says so of each booking', async () => {
    const eventId = await openEvent();
    const paid = await sell(eventId, 'A-1');
    const free = await sell(eventId, 'A-2', 0);
    const offer = makeOffer(buyer.userId, { eventId, seats: [makeSeat('A-3')] });
    world.catalog.policies.set(offer.holdId, 'silent');
    const underWay = await place(offer);
    const asked = await world.catalog.hears(underWay, 'booking.authorized.v1');
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    await waitUntil('what was sold to be cancelled', async () => {
      const { outcomes, remaining } = (await report(sweepId)).sweep;
      return remaining === 1 && outcomes.repaid === 1 && outcomes.nothing_to_repay === 1;
    });
    expect((await report(sweepId)).sweep).to.include({ state: 'running', cause: 'cancelled' });
    await world.bus.publish([world.catalog.holdMessage(holdPinned, asked.data as BookingState)]);
    const { sweep } = await done(sweepId);
    expect(sweep.outcomes).to.deep.equal({ ...NONE, repaid: 1, nothing_to_repay: 1, voided: 1 });
    expect(sweep).to.include({ remaining: 0, eventName: 'Beethoven: the late quartets' });
    const { outcomes } = (await admin.get(`/api/admin/sweeps/${sweepId}/outcomes`)).body;
    const brief = outcomes.map((one: Record<string, unknown>) => [
      one.bookingId,
      one.outcome,
      one.totalMinor,
      one.repaidMinor,
    ]);
    expect(brief).to.deep.equal([
      [paid, 'repaid', 4_800, 4_800],
      [free, 'nothing_to_repay', 0, 0],
      [underWay, 'voided', 4_800, 0],
    ]);
    const only = await admin.get(`/api/admin/sweeps/${sweepId}/outcomes?outcome=voided`);
    expect(only.body.outcomes).to.have.length(1);
    const csv = await fetch(`${world.service.url}/api/admin/sweeps/${sweepId}/report.csv`, {
      headers: { authorization: `Bearer ${admin.token}` },
    });
    const lines = (await csv.text()).trimEnd().split('\r\n');
    expect(lines[0]).to.equal(
      'bookingId,userId,outcome,failure,currency,totalMinor,repaidMinor,at',
    );
    expect(lines.slice(1).map((line) => line.split(',')[2])).to.deep.equal([
      'repaid',
      'nothing_to_repay',
      'voided',
    ]);
  });

  it('stops when it is paused and goes on when it is resumed, each once', async () => {
    const eventId = await openEvent();
    for (const seat of ['B-1', 'B-2', 'B-3', 'B-4', 'B-5', 'B-6']) await sell(eventId, seat);
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    await waitUntil('the first booking', async () => (await report(sweepId)).sweep.remaining < 6);
    const paused = await admin.post(`/api/admin/sweeps/${sweepId}/pause`);
    expect(paused.body.sweep).to.include({ state: 'paused' });
    const { remaining } = paused.body.sweep;
    expect(remaining).to.be.greaterThan(0);
    await makeDue(sweepId);
    expect(await world.loops.eventSweeps.runOnce()).to.equal(0);
    expect((await report(sweepId)).sweep.remaining).to.equal(remaining);
    expect((await admin.post(`/api/admin/sweeps/${sweepId}/pause`)).status).to.equal(200);
    await admin.post(`/api/admin/sweeps/${sweepId}/resume`);
    const { sweep } = await done(sweepId);
    expect(sweep.outcomes).to.deep.equal({ ...NONE, repaid: 6 });
    expect((await admin.post(`/api/admin/sweeps/${sweepId}/pause`)).body.code).to.equal(
      'sweep_ended',
    );
    const { rows } = await world.owner.query<{ action: string; seq: number }>(
      `select action from audit_entries where aggregate_id = $1 order by seq`,
      [sweepId],
    );
    expect(rows.map(({ action }) => action)).to.deep.equal([
      'event_sweep.started',
      'event_sweep.paused',
      'event_sweep.resumed',
      'event_sweep.done',
    ]);
  });

  it('repeats nothing and leaves nothing out when an instance dies within a batch', async () => {
    const eventId = await openEvent();
    const bookings = [await sell(eventId, 'C-1'), await sell(eventId, 'C-2')];
    const blocker = await world.owner.connect();
    await blocker.query('begin');
    await blocker.query('select from bookings where id = $1 for update', [bookings[0]]);
    await cancelEvent(eventId);
    // The batch has its sweep and waits for its booking: there it is cut off.
    const batch = await waitUntil('the batch to wait for the booking', async () => {
      const rows = await world.rows<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database()
         and wait_event_type = 'Lock' and query like '%"bookings"%for update%'`,
      );
      return rows[0]?.pid;
    });
    await world.rows('select pg_terminate_backend($1)', [batch]);
    await blocker.query('rollback');
    blocker.release();
    const { sweep } = await done(await sweepOf(eventId));
    expect(sweep.outcomes).to.deep.equal({ ...NONE, repaid: 2 });
    for (const bookingId of bookings) await isRepaidOnce(bookingId);
  });

  it('is worked on by two instances without a booking repaid twice', async () => {
    const eventId = await openEvent();
    const seats = ['D-1', 'D-2', 'D-3', 'D-4', 'D-5', 'D-6'];
    const bookings: string[] = [];
    for (const seat of seats) bookings.push(await sell(eventId, seat));
    const { db, checkout } = await world.service.ready;
    const others = [1, 2].map(() =>
      createEventSweepLoop({
        db,
        onChanged: () => undefined,
        onEnqueued: checkout.onEnqueued,
        perSecond: 4,
        log: createLogger('test', 'silent'),
      }),
    );
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    await waitUntil('all to be dealt with', async () => {
      await makeDue(sweepId);
      await Promise.all([...others, world.loops.eventSweeps].map((loop) => loop.runOnce()));
      return (await report(sweepId)).sweep.remaining === 0;
    });
    await done(sweepId);
    for (const bookingId of bookings) await isRepaidOnce(bookingId);
  });

  it('passes over a booking that it can not cancel, says why, and tries it again when resumed', async () => {
    const eventId = await openEvent();
    const other = await world.login();
    const bad = await sell(eventId, 'E-1');
    const good = await sell(eventId, 'E-2', 4_800, other);
    const setQuota = (seats: number) =>
      world.rows('update buyer_quotas set seats = $1 where user_id = $2 and event_id = $3', [
        seats,
        buyer.userId,
        eventId,
      ]);
    // Nobody minds a wrong count of the limit until a seat is given back.
    await setQuota(0);
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    const { sweep } = await done(sweepId);
    expect(sweep.outcomes).to.deep.equal({ ...NONE, failed: 1, repaid: 1 });
    const failed = await admin.get(`/api/admin/sweeps/${sweepId}/outcomes?outcome=failed`);
    expect(failed.body.outcomes).to.have.length(1);
    expect(failed.body.outcomes[0]).to.include({ bookingId: bad, repaidMinor: 0 });
    expect(failed.body.outcomes[0].failure).to.include('buyer_quota_kept');
    expect(await buyer.outcome(bad)).to.include({ status: 'confirmed' });
    await setQuota(1);
    await admin.post(`/api/admin/sweeps/${sweepId}/resume`);
    expect((await done(sweepId)).sweep.outcomes).to.deep.equal({ ...NONE, repaid: 2 });
    for (const bookingId of [good, bad]) await isRepaidOnce(bookingId);
  });

  it('blames nobody else when two instances fail at the same booking', async () => {
    const eventId = await openEvent();
    const good = await sell(eventId, 'F-1');
    await world.loops.eventSweeps.stop();
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    const { db, checkout } = await world.service.ready;
    const passedOver = { bookingId: '00000000-0000-7000-8000-000000000000', reason: 'poison' };
    await sweepBookings(
      { db, onChanged: () => undefined, onEnqueued: checkout.onEnqueued },
      { limit: 1, perSecond: 1_000, failure: passedOver },
    );
    expect((await report(sweepId)).sweep).to.deep.include({ outcomes: NONE, remaining: 1 });
    world.loops.eventSweeps.start();
    expect((await done(sweepId)).sweep.outcomes).to.deep.equal({ ...NONE, repaid: 1 });
    await isRepaidOnce(good);
  });

  it('ends with refunds that wait for funds in its report, and these are paid when there are some', async () => {
    const eventId = await openEvent();
    const bookings = [await sell(eventId, 'G-1'), await sell(eventId, 'G-2')];
    await world.sandbox.setBalance(5_000);
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    const { sweep } = await done(sweepId);
    expect(sweep.outcomes).to.deep.equal({ ...NONE, repaid: 1, waiting_for_funds: 1 });
    const waiting = await admin.get(
      `/api/admin/sweeps/${sweepId}/outcomes?outcome=waiting_for_funds`,
    );
    expect(waiting.body.outcomes).to.have.length(1);
    expect(waiting.body.outcomes[0]).to.include({ failure: 'insufficient_funds', repaidMinor: 0 });
    const { bookingId } = waiting.body.outcomes[0];
    expect(await buyer.outcome(bookingId)).to.include({ status: 'cancelled' });
    await world.sandbox.setBalance(null);
    await world.rows('update provider_calls set next_attempt_at = now() where booking_id = $1', [
      bookingId,
    ]);
    await waitUntil('the rest to be repaid', async () => {
      const { outcomes } = (await report(sweepId)).sweep;
      return outcomes.repaid === 2;
    });
    for (const one of bookings) await isRepaidOnce(one);
  });

  it('is listed for admins and for nobody else', async () => {
    const eventId = await openEvent();
    await cancelEvent(eventId);
    const sweepId = await sweepOf(eventId);
    await done(sweepId);
    const { body } = await admin.get('/api/admin/sweeps?limit=1&state=done');
    expect(body.sweeps).to.have.length(1);
    expect(body.sweeps[0]).to.include({ sweepId, eventId, state: 'done' });
    const next = (await admin.get(`/api/admin/sweeps?limit=1&cursor=${body.next}`)).body.sweeps[0];
    expect(next.sweepId < sweepId).to.equal(true);
    const unknown = '00000000-0000-7000-8000-000000000000';
    expect((await admin.get(`/api/admin/sweeps/${unknown}`)).body.code).to.equal('sweep_not_found');
    for (const [method, path] of [
      ['GET', '/api/admin/sweeps'],
      ['GET', `/api/admin/sweeps/${sweepId}`],
      ['GET', `/api/admin/sweeps/${sweepId}/outcomes`],
      ['GET', `/api/admin/sweeps/${sweepId}/report.csv`],
      ['POST', `/api/admin/sweeps/${sweepId}/pause`],
      ['POST', `/api/admin/sweeps/${sweepId}/resume`],
    ] as const) {
      expect((await buyer.send(method, path)).status, path).to.equal(403);
      expect((await fetch(world.service.url + path, { method })).status, path).to.equal(401);
    }
  });

  const NONE = {
    repaid: 0,
    repaying: 0,
    waiting_for_funds: 0,
    nothing_to_repay: 0,
    voided: 0,
    told: 0,
    failed: 0,
  };

  async function openEvent(): Promise<string> {
    const { eventId } = makeOffer(buyer.userId);
    await world.catalog.publishEvent(eventCreated, { eventId }, 1);
    return eventId;
  }

  const cancelEvent = (eventId: string) =>
    world.catalog.publishEvent(eventCancelled, { eventId, status: 'cancelled' }, 2);

  async function place(offer: ReturnType<typeof makeOffer>, by = buyer): Promise<string> {
    const answer = await by.book(await world.signOffer(offer));
    expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
    return answer.body.booking.bookingId;
  }

  async function sell(eventId: string, seat: string, price = 4_800, by = buyer): Promise<string> {
    const bookingId = await place(
      makeOffer(by.userId, { eventId, seats: [makeSeat(seat, price)] }),
      by,
    );
    expect(await by.outcome(bookingId)).to.include({ status: 'confirmed' });
    return bookingId;
  }

  const sweepOf = (eventId: string) =>
    waitUntil('the sweep to begin', async () => {
      const rows = await world.rows<{ id: string }>(
        'select id from event_sweeps where event_id = $1',
        [eventId],
      );
      return rows[0]?.id;
    });

  const report = async (sweepId: string) => (await admin.get(`/api/admin/sweeps/${sweepId}`)).body;

  const done = (sweepId: string) =>
    waitUntil('the sweep to end', async () => {
      const answer = await report(sweepId);
      return answer.sweep.state === 'done' && answer;
    });

  const makeDue = (sweepId: string) =>
    world.rows('update event_sweeps set next_round_at = now() where id = $1', [sweepId]);

  async function isRepaidOnce(bookingId: string): Promise<void> {
    const [line] = await world.sandbox.bookOf(bookingId);
    expect(line).to.include({ captured: 4_800, refunded: 4_800, refunds: 1 });
    const cancelled = await world.rows(
      `select from audit_entries where aggregate_id = $1 and action = 'booking.cancelled'`,
      [bookingId],
    );
    expect(cancelled).to.have.length(1);
  }
});
