import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import type { PoolClient } from 'pg';
import { reissueTickets } from '../src/operations/reissue-tickets.ts';
import { lockBookings } from '../src/stores/bookings.ts';
import { makeOffer, makeSeat } from './catalog.ts';
import type { Client } from './client.ts';
import { startWorld, type World } from './world.ts';

const TERMS: Terms = {
  ...NO_TERMS,
  cancellation: [
    { untilHoursBeforeStart: 0, keepBasisPoints: 0, keepPerTicketMinor: 0, repaysFees: true },
  ],
};

/**
 * Each race is forced: the test holds the lock of the ticket's row until its rivals wait for it, in
 * the order in which they came, and then lets go.
 */
describe('at the gates', () => {
  let world: World;
  let db: Database;
  let scanner: Client;
  let admin: Client;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
    db = (await world.service.ready).postgres.db;
    scanner = await world.login(['user', 'scanner']);
    admin = await world.login(['user', 'admin']);
  });
  after(() => world?.stop());

  async function sell() {
    const buyer = await world.login();
    const offer = makeOffer(buyer.userId, { seats: [makeSeat('A-1')], terms: TERMS });
    const answer = await buyer.book(await world.signOffer(offer));
    const { bookingId } = answer.body.booking;
    const ticketId: string = (await buyer.outcome(bookingId)).seats[0].ticketId;
    const { payload } = (await buyer.get(`/api/tickets/${ticketId}`)).body.ticket;
    return { buyer, bookingId, ticketId, eventId: offer.eventId, payload };
  }
  type Sold = Awaited<ReturnType<typeof sell>>;
  const enter = ({ payload, eventId }: Sold, gate = 'North', key?: string) =>
    scanner.post(
      '/api/check-in',
      { payload, eventId, gate },
      key ? { 'idempotency-key': key } : {},
    );
  const cancel = ({ bookingId }: Sold) =>
    admin.post(`/api/bookings/${bookingId}/cancel`, { reason: 'a test' });
  /** Passes the ticket on, as an operation under the booking's lock does. */
  const passOn = ({ bookingId, ticketId }: Sold) =>
    db.transaction(async (tx) => {
      await lockBookings(tx, [bookingId]);
      const wanted = [{ ticketId, holderId: newId() }];
      return reissueTickets(tx, wanted, systemOrigin('test', newId()));
    });
  const cancelByBuyer = ({ buyer, bookingId }: Sold) =>
    buyer.post(`/api/bookings/${bookingId}/cancel`, {});
  const ticketOf = async ({ ticketId }: Sold) =>
    (
      await world.rows<{ status: string; passages: number; epoch: number }>(
        'select status, passages, epoch from tickets where id = $1',
        [ticketId],
      )
    )[0];

  /** Runs the rivals one behind the other in the queue for the row, then lets them go. */
  async function inTurn<T extends unknown[]>(
    { ticketId }: Sold,
    ...rivals: { [I in keyof T]: () => Promise<T[I]> }
  ): Promise<T> {
    const client: PoolClient = await world.owner.connect();
    try {
      await client.query('begin');
      await client.query('select from tickets where id = $1 for update', [ticketId]);
      const running: Promise<unknown>[] = [];
      for (const rival of rivals) {
        running.push(rival());
        await waitUntil(`${running.length} to wait for the ticket`, async () => {
          const waiting = await world.rows(
            `select from pg_stat_activity where datname = current_database()
             and wait_event_type = 'Lock' and query like '%tickets%'`,
          );
          return waiting.length === running.length;
        });
      }
      await client.query('commit');
      return (await Promise.all(running)) as T;
    } finally {
      client.release();
    }
  }

  it('two gates never let in the same ticket at once: the first has it, the other is told', async () => {
    const sold = await sell();
    const [first, second] = await inTurn(
      sold,
      () => enter(sold, 'North'),
      () => enter(sold, 'South'),
    );
    expect(first.status).to.equal(200);
    expect(second.body).to.include({ code: 'ticket_inside', gate: 'North' });
    expect(await ticketOf(sold)).to.include({ passages: 1 });
  });

  it('of thirty gates at once one lets in', async () => {
    const sold = await sell();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_gate, number) => enter(sold, `Gate ${number}`)),
    );
    const codes = answers.map(({ status, body }) => (status === 200 ? 'in' : body.code)).sort();
    expect(codes).to.deep.equal(['in', ...Array(29).fill('ticket_inside')]);
    const passages = await world.rows('select from ticket_passages where ticket_id = $1', [
      sold.ticketId,
    ]);
    expect(passages.length).to.equal(1);
  });

  it('a scan that is sent twice at once is one passage, and both are answered alike', async () => {
    const sold = await sell();
    const key = newId();
    const [first, second] = await inTurn(
      sold,
      () => enter(sold, 'North', key),
      () => enter(sold, 'North', key),
    );
    expect(first.status).to.equal(200);
    expect(second.body).to.deep.equal(first.body);
    expect(await ticketOf(sold)).to.include({ passages: 1 });
  });

  it('a ticket whose cancellation came first lets nobody in', async () => {
    const sold = await sell();
    const [cancelled, entry] = await inTurn(
      sold,
      () => cancel(sold),
      () => enter(sold),
    );
    expect(cancelled.body.booking.status).to.equal('cancelled');
    expect(entry.body.code).to.equal('ticket_void');
    expect(await ticketOf(sold)).to.include({ status: 'void', passages: 0 });
  });

  it('an entry that came first stands; an admin still cancels, and lets nobody in after it', async () => {
    const sold = await sell();
    const [entry, cancelled] = await inTurn(
      sold,
      () => enter(sold),
      () => cancel(sold),
    );
    expect(entry.status).to.equal(200);
    expect(cancelled.body.booking.status).to.equal('cancelled');
    expect((await enter(sold)).body.code).to.equal('ticket_void');
    expect(await ticketOf(sold)).to.include({ status: 'void', passages: 1 });
  });

  it('an entry that came first refuses the cancellation by the buyer, and nothing is repaid', async () => {
    const sold = await sell();
    const [entry, cancelled] = await inTurn(
      sold,
      () => enter(sold),
      () => cancelByBuyer(sold),
    );
    expect(entry.status).to.equal(200);
    expect(cancelled.body.code).to.equal('ticket_used');
    expect(await ticketOf(sold)).to.include({ status: 'live', passages: 1 });
    const { booking } = (await sold.buyer.get(`/api/bookings/${sold.bookingId}`)).body;
    expect(booking).to.include({ status: 'confirmed', refundedMinor: 0 });
  });

  it('a cancellation by the buyer that came first lets nobody in, and is repaid', async () => {
    const sold = await sell();
    const [cancelled, entry] = await inTurn(
      sold,
      () => cancelByBuyer(sold),
      () => enter(sold),
    );
    expect(cancelled.body.booking.status).to.equal('cancelled');
    expect(entry.body.code).to.equal('ticket_void');
    expect(await ticketOf(sold)).to.include({ status: 'void', passages: 0 });
  });

  it('a ticket that was passed on first is dead for the code shown before', async () => {
    const sold = await sell();
    const [, entry] = await inTurn(
      sold,
      () => passOn(sold),
      () => enter(sold),
    );
    expect(entry.body.code).to.equal('ticket_transferred');
    expect(await ticketOf(sold)).to.include({ epoch: 2, passages: 0 });
  });

  it('a ticket that let somebody in first is passed on to nobody', async () => {
    const sold = await sell();
    const [entry, passed] = await inTurn(
      sold,
      () => enter(sold),
      () => passOn(sold),
    );
    expect(entry.status).to.equal(200);
    expect(passed).to.include({ kind: 'refused', code: 'ticket_used' });
    expect(await ticketOf(sold)).to.include({ epoch: 1, passages: 1 });
  });

  it('a passage is written once whoever writes it: entries are odd, exits even, one of a number', async () => {
    const sold = await sell();
    await enter(sold);
    const insert = (seq: number, direction: string) =>
      world
        .rows(
          `insert into ticket_passages (ticket_id, seq, direction, event_id, gate, scanner_id)
           values ($1, $2, $3, $4, 'North', $5)`,
          [sold.ticketId, seq, direction, sold.eventId, newId()],
        )
        .then(
          () => 'stored',
          (error: { constraint: string }) => error.constraint,
        );
    expect(await insert(1, 'entry')).to.equal('ticket_passages_pkey');
    expect(await insert(2, 'entry')).to.equal('entries_are_odd');
    const count = world.rows('update tickets set passages = 2 where id = $1', [sold.ticketId]);
    expect(await count.catch((error: { constraint: string }) => error.constraint)).to.equal(
      'entries_and_exits_take_turns',
    );
  });
});
