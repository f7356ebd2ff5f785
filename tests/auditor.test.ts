import { audit } from '@holdfast/auditor/audit.ts';
import { MONEY_CHECKS } from '@holdfast/auditor/checks/money.ts';
import type { ProviderIntent, Sources } from '@holdfast/auditor/sources.ts';
import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { type Db, MongoClient } from 'mongodb';
import pg from 'pg';
import {
  createEvent,
  freeSeats,
  placeBooking,
  registerBuyer,
  type System,
  sharedSystem,
} from './system.ts';

type Id = { _id: string };

/** One way to break a store by hand, and how to mend it. */
type Damage = {
  invariant: number;
  what: string;
  breaks: () => Promise<unknown>;
  mends: () => Promise<unknown>;
};

describe('the auditor', () => {
  let system: System;
  let mongo: MongoClient;
  let catalog: Db;
  /** Ignores triggers and constraints of the kind that a hand with full rights could. */
  let owner: pg.Client;
  let authOwner: pg.Client;
  let eventId: string;
  const bookings: string[] = [];

  before(async () => {
    system = await sharedSystem();
    mongo = new MongoClient(system.stack.env.MONGODB_URL);
    catalog = mongo.db('catalog');
    owner = new pg.Client({ connectionString: system.bookingUrl });
    await owner.connect();
    await owner.query('set session_replication_role = replica');
    authOwner = new pg.Client({ connectionString: urlOf(system.stack.env.POSTGRES_URL, 'auth') });
    await authOwner.connect();
    // With fees, and taxes on top, so that each rule over prices has them before it.
    const tax = { name: 'VAT', basisPoints: 1_000, included: false };
    const charges = { ...exampleTerms.charges, tax };
    eventId = await createEvent(system, 12, { terms: { ...exampleTerms, charges } });
    for (let number = 0; number < 2; number += 1) bookings.push(await buySeat());
    await waitUntil(
      'the seats to be sold',
      async () => (await seats().countDocuments({ eventId, status: 'sold' })) === 2,
    );
    await waitUntil('all to have heard of it', async () => (await system.audit()).ok, {
      limitMs: 30_000,
    });
    // Nobody may mend what is broken here but the test itself.
    await Promise.all([
      system.services.handles.catalog!.stop(),
      system.services.handles.booking!.stop(),
    ]);
  });
  after(async () => {
    await Promise.all([
      system.services.handles.catalog!.start(),
      system.services.handles.booking!.start(),
    ]);
    await owner.end();
    await authOwner.end();
    await mongo.close();
  });

  const seats = () => catalog.collection<Id & { status: string; version: number }>('seats');
  const holds = () => catalog.collection<Id & { state: string; history: object[] }>('holds');
  const sql = (text: string, ...values: unknown[]) => owner.query(text, values);
  const authSql = (text: string) => authOwner.query(text);

  async function buySeat(): Promise<string> {
    const token = await registerBuyer(system.api);
    const [seatId] = await freeSeats(system.api, eventId);
    const bookingId = await placeBooking(system, { token, eventId, seatIds: [seatId] });
    await waitUntil(
      'the booking to be confirmed',
      async () => {
        const { rows } = await system.booking.query(
          'select from bookings where id = $1 and status = $2',
          [bookingId, 'confirmed'],
        );
        return rows.length === 1;
      },
      { limitMs: 30_000 },
    );
    return bookingId;
  }

  /** Asks the provider directly, past booking; answers the id of the payment. */
  async function askProvider(path: string, body: Record<string, string> = {}): Promise<string> {
    const response = await fetch(`${system.services.urls.payment}/v1/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.paymentKey}` },
      body: new URLSearchParams(body),
    });
    expect(response.status).to.equal(200);
    return ((await response.json()) as { id: string }).id;
  }

  async function findings(only: number): Promise<string[]> {
    const env = { ...system.stack.env };
    return (await audit({ env, urls: system.services.urls, settleMs: 0, only: [only] })).findings;
  }

  const seatOf = (bookingId: string) => ({ 'commit.bookingId': bookingId });
  const setSeat = (change: object) => seats().updateOne(seatOf(bookings[0]!), { $set: change });
  const setClaims = (change: object) =>
    catalog.collection('quotas').updateMany({ claims: { $size: 1 } }, { $set: change });
  const setBooking = (column: string, value: unknown) =>
    sql(`update bookings set ${column} = $1 where id = $2`, value, bookings[0]);
  const ofBooking = (table: string, change: string) =>
    sql(`update ${table} set ${change} where booking_id = $1`, bookings[0]);
  /** A transfer of the first booking's ticket that only the tables know of. */
  const offerByHand = ({ status = 'offered', expiresIn = '1 day' } = {}) =>
    sql(
      `with made as (
         insert into transfers (id, booking_id, event_id, from_user_id, to_email, to_user_id, status, code_hashes, expires_at)
         select uuidv7(), id, event_id, user_id, 'a@example.org', uuidv7(), $2, '{}', now() + $3::interval
         from bookings where id = $1 returning id, booking_id
       )
       insert into transfer_tickets (transfer_id, ticket_id, status)
       select made.id, t.id, $2 from made join tickets t using (booking_id)`,
      bookings[0],
      status,
      expiresIn,
    );
  const dropOffers = async () => {
    await sql('delete from transfer_tickets');
    await sql('delete from transfers');
  };
  const insertSweep = (cause: string) =>
    sql(
      `insert into event_sweeps
         (event_id, event_version, cause, state, new_starts_at, free_cancel_until, ended_at)
       select event_id, version + 1, $2, 'done', starts_at, case $2 when 'cancelled' then null
         else now() end, now() from events where event_id = $1`,
      eventId,
      cause,
    );
  async function deleteSweeps(): Promise<void> {
    await sql('delete from event_sweep_outcomes');
    await sql('delete from event_sweeps');
  }
  const taken = new Map<string, unknown>();
  const keep = async (name: string, value: Promise<unknown>) => taken.set(name, await value);

  const forgetFees = (): Pick<Damage, 'breaks' | 'mends'> => ({
    breaks: async () => {
      const { rows } = await sql('select charges from bookings where id = $1', bookings[0]);
      taken.set('charges', JSON.stringify(rows[0].charges));
      await setBooking('charges', '[]');
    },
    mends: () => setBooking('charges', taken.get('charges')),
  });
  /** A cent from each line of an account to the other's, so that journals still sum to zero. */
  const moveMoney = async (from: string, to: string) => {
    const change = (kind: string, by: number) =>
      sql(
        `update ledger_lines l set amount_minor = amount_minor + $2
         from ledger_accounts a where a.id = l.account_id and a.kind = $1`,
        ...[kind, by],
      );
    await change(from, 1);
    await change(to, -1);
  };

  const damages: Damage[] = [
    {
      invariant: 1,
      what: 'a seat that is gone',
      breaks: async () => {
        await keep('seat', seats().findOne(seatOf(bookings[0]!)));
        await seats().deleteOne(seatOf(bookings[0]!));
      },
      mends: () => seats().insertOne(taken.get('seat') as Id & { status: string; version: number }),
    },
    {
      invariant: 2,
      what: 'a ticket for a seat that is not sold',
      breaks: () => setSeat({ status: 'available' }),
      mends: () => setSeat({ status: 'sold' }),
    },
    {
      invariant: 2,
      what: 'a sold seat without a ticket',
      breaks: () => ofBooking('tickets', `status = 'void'`),
      mends: () => ofBooking('tickets', `status = 'live'`),
    },
    {
      invariant: 2,
      what: 'two tickets for a seat',
      breaks: async () => {
        await sql('drop index one_ticket_a_seat');
        await sql(
          `insert into tickets (id, booking_id, event_id, seat_id, holder_id, status) select uuidv7(), $1, event_id, seat_id, holder_id, 'live' from tickets where booking_id = $2`,
          bookings[1],
          bookings[0],
        );
      },
      mends: async () => {
        await sql(
          'delete from tickets where booking_id = $1 and seat_id in (select seat_id from tickets where booking_id = $2)',
          bookings[1],
          bookings[0],
        );
        await sql(
          `create unique index one_ticket_a_seat on tickets (event_id, seat_id) where status in ('reserved', 'live')`,
        );
      },
    },
    {
      invariant: 2,
      what: 'a ticket of somebody whom nobody gave it',
      breaks: () => ofBooking('tickets', 'holder_id = uuidv7()'),
      mends: () =>
        sql('update tickets t set holder_id = b.user_id from bookings b where b.id = t.booking_id'),
    },
    {
      invariant: 2,
      what: 'an epoch that no transfer made',
      breaks: () => ofBooking('tickets', 'epoch = 2'),
      mends: () => ofBooking('tickets', 'epoch = 1'),
    },
    {
      invariant: 2,
      what: 'a ticket that was accepted and stayed with its buyer',
      breaks: () => offerByHand({ status: 'accepted' }),
      mends: dropOffers,
    },
    {
      invariant: 2,
      what: 'a ticket on offer twice',
      breaks: async () => {
        await sql('drop index one_open_offer_a_ticket');
        await offerByHand();
        await offerByHand();
      },
      mends: async () => {
        await dropOffers();
        await sql(
          `create unique index one_open_offer_a_ticket on transfer_tickets (ticket_id) where status = 'offered'`,
        );
      },
    },
    {
      invariant: 3,
      what: 'a seat held by nobody',
      breaks: () =>
        seats().updateMany({ eventId, status: 'available' } as object, {
          $set: { status: 'held', hold: { id: 'nobody' } },
        }),
      mends: () =>
        seats().updateMany({ eventId, status: 'held' } as object, {
          $set: { status: 'available' },
          $unset: { hold: 1 },
        }),
    },
    {
      invariant: 4,
      what: 'a seat whose version went back',
      breaks: async () => {
        await keep('seat', seats().findOne(seatOf(bookings[0]!)));
        await setSeat({ version: 1 });
      },
      mends: () => setSeat({ version: (taken.get('seat') as { version: number }).version }),
    },
    {
      invariant: 5,
      what: 'a confirmed hold that lost its seat',
      breaks: () => setSeat({ status: 'available' }),
      mends: () => setSeat({ status: 'sold' }),
    },
    {
      invariant: 5,
      what: 'a confirmed booking without its ticket',
      breaks: () => ofBooking('tickets', `status = 'void'`),
      mends: () => ofBooking('tickets', `status = 'live'`),
    },
    {
      invariant: 5,
      what: 'an id that is no booking’s',
      breaks: () => sql(`insert into booking_ids values ('01980000-0000-7000-8000-000000000001')`),
      mends: () => sql(`delete from booking_ids where id = '01980000-0000-7000-8000-000000000001'`),
    },
    {
      invariant: 6,
      what: 'money kept for a booking that failed',
      breaks: () => setBooking('status', 'failed'),
      mends: () => setBooking('status', 'confirmed'),
    },
    {
      invariant: 7,
      what: 'a refund of part of a live ticket',
      breaks: () => ofBooking('payments', 'refunded_minor = 1'),
      mends: () => ofBooking('payments', 'refunded_minor = 0'),
    },
    {
      invariant: 7,
      what: 'money said to be kept of a cancellation that never was',
      breaks: () => ofBooking('payments', 'kept_minor = 1'),
      mends: () => ofBooking('payments', 'kept_minor = 0'),
    },
    {
      invariant: 7,
      what: 'a seat repaid without its payment knowing',
      breaks: async () => {
        await sql(
          `insert into refunds (id, payment_id, booking_id, amount_minor, currency, reason, asked_by, status)
           select booking_id, id, booking_id, 1, currency, 'x', 'x', 'succeeded'
           from payments where booking_id = $1`,
          bookings[0],
        );
        await sql(
          `insert into refund_parts (refund_id, seat_id, kind, amount_minor)
           select booking_id, seat_id, 'face_value', 1 from booking_seats where booking_id = $1`,
          bookings[0],
        );
      },
      mends: async () => {
        await sql('delete from refund_parts where refund_id = $1', bookings[0]);
        await sql('delete from refunds where id = $1', bookings[0]);
      },
    },
    {
      invariant: 8,
      what: 'a refund without the parts it repays, which the ledger does not owe',
      breaks: () =>
        sql(
          `insert into refunds (id, payment_id, booking_id, amount_minor, currency, reason, asked_by, status)
           select booking_id, id, booking_id, 1, currency, 'x', 'x', 'requested'
           from payments where booking_id = $1`,
          bookings[0],
        ),
      mends: () => sql('delete from refunds where id = $1', bookings[0]),
    },
    {
      invariant: 8,
      what: 'a journal that does not sum to zero',
      breaks: () =>
        sql('update ledger_lines set amount_minor = amount_minor + 1 where amount_minor > 0'),
      mends: () =>
        sql('update ledger_lines set amount_minor = amount_minor - 1 where amount_minor > 0'),
    },
    {
      invariant: 7,
      what: 'a fee that a live ticket does not keep',
      ...forgetFees(),
    },
    {
      invariant: 8,
      what: 'fees in the ledger that no booking was charged',
      ...forgetFees(),
    },
    {
      invariant: 8,
      what: 'taxes that the ledger has for the organizer’s own',
      breaks: () => moveMoney('taxes_payable', 'organizer_payable'),
      mends: () => moveMoney('organizer_payable', 'taxes_payable'),
    },
    {
      invariant: 8,
      what: 'a capture that our books do not have',
      breaks: () => ofBooking('payments', 'captured_minor = 0'),
      mends: () => ofBooking('payments', 'captured_minor = amount_minor'),
    },
    {
      invariant: 10,
      what: 'a hold without the history of its state',
      breaks: async () => {
        await keep('hold', holds().findOne({ eventId, state: 'confirmed' } as object));
        const { _id } = taken.get('hold') as Id;
        await holds().updateOne({ _id }, { $set: { history: [] } });
      },
      mends: () => {
        const { _id, history } = taken.get('hold') as Id & { history: object[] };
        return holds().updateOne({ _id }, { $set: { history } });
      },
    },
    {
      invariant: 10,
      what: 'an altered audit entry',
      breaks: () =>
        sql(
          `update audit_entries set actor = actor || '!' where aggregate_id = $1 and seq = 1`,
          bookings[0],
        ),
      mends: () =>
        sql(
          `update audit_entries set actor = rtrim(actor, '!') where aggregate_id = $1 and seq = 1`,
          bookings[0],
        ),
    },
    {
      invariant: 10,
      what: 'a transfer without an audit entry',
      breaks: () => offerByHand({ status: 'withdrawn' }),
      mends: dropOffers,
    },
    {
      invariant: 10,
      what: 'a sweep without an audit entry',
      breaks: () => insertSweep('rescheduled'),
      mends: deleteSweeps,
    },
    {
      invariant: 10,
      what: 'a key of tickets that was revoked without an audit entry',
      breaks: () => sql('update ticket_keys set revoked_at = now()'),
      mends: () => sql('update ticket_keys set revoked_at = null'),
    },
    {
      invariant: 10,
      what: 'an audit chain whose end was cut off',
      breaks: async () => {
        await sql(
          `create temporary table cut as select * from audit_entries
           where aggregate_id = '${bookings[0]}' order by seq desc limit 1`,
        );
        await sql(
          'delete from audit_entries using cut where audit_entries.aggregate_id = cut.aggregate_id and audit_entries.seq = cut.seq',
        );
      },
      mends: () => sql('insert into audit_entries select * from cut'),
    },
    {
      invariant: 11,
      what: 'a message that nobody publishes',
      breaks: () => sql(`insert into outbox (bucket, message) values (99, '{}')`),
      mends: () => sql('delete from outbox where bucket = 99'),
    },
    {
      invariant: 13,
      what: 'a failed booking that was confirmed after all',
      breaks: () =>
        sql(
          `insert into audit_entries (aggregate_type, aggregate_id, seq, action, old_status, new_status, actor, request_id, correlation_id, previous_hash, hash)
           values ('booking', $1, 99, 'confirm', 'failed', 'confirmed', 'x', 'x', 'x', '', '')`,
          bookings[0],
        ),
      mends: () => sql('delete from audit_entries where seq = 99'),
    },
    {
      invariant: 13,
      what: 'a transfer that ended twice',
      breaks: () =>
        sql(
          `insert into audit_entries (aggregate_type, aggregate_id, seq, action, old_status, new_status, actor, request_id, correlation_id, previous_hash, hash)
           values ('transfer', $1, 99, 'transfer.accepted', 'withdrawn', 'accepted', 'x', 'x', 'x', '', '')`,
          bookings[0],
        ),
      mends: () => sql('delete from audit_entries where seq = 99'),
    },
    {
      invariant: 14,
      what: 'an offer that is open after its time',
      breaks: () => offerByHand({ expiresIn: '-2 minutes' }),
      mends: dropOffers,
    },
    {
      invariant: 14,
      what: 'an offer of a void ticket',
      breaks: async () => {
        await offerByHand();
        await ofBooking('tickets', `status = 'void'`);
      },
      mends: async () => {
        await dropOffers();
        await ofBooking('tickets', `status = 'live'`);
      },
    },
    {
      invariant: 14,
      what: 'a booking left half done',
      breaks: () => setBooking('status', 'authorized'),
      mends: () => setBooking('status', 'confirmed'),
    },
    {
      invariant: 14,
      what: 'a ticket left reserved',
      breaks: () => ofBooking('tickets', `status = 'reserved'`),
      mends: () => ofBooking('tickets', `status = 'live'`),
    },
    {
      invariant: 14,
      what: 'a hold left in a middle state',
      breaks: () =>
        holds().updateMany({ eventId, state: 'confirmed' } as object, {
          $set: { state: 'confirming' },
        }),
      mends: () =>
        holds().updateMany({ eventId, state: 'confirming' } as object, {
          $set: { state: 'confirmed' },
        }),
    },
    {
      invariant: 15,
      what: 'a hold that was booked twice',
      breaks: async () => {
        const { rows } = await owner.query<{ hold_id: string }>(
          'select hold_id from bookings where id = any($1) order by id',
          [bookings],
        );
        taken.set('holdId', rows[0]?.hold_id);
        await setBooking('hold_id', rows[1]?.hold_id);
      },
      mends: () => setBooking('hold_id', taken.get('holdId')),
    },
    {
      invariant: 16,
      what: 'an event that booking knows by another name',
      breaks: () => sql(`update events set name = name || '!' where event_id = $1`, eventId),
      mends: () => sql(`update events set name = rtrim(name, '!') where event_id = $1`, eventId),
    },
    {
      invariant: 16,
      what: 'an account that analysts know by another name',
      breaks: () => sql(`update projections.customers set name = name || '!'`),
      mends: () => sql(`update projections.customers set name = rtrim(name, '!')`),
    },
    {
      invariant: 16,
      what: 'a hold of which analysts count too many seats',
      breaks: () => sql('update projections.holds set seats = seats + 1'),
      mends: () => sql('update projections.holds set seats = seats - 1'),
    },
    {
      invariant: 16,
      what: 'a booking that auth does not count for its buyer',
      breaks: () => authSql('update tier_bookings set cancelled = true'),
      mends: () => authSql('update tier_bookings set cancelled = false'),
    },
    {
      invariant: 16,
      what: 'a tier that no booking earned and no admin gave',
      breaks: () => authSql(`update users set tier = 'vip'`),
      mends: () => authSql(`update users set tier = 'regular'`),
    },
    {
      invariant: 17,
      what: 'a quota that counts wrong',
      breaks: () => sql('update buyer_quotas set seats = seats + 1'),
      mends: () => sql('update buyer_quotas set seats = seats - 1'),
    },
    {
      invariant: 17,
      what: 'a claim for more seats than its hold has',
      breaks: () => setClaims({ 'claims.0.n': 2 }),
      mends: () => setClaims({ 'claims.0.n': 1 }),
    },
    {
      invariant: 17,
      what: 'a claim that runs out though its seat is sold',
      breaks: () => setClaims({ 'claims.0.expiresAt': new Date(0) }),
      mends: () => setClaims({ 'claims.0.expiresAt': null }),
    },
    {
      invariant: 10,
      what: 'a ticket whose audit entries do not say that it is void',
      breaks: () => ofBooking('tickets', `status = 'void'`),
      mends: () => ofBooking('tickets', `status = 'live'`),
    },
    {
      invariant: 19,
      what: 'a ticket that let in two people without an exit between them',
      breaks: async () => {
        for (const seq of [1, 3]) {
          await sql(
            `insert into ticket_passages (ticket_id, seq, direction, event_id, gate, scanner_id)
             select id, $2, 'entry', event_id, 'North', holder_id from tickets where booking_id = $1`,
            bookings[0],
            seq,
          );
        }
        await ofBooking('tickets', 'passages = 3, is_inside = true, first_entered_at = now()');
      },
      mends: async () => {
        await sql('delete from ticket_passages');
        await ofBooking('tickets', 'passages = 0, is_inside = false, first_entered_at = null');
      },
    },
    {
      invariant: 19,
      what: 'a ticket that let somebody in after it was void',
      breaks: () =>
        sql(
          `insert into audit_entries (aggregate_type, aggregate_id, seq, action, new_status, actor, request_id, correlation_id, previous_hash, hash)
           select 'ticket', id, seq, action, status, 'x', 'x', 'x', '', ''
           from (select id, booking_id from tickets) t, (values (98, 'ticket.void', 'void'),
             (99, 'ticket.checked_in', 'live')) as e (seq, action, status)
           where booking_id = $1`,
          bookings[0],
        ),
      mends: () => sql('delete from audit_entries where seq >= 98'),
    },
    {
      invariant: 14,
      what: 'a cancelled event that nobody swept',
      breaks: () => sql(`update events set status = 'cancelled' where event_id = $1`, eventId),
      mends: () => sql(`update events set status = 'published' where event_id = $1`, eventId),
    },
    {
      invariant: 14,
      what: 'a live ticket of a cancelled event whose sweep is done',
      breaks: () => insertSweep('cancelled'),
      mends: deleteSweeps,
    },
    {
      invariant: 11,
      what: 'a booking that is said to be told of a move and was not',
      breaks: async () => {
        await insertSweep('rescheduled');
        await sql(
          'insert into event_sweep_outcomes (sweep_id, booking_id) select id, $1 from event_sweeps',
          bookings[0],
        );
      },
      mends: deleteSweeps,
    },
    {
      invariant: 16,
      what: 'a sold booking with another start than its event',
      breaks: () =>
        sql(
          `update bookings set starts_at = starts_at + interval '1 h' where id = $1`,
          bookings[0],
        ),
      mends: () =>
        sql(
          `update bookings set starts_at = starts_at - interval '1 h' where id = $1`,
          bookings[0],
        ),
    },
    {
      invariant: 20,
      what: 'a price that is not that of seats, fees and taxes',
      ...forgetFees(),
    },
    {
      invariant: 20,
      what: 'a price other than the offer’s',
      breaks: () => ofBooking('booking_seats', 'price_minor = price_minor + 1'),
      mends: () => ofBooking('booking_seats', 'price_minor = price_minor - 1'),
    },
  ];

  for (const { invariant, what, breaks, mends } of damages) {
    it(`finds ${what} (invariant ${invariant}), and nothing once it is mended`, async () => {
      expect(await findings(invariant), 'before').to.deep.equal([]);
      try {
        await breaks();
        expect(await findings(invariant), 'broken').not.to.deep.equal([]);
      } finally {
        await mends();
      }
      expect(await findings(invariant), 'mended').to.deep.equal([]);
    });
  }

  it('finds money left reserved for a booking that is over (invariant 8), and nothing once it is released', async () => {
    const intent = await askProvider('payment_intents', {
      amount: '4800',
      currency: 'eur',
      payment_method: 'pm_card_visa',
      capture_method: 'manual',
      confirm: 'true',
    });
    const payment = 'update payments set provider_id = $1 where booking_id = $2';
    const { rows } = await system.booking.query<{ provider_id: string; status: string }>(
      `select provider_id, status from payments where booking_id = $1`,
      [bookings[0]],
    );
    const found = async () => (await findings(8)).filter((text) => text.includes('reserved'));
    try {
      await sql(payment, intent, bookings[0]);
      expect(await found(), 'while the booking lives').to.deep.equal([]);
      await setBooking('status', 'failed');
      expect(await found(), 'once it has failed').to.have.length(1);
      await askProvider(`payment_intents/${intent}/cancel`);
      expect(await found(), 'once it is released').to.deep.equal([]);
    } finally {
      await sql(payment, rows[0]?.provider_id, bookings[0]);
      await setBooking('status', 'confirmed');
    }
  });

  it('finds a second capture at the provider (invariant 9), and nothing wrong with one', async () => {
    const check = MONEY_CHECKS.find(({ invariant }) => invariant === 9);
    const once = {
      id: 'pi_1',
      status: 'succeeded',
      currency: 'EUR',
      amountMinor: 1,
      capturedMinor: 1,
      refundedMinor: 0,
      captures: 1,
      bookingId: 'b',
    };
    const findingsOf = async (intents: ProviderIntent[]) =>
      (await check!.run({ readProvider: async () => intents } as Sources)).findings;
    expect(await findingsOf([once])).to.deep.equal([]);
    expect(await findingsOf([once, { ...once, id: 'pi_2' }])).to.have.length(1);
  });
});
