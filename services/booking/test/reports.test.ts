import { eventUpdated } from '@holdfast/shared/contracts/events.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import pg from 'pg';
import { REPORT_VIEWS } from '../src/stores/report-exports.ts';
import { makeOffer, makeSeat } from './catalog.ts';
import { startWorld, type World } from './world.ts';

describe('reports', () => {
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

  it('equal the ledger and the provider, rank within the currency, and follow cancellations', async () => {
    const [big, small, foreign] = [newId(), newId(), newId()];
    await sell({ eventId: big, seats: [makeSeat('R-1', 9_000)] });
    const cancelled = await sell({ eventId: big, seats: [makeSeat('R-2', 9_000)] });
    await sell({ eventId: small, seats: [makeSeat('R-1', 8_000)] });
    await sell({ eventId: foreign, currency: 'CHF', seats: [makeSeat('R-1', 70_000)] });
    const admin = await world.login(['admin']);
    await admin.post(`/api/bookings/${cancelled}/cancel`, { reason: 'customer_request' });
    await world.catalog.publishEvent(eventUpdated, { eventId: big, name: 'Renamed' }, 5);
    await waitUntil('the projection', async () => {
      return (await world.rows('select from events where event_id = $1', [big])).length === 1;
    });

    const analyst = await world.login(['analyst']);
    const report = await analyst.get('/api/admin/reports/revenue-by-event');
    expect(report.status).to.equal(200);
    const rowOf = (eventId: string) =>
      report.body.rows.find((row: { eventId: string }) => row.eventId === eventId);
    expect(rowOf(big)).to.include({
      event: 'Renamed',
      city: 'Wien',
      bookings: 1,
      liveTickets: 1,
      grossMinor: 18_000,
      refundedMinor: 9_000,
      netMinor: 9_000,
    });
    expect(rowOf(small)).to.include({ grossMinor: 8_000, netMinor: 8_000, city: null });
    expect(rowOf(big).revenueRank).to.be.lessThan(rowOf(small).revenueRank);
    expect(rowOf(foreign)).to.include({ currency: 'CHF', revenueRank: 1 });

    const ledger = await world.rows<Record<string, string>>(`
        select a.event_id as "eventId", a.currency,
          -sum(l.amount_minor) filter (where j.kind = 'capture') as gross,
          -sum(l.amount_minor) as net
        from ledger_lines l join ledger_accounts a on a.id = l.account_id
        join ledger_journals j on j.id = l.journal_id
        where a.event_id is not null group by 1, 2`);
    const reported = report.body.rows.map(
      (row: { eventId: string; currency: string; grossMinor: number; netMinor: number }) => ({
        eventId: row.eventId,
        currency: row.currency,
        gross: String(row.grossMinor),
        net: String(row.netMinor),
      }),
    );
    expect(reported).to.have.deep.members(
      ledger.map((row) => ({ ...row, gross: String(row.gross), net: String(row.net) })),
    );
  });

  it('are all that the role analyst can read, and it can write nothing', async () => {
    const views = await world.rows<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'analytics'::regnamespace`,
    );
    expect(views.map(({ name }) => name).sort()).to.deep.equal([...REPORT_VIEWS]);
    for (const { name } of views) {
      const statement = `select count(*) from analytics.${name}`;
      expect(await errorOf('analyst', [statement]), name).to.equal('none');
    }
    for (const statement of [
      'select count(*) from projections.customers',
      'select count(*) from projections.holds',
      'select count(*) from bookings',
      'select count(*) from payments',
      'select count(*) from audit_entries',
      'create table analytics.mine (a int)',
      'delete from analytics.revenue_by_event',
    ]) {
      expect(await errorOf('analyst', [statement]), statement).to.match(/^(42501|42P01|55000)/);
    }
  });

  it('say what each column is', async () => {
    const undocumented = await world.rows(`
        select c.relname, a.attname from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
        where c.relnamespace = 'analytics'::regnamespace
          and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)`);
    expect(undocumented).to.deep.equal([]);
  });
});
