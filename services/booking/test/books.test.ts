import { newId } from '@holdfast/shared/ids.ts';
import { expect } from 'chai';
import pg from 'pg';
import { makeOffer, makeSeat } from './catalog.ts';
import { startWorld, type World } from './world.ts';

/** What must hold of the tables whatever the code does, and what is read out of them. */
describe('books', () => {
  let world: World;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
  });
  after(() => world?.stop());

  async function sell(parts: Parameters<typeof makeOffer>[1] = {}): Promise<string> {
    const buyer = await world.login();
    const offer = await world.signOffer(makeOffer(buyer.userId, parts));
    const { bookingId } = (await buyer.book(offer)).body.booking;
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    return bookingId;
  }

  /** The error of a statement run as the service's role, or as the owner, in a transaction. */
  async function errorOf(role: string, ...statements: [string, unknown[]?][]): Promise<string> {
    const client = await world.owner.connect();
    try {
      await client.query('begin');
      await client.query(`set local role ${role}`);
      for (const [text, values] of statements) await client.query(text, values);
      await client.query('commit');
      return 'none';
    } catch (error) {
      await client.query('rollback');
      return error instanceof pg.DatabaseError ? `${error.code} ${error.message}` : String(error);
    } finally {
      client.release();
    }
  }

  it('refuse rows of a booking that is not there, in each table that refers to one', async () => {
    const bookingId = await sell();
    const referring = await world.rows<{ name: string; column: string; target: string }>(
      `select conrelid::regclass::text as name, attname as column, confrelid::regclass::text as target
       from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1]
       where contype = 'f' and confrelid in ('bookings'::regclass, 'booking_ids'::regclass)
         and conparentid = 0`,
    );
    // None refers to the partitions, where a check costs ten times as much.
    expect([...new Set(referring.map(({ target }) => target))]).to.deep.equal(['booking_ids']);
    expect(referring.map(({ name }) => name)).to.include.members([
      'booking_seats',
      'hold_claims',
      'idempotency_keys',
      'ledger_journals',
      'payments',
      'provider_calls',
      'refunds',
      'tickets',
    ]);
    const copy = `insert into booking_seats select (json_populate_record(s, json_build_object(
      'booking_id', $1::uuid, 'seat_id', 'Z-9'))).*
      from booking_seats s where booking_id = $2 limit 1`;
    const added = (id: string) => errorOf('booking_app', [copy, [id, bookingId]]);
    expect(await added(newId())).to.match(/^23503 /);
    expect(await added(bookingId)).to.equal('none');
  });

  describe('ledger', () => {
    it('refuses a journal that does not sum to zero, and one without lines', async () => {
      const bookingId = await sell();
      const [payment] = await world.rows<{ id: string }>(
        'select id from payments where booking_id = $1',
        [bookingId],
      );
      const [account] = await world.rows<{ id: string; currency: string }>(
        'select id, currency from ledger_accounts limit 1',
      );
      const journal: [string, unknown[]] = [
        `insert into ledger_journals (id, kind, booking_id, payment_id) values ($1, 'refund', $2, $3)`,
        ['0198c9d5-4444-7000-8000-000000000001', bookingId, payment?.id],
      ];
      const line: [string, unknown[]] = [
        'insert into ledger_lines (journal_id, account_id, currency, amount_minor) values ($1, $2, $3, 5)',
        ['0198c9d5-4444-7000-8000-000000000001', account?.id, account?.currency],
      ];
      expect(await errorOf('booking_app', journal, line)).to.match(/23514 .*does not sum to zero/);
      expect(await errorOf('booking_app', journal)).to.match(/23514 .*has no lines/);
    });

    it('refuses to write a capture twice, to change a line, and to refund more than was taken', async () => {
      const bookingId = await sell();
      const again: [string, unknown[]] = [
        `insert into ledger_journals (kind, booking_id, payment_id)
         select kind, booking_id, payment_id from ledger_journals where booking_id = $1`,
        [bookingId],
      ];
      expect(await errorOf('booking_app', again)).to.match(/^23505/);
      expect(await errorOf('booking_app', ['update ledger_lines set amount_minor = 1'])).to.match(
        /^42501/,
      );
      expect(await errorOf('postgres', ['delete from ledger_lines'])).to.match(/append-only/);
      const refund: [string, unknown[]] = [
        'update payments set refunded_minor = captured_minor + 1 where booking_id = $1',
        [bookingId],
      ];
      expect(await errorOf('booking_app', refund)).to.match(/refunds_within_capture/);
    });

    it('has only journals that sum to zero, and one capture a payment', async () => {
      await sell();
      const unbalanced = await world.rows(
        'select journal_id from ledger_lines group by 1, currency having sum(amount_minor) <> 0',
      );
      expect(unbalanced).to.deep.equal([]);
      const captures = await world.rows<{ n: number }>(
        `select count(*)::int as n from ledger_journals where kind = 'capture' group by payment_id`,
      );
      expect(captures.length).to.be.at.least(1);
      expect(captures.every(({ n }) => n === 1)).to.equal(true);
    });
  });

  describe('audit', () => {
    it('has one entry a change of booking, payment and ticket, in one chain', async () => {
      const bookingId = await sell();
      const entries = await world.rows<{ action: string; aggregate_type: string }>(
        `select a.action, a.aggregate_type from audit_entries a
         where a.aggregate_id = $1
           or a.aggregate_id in (select id from payments where booking_id = $1)
           or a.aggregate_id in (select id from tickets where booking_id = $1)
         order by a.aggregate_type, a.aggregate_id, a.seq`,
        [bookingId],
      );
      const ticket = ['ticket.reserved', 'ticket.live'];
      expect(entries.map(({ action }) => action)).to.deep.equal([
        'booking.placed',
        'booking.authorized',
        'booking.capturing',
        'booking.confirmed',
        'payment.requested',
        'payment.authorized',
        'payment.captured',
        ...ticket,
        ...ticket,
      ]);
      const broken = await world.rows(`
        select e.* from audit_entries e
        left join audit_entries p on p.aggregate_type = e.aggregate_type
          and p.aggregate_id = e.aggregate_id and p.seq = e.seq - 1
        where e.hash <> audit_hash(e) or e.previous_hash <> coalesce(p.hash, '')`);
      expect(broken).to.deep.equal([]);
      const heads = await world.rows(`
        select h.* from audit_heads h
        join audit_entries e using (aggregate_type, aggregate_id, seq)
        where h.hash <> e.hash`);
      expect(heads).to.deep.equal([]);
    });

    it('names the buyer and the request that began it, down to the capture', async () => {
      const bookingId = await sell();
      const entries = await world.rows<{ correlation_id: string; actor: string; action: string }>(
        'select actor, correlation_id, action from audit_entries where aggregate_id = $1 order by seq',
        [bookingId],
      );
      expect(entries[0]?.actor).to.match(/^user:/);
      expect(entries[1]?.correlation_id).to.equal(entries[0]?.correlation_id);
    });

    it('refuses update and delete: to the service by grant, to the owner by trigger', async () => {
      await sell();
      for (const statement of [
        `update audit_entries set reason = 'x'`,
        'delete from audit_entries',
        'truncate audit_entries',
      ]) {
        expect(await errorOf('booking_app', [statement]), statement).to.match(/permission denied/);
        expect(await errorOf('postgres', [statement]), statement).to.match(/append-only/);
      }
    });
  });

  describe('tickets and quotas', () => {
    it('refuse a second living ticket of a seat, whoever writes it', async () => {
      const eventId = newId();
      const bookingId = await sell({ eventId, seats: [makeSeat('T-1')] });
      const other = await sell();
      const rival: [string, unknown[]] = [
        `insert into tickets (id, booking_id, event_id, seat_id, status, holder_id)
         values ($1, $2, $3, 'T-1', 'reserved', $4)`,
        [newId(), other, eventId, newId()],
      ];
      expect(await errorOf('booking_app', rival)).to.match(/one_ticket_a_seat/);
      expect(bookingId).to.be.a('string');
    });
  });

  describe('partitions', () => {
    it('stand for this month and the next three, and hold the new bookings', async () => {
      const bookingId = await sell();
      const [row] = await world.rows<{ partition: string; expected: string }>(
        `select tableoid::regclass::text as partition,
           'bookings_' || to_char(now() at time zone 'UTC', 'YYYY_MM') as expected
         from bookings where id = $1`,
        [bookingId],
      );
      expect(row?.partition).to.equal(row?.expected);
      const names = await partitions();
      expect(names).to.include('bookings_default');
      expect(names.length).to.equal(5);
    });

    it('are created by the month, once, with bounds at month starts', async () => {
      const create = 'select create_booking_partitions($1::date, 14) as created';
      const run = async () =>
        (await world.rows<{ created: number }>(create, ['2030-11-17']))[0]?.created;
      expect(await Promise.all([run(), run()])).to.have.members([14, 0]);
      expect(await run()).to.equal(0);
      const [bound] = await world.rows<{ bound: string }>(
        `select pg_get_expr(relpartbound, oid) as bound from pg_class where relname = 'bookings_2030_12'`,
      );
      const floor = (instant: string) =>
        `${new Date(instant)
          .getTime()
          .toString(16)
          .padStart(12, '0')
          .replace(/^(.{8})/, '$1-')}-0000-0000-000000000000`;
      expect(bound?.bound).to.equal(
        `FOR VALUES FROM ('${floor('2030-12-01T00:00:00Z')}') TO ('${floor('2031-01-01T00:00:00Z')}')`,
      );
    });

    const partitions = async () =>
      (
        await world.rows<{ name: string }>(
          `select inhrelid::regclass::text as name from pg_inherits
           where inhparent = 'bookings'::regclass`,
        )
      ).map(({ name }) => name);
  });
});
