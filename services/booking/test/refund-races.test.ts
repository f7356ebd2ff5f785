import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import Stripe from 'stripe';
import type { Client } from './client.ts';
import { buy, type Person, register } from './people.ts';
import { startWorld, WEBHOOK_SECRET, type World } from './world.ts';

const PAID = 9_600;

type Answer = { status: number; body: { code?: string; transfer?: { status: string } } };

/** Rivals queue up, in this order, at the booking's row, which the test has locked. */
describe('a refund and its rivals', () => {
  let world: World;
  let mara: Person;
  let jonas: Person;
  let agents: [Client, Client];
  let scanner: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    [mara, jonas] = await Promise.all([register(world, 'Mara'), register(world, 'Jonas')]);
    agents = [await world.login(['admin']), await world.login(['admin'])];
    scanner = await world.login(['user', 'scanner']);
  });
  after(() => world?.stop());

  const refund = (agent: Client, bookingId: string, amountMinor: number): Promise<Answer> =>
    agent.post(`/api/bookings/${bookingId}/refunds`, { amountMinor, reason: 'view_restricted' });

  async function inTurn(
    bookingId: string,
    rivals: readonly (() => Promise<Answer>)[],
    meanwhile: () => Promise<void> = async () => undefined,
  ): Promise<Answer[]> {
    const client = await world.owner.connect();
    const sent: Promise<Answer>[] = [];
    try {
      await client.query('begin');
      await client.query('select from bookings where id = $1 for update', [bookingId]);
      for (const rival of rivals) {
        sent.push(rival());
        await waitUntil('the rival to wait', async () => {
          const waiting = await world.rows(
            `select from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'`,
          );
          return waiting.length >= sent.length;
        });
      }
      await meanwhile();
      await client.query('commit');
    } finally {
      client.release();
    }
    return Promise.all(sent);
  }

  const bookOf = async (bookingId: string) => (await world.sandbox.bookOf(bookingId))[0];
  const refundsOf = (bookingId: string) =>
    world.rows<{ status: string; amount_minor: number }>(
      'select status, amount_minor from refunds where booking_id = $1',
      [bookingId],
    );
  const repaid = (bookingId: string) =>
    waitUntil('the refunds to be paid', async () => {
      const rows = await refundsOf(bookingId);
      return rows.every(({ status }) => status === 'succeeded') && rows;
    });
  const ticketsOf = (bookingId: string) =>
    world.rows<{ holder_id: string; epoch: number; status: string }>(
      'select holder_id, epoch, status from tickets where booking_id = $1',
      [bookingId],
    );

  /** A hint of the provider about that booking's payment, signed as it would. */
  async function hint(bookingId: string): Promise<number> {
    const [payment] = await world.rows<{ id: string; provider_id: string }>(
      'select id, provider_id from payments where booking_id = $1',
      [bookingId],
    );
    const payload = JSON.stringify({
      id: `evt_${newId()}`,
      object: 'event',
      type: 'charge.refunded',
      data: {
        object: {
          id: 'ch_of_the_test',
          object: 'charge',
          payment_intent: payment?.provider_id,
          metadata: { payment_id: payment?.id },
        },
      },
    });
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET });
    const { status } = await fetch(`${world.service.url}/api/webhooks/stripe`, {
      method: 'POST',
      body: payload,
      headers: { 'stripe-signature': signature },
    });
    return status;
  }

  /**
   * While the provider's answer to a refund is late: who asks loses its lease as if it had been away,
   * and the provider's webhooks have it asked once more. Resolves when the refund is paid.
   */
  async function overtake(bookingId: string, amountMinor: number): Promise<void> {
    await waitUntil('the provider to have repaid', async () => {
      return (await bookOf(bookingId))?.refunds === 1;
    });
    const asked = { status: 'requested', amount_minor: amountMinor };
    expect(await refundsOf(bookingId)).to.deep.equal([asked]);
    await world.rows('update provider_calls set leased_until = now() where booking_id = $1', [
      bookingId,
    ]);
    expect([await hint(bookingId), await hint(bookingId)]).to.deep.equal([200, 200]);
    expect(await repaid(bookingId)).to.have.length(1);
  }

  it('never repays a part twice by a webhook that overtakes the answer', async () => {
    const { bookingId } = await buy(world, mara);
    await world.sandbox.fail({ route: 'refund', kind: 'late', delayMs: 1_500, times: 1 });
    expect((await refund(agents[0], bookingId, 2_000)).status).to.equal(202);
    await overtake(bookingId, 2_000);
    await world.loops.providerCalls.drain();
    expect(await bookOf(bookingId)).to.include({ captured: PAID, refunded: 2_000, refunds: 1 });
  });

  it('never repays twice by two agents and a webhook that overtakes the answer', async () => {
    const { bookingId } = await buy(world, mara);
    await world.sandbox.fail({ route: 'refund', kind: 'late', delayMs: 1_500, times: 1 });
    const answers = await inTurn(
      bookingId,
      agents.map((agent) => () => refund(agent, bookingId, PAID)),
    );
    expect(answers.map(({ status, body }) => body.code ?? status)).to.deep.equal([
      202,
      'refund_exceeds_payment',
    ]);
    await overtake(bookingId, PAID);
    await world.loops.providerCalls.drain();
    expect(await bookOf(bookingId)).to.include({ captured: PAID, refunded: PAID, refunds: 1 });
    const entries = await world.rows<{ action: string }>(
      `select action from audit_entries
       where aggregate_id in (select id from refunds where booking_id = $1) order by seq`,
      [bookingId],
    );
    expect(entries.map(({ action }) => action)).to.deep.equal([
      'refund.requested',
      'refund.succeeded',
    ]);
    const unbalanced = await world.rows(
      `select from ledger_journals j join ledger_lines l on l.journal_id = j.id
       where j.booking_id = $1 group by j.id having sum(l.amount_minor) <> 0`,
      [bookingId],
    );
    expect(unbalanced).to.deep.equal([]);
  });

  for (const order of ['before', 'after'] as const) {
    it(`never moves a ticket when it comes ${order} the acceptance of a transfer`, async () => {
      const { bookingId, ticketIds } = await buy(world, mara);
      const offered = await mara.post(`/api/bookings/${bookingId}/transfers`, {
        ticketIds,
        to: jonas.email,
      });
      const { transferId } = offered.body.transfer;
      const code = offered.body.acceptCode;
      const accept = () => jonas.post(`/api/transfers/${transferId}/accept`, { code });
      const repay = () => refund(agents[0], bookingId, 1_000);
      const answers = await inTurn(
        bookingId,
        order === 'before' ? [repay, accept] : [accept, repay],
      );
      const outcomes = answers.map(({ status, body }) => body.transfer?.status ?? status);
      expect(outcomes).to.have.members([202, 'accepted']);
      expect(await repaid(bookingId)).to.deep.equal([{ status: 'succeeded', amount_minor: 1_000 }]);
      const ticket = { holder_id: jonas.userId, epoch: 2, status: 'live' };
      expect(await ticketsOf(bookingId)).to.deep.equal([ticket, ticket]);
      expect(await bookOf(bookingId)).to.include({ refunded: 1_000, refunds: 1 });
    });
  }

  it('never keeps anybody out, nor lets an entry keep it from being paid', async () => {
    const { bookingId, ticketIds, eventId } = await buy(world, mara);
    const { payload } = (await mara.get(`/api/tickets/${ticketIds[0]}`)).body.ticket;
    const scan = () => scanner.post('/api/check-in', { payload, eventId, gate: 'North' });
    const [answer] = await inTurn(
      bookingId,
      [() => refund(agents[0], bookingId, PAID)],
      async () => expect((await scan()).status).to.equal(200) && undefined,
    );
    expect(answer?.status).to.equal(202);
    await repaid(bookingId);
    const statuses = (await ticketsOf(bookingId)).map(({ status }) => status);
    expect(statuses).to.deep.equal(['live', 'live']);
    expect(await bookOf(bookingId)).to.include({ refunded: PAID, refunds: 1 });
  });
});
