import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { holdPinned, holdPinRefused } from '@holdfast/shared/contracts/holds.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { PoolClient } from 'pg';
import { makeOffer } from './catalog.ts';
import { run, urlOf } from './child.ts';
import { type Client, createClient } from './client.ts';
import { startWorld, type World } from './world.ts';

/** As many as there are steps at the provider: while it answers none, no other call is made. */
const PLACES = 4;
const PRICE = 9_600;

/** Where the bookings of a killed instance stand, and what becomes of them. */
const STEPS = {
  'placed, before anybody was asked to authorize': ['pending', 'confirmed'],
  'authorize done, its answer lost': ['pending', 'confirmed'],
  'authorized, before catalog was told': ['authorized', 'confirmed'],
  'pinned, before anybody was asked to capture': ['capturing', 'confirmed'],
  'capture done, its answer lost': ['capturing', 'confirmed'],
  'void done, its answer lost': ['voiding', 'failed'],
  'confirmed, before anybody was told': ['confirmed', 'confirmed'],
  'refund done, its answer lost': ['cancelled', 'cancelled'],
} as const;
type Step = keyof typeof STEPS;
const steps = Object.keys(STEPS) as Step[];

describe('a checkout whose instance was killed', () => {
  let world: World;
  let buyer: Client;
  let child: ChildProcess;
  const bookings = new Map<Step, string>();

  before(async function () {
    this.timeout(90_000);
    world = await startWorld({ PROVIDER_CONCURRENCY: PLACES });
    buyer = await world.login();
    // The survivor only listens until the other is dead.
    await world.loops.providerCalls.stop();
    await world.loops.relay.stop();
    const settings = Object.entries({ ...world.config, LOG_LEVEL: 'info' });
    child = run(Object.fromEntries(settings.map(([name, value]) => [name, String(value)])));
    child.stderr?.resume();
    const url = await urlOf(child);
    await waitUntil('readiness', async () => (await fetch(`${url}/readyz`)).status === 200, {
      limitMs: 30_000,
    });
    await bringToEachStep(url);
    await finish();
  });
  after(async () => {
    child?.kill('SIGKILL');
    await world?.stop();
  });

  const idOf = (step: Step): string => bookings.get(step) ?? expect.fail(`no booking is ${step}`);
  const lineOf = async (step: Step) => (await world.sandbox.bookOf(idOf(step)))[0];
  const statusOf = async (step: Step) =>
    (await buyer.get(`/api/bookings/${idOf(step)}`)).body.booking.status;
  const reaches = (step: Step) =>
    waitUntil(step, async () => (await statusOf(step)) === STEPS[step][0]);
  const neverAnswer = (route: string) => world.sandbox.fail({ route, kind: 'never', times: 1 });

  /** Has the instance at `url` commit a step of each booking, kills it, and checks that it was there. */
  async function bringToEachStep(url: string): Promise<void> {
    const victim = createClient(url, buyer.userId, buyer.token);
    const admin = await world.login(['user', 'admin']);
    async function place(step: Step, policy: 'pin' | 'silent'): Promise<void> {
      const offer = makeOffer(buyer.userId);
      world.catalog.policies.set(offer.holdId, policy);
      const answer = await victim.book(await world.signOffer(offer));
      expect(answer.status, JSON.stringify(answer.body)).to.equal(202);
      bookings.set(step, answer.body.booking.bookingId);
    }
    async function answerPin(step: Step, contract = holdPinned): Promise<void> {
      const { data } = await world.catalog.hears(idOf(step), 'booking.authorized.v1');
      const why = contract === holdPinned ? {} : { reason: 'hold_expired' };
      await world.bus.publish([world.catalog.holdMessage(contract, data as BookingState, why)]);
    }

    await place('refund done, its answer lost', 'pin');
    const unanswered = [
      'confirmed, before anybody was told',
      'capture done, its answer lost',
      'void done, its answer lost',
      'pinned, before anybody was asked to capture',
    ] as const;
    for (const step of unanswered) await place(step, 'silent');
    for (const step of unanswered) await world.catalog.hears(idOf(step), 'booking.authorized.v1');
    const sold = await victim.outcome(idOf('refund done, its answer lost'));
    expect(sold.status).to.equal('confirmed');

    const hand = await silenceRelays();
    try {
      await answerPin('confirmed, before anybody was told');
      await reaches('confirmed, before anybody was told');
      await place('authorized, before catalog was told', 'pin');
      await reaches('authorized, before catalog was told');

      await Promise.all(['capture', 'cancel', 'refund'].map(neverAnswer));
      await answerPin('capture done, its answer lost');
      await answerPin('void done, its answer lost', holdPinRefused);
      const path = `/api/bookings/${idOf('refund done, its answer lost')}/cancel`;
      const cancelled = await createClient(url, admin.userId, admin.token).post(path, {
        reason: 'asked for',
      });
      expect(cancelled.status, JSON.stringify(cancelled.body)).to.equal(200);
      await neverAnswer('create');
      await place('authorize done, its answer lost', 'pin');
      await waitUntil('four calls that are done and not answered', async () => {
        const lines = await Promise.all([
          lineOf('authorize done, its answer lost'),
          lineOf('capture done, its answer lost'),
          lineOf('void done, its answer lost'),
          lineOf('refund done, its answer lost'),
        ]);
        const [authorized, captured, voided, refunded] = lines;
        return (
          authorized?.capturable === PRICE &&
          captured?.captures === 1 &&
          voided?.status === 'canceled' &&
          refunded?.refunds === 1
        );
      });
      await place('placed, before anybody was asked to authorize', 'pin');
      await answerPin('pinned, before anybody was asked to capture');
      await reaches('pinned, before anybody was asked to capture');

      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      expect(await Promise.all(steps.map(statusOf))).to.deep.equal(
        steps.map((step) => STEPS[step][0]),
      );
      const open = await world.rows(
        `select kind, attempts from provider_calls where status = 'requested' order by 1, 2`,
      );
      expect(open).to.deep.equal([
        { kind: 'authorize', attempts: 0 },
        { kind: 'authorize', attempts: 1 },
        { kind: 'capture', attempts: 0 },
        { kind: 'capture', attempts: 1 },
        { kind: 'refund', attempts: 1 },
        { kind: 'void', attempts: 1 },
      ]);
    } finally {
      await hand.query('rollback');
      hand.release();
    }
  }

  /** Holds the rows that a relay must have to publish: it passes over them. */
  async function silenceRelays(): Promise<PoolClient> {
    const hand = await world.owner.connect();
    await hand.query('begin');
    await hand.query('select from outbox_buckets for update');
    return hand;
  }

  /** Lets the leases of the dead run out, and the survivor go on. */
  async function finish(): Promise<void> {
    await world.rows('update provider_calls set leased_until = now() where leased_until > now()');
    world.loops.relay.start();
    world.loops.providerCalls.start();
    await waitUntil(
      'nothing to be left open',
      async () => {
        const [left] = await world.rows<{ count: number }>(
          `select (select count(*) from provider_calls where status = 'requested')
            + (select count(*) from outbox) + (select count(*) from bookings
              where status not in ('confirmed', 'failed', 'cancelled')) as count`,
        );
        return Number(left?.count) === 0;
      },
      { limitMs: 30_000 },
    );
  }

  for (const step of steps) {
    const [, outcome] = STEPS[step];
    it(`is ${outcome} by another, with one effect: ${step}`, async () => {
      expect(await statusOf(step)).to.equal(outcome);
      const lines = await world.sandbox.bookOf(idOf(step));
      expect(lines, 'payments at the provider').to.have.lengthOf(1);
      const isCaptured = outcome !== 'failed';
      const isRefunded = outcome === 'cancelled';
      expect(lines[0]).to.include({
        captures: isCaptured ? 1 : 0,
        captured: isCaptured ? PRICE : 0,
        refunds: isRefunded ? 1 : 0,
        refunded: isRefunded ? PRICE : 0,
        capturable: 0,
      });
      const journals = await world.rows<{ kind: string }>(
        'select kind from ledger_journals where booking_id = $1 order by kind',
        [idOf(step)],
      );
      expect(journals.map(({ kind }) => kind)).to.deep.equal(
        isRefunded ? ['cancel', 'capture', 'refund'] : isCaptured ? ['capture'] : [],
      );
      const tickets = await world.rows<{ status: string }>(
        'select distinct status from tickets where booking_id = $1',
        [idOf(step)],
      );
      const expected = {
        confirmed: [{ status: 'live' }],
        cancelled: [{ status: 'void' }],
        failed: [],
      };
      expect(tickets).to.deep.equal(expected[outcome]);
      await world.catalog.hears(idOf(step), `booking.${outcome}.v1`);
    });
  }
});
