import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { REPORT_VIEWS } from '../src/stores/report-exports.ts';
import { makeOffer, makeSeat } from './catalog.ts';
import { startWorld, type World } from './world.ts';

describe('exports of reports', () => {
  let world: World;

  before(async function () {
    this.timeout(60_000);
    world = await startWorld();
  });
  after(() => world?.stop());

  async function get(path: string, token: string, signal?: AbortSignal): Promise<Response> {
    return fetch(world.service.url + path, {
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
      ...(signal && { signal }),
    });
  }

  /** Makes a view slow to end and large, in a database that only this test has. */
  async function makeFreshnessEndless(): Promise<void> {
    await world.rows(`
      create or replace view analytics.freshness as
      select 'auth.users'::text as source, 1::bigint as messages, null::uuid as message_id,
        now() as message_time, now() as applied_at, n::numeric as lag_seconds,
        0::numeric as quiet_seconds
      from (select generate_series(1, 2000000000) as n) endless`);
  }

  const queries = () =>
    world.rows<{ pid: number }>(
      `select pid from pg_stat_activity
       where application_name like '%exports' and datname = current_database()
         and state = 'active'`,
    );

  it('require a login and the role admin', async () => {
    const analyst = await world.login(['analyst']);
    for (const ending of ['csv', 'ndjson']) {
      expect((await get(`/api/reports/refunds.${ending}`, '')).status).to.equal(401);
      expect((await get(`/api/reports/refunds.${ending}`, analyst.token)).status).to.equal(403);
    }
  });

  it('give the rows of a view as CSV and as lines of JSON, the same in both', async () => {
    const buyer = await world.login();
    const eventId = newId();
    const offer = makeOffer(buyer.userId, {
      ...{ eventId, eventName: 'Fools, "kings" and others' },
      seats: [makeSeat('E-1', 1_234), makeSeat('E-2', 4_321)],
    });
    const { bookingId } = (await buyer.book(await world.signOffer(offer))).body.booking;
    expect((await buyer.outcome(bookingId)).status).to.equal('confirmed');
    const { token } = await world.login(['admin']);

    const csv = await get('/api/reports/recent_bookings.csv', token);
    expect(csv.status).to.equal(200);
    expect(csv.headers.get('content-type')).to.match(/^text\/csv/);
    expect(csv.headers.get('content-disposition')).to.equal(
      'attachment; filename="recent_bookings.csv"',
    );
    const [header, row, end] = (await csv.text()).split('\r\n');
    expect(header).to.match(/^booking_id,confirmed_at,event_id,event,city,/);
    expect(row).to.match(new RegExp(`^${bookingId},[^,]+,${eventId},"Fools, ""kings"" and`));
    expect(row).to.match(/,2,EUR,5555,1,5555,1,5555$/);
    expect(end).to.equal('');

    const ndjson = await get('/api/reports/recent_bookings.ndjson', token);
    const lines = (await ndjson.text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).to.deep.equal(
      await world
        .rows('select row_to_json(r) from analytics.recent_bookings r')
        .then((rows) => rows.map((one) => (one as { row_to_json: object }).row_to_json)),
    );
  });

  it('are there for every view, and for nothing else', async () => {
    const { token } = await world.login(['admin']);
    for (const view of REPORT_VIEWS) {
      const answer = await get(`/api/reports/${view}.csv`, token);
      expect(answer.status, view).to.equal(200);
      expect(await answer.text(), view).to.match(/^[a-z_]+(,[a-z_]+)+\r\n/);
    }
    for (const other of ['bookings.csv', 'audit_entries.ndjson', 'refunds.xml', 'refunds']) {
      const { status } = await get(`/api/reports/${other}`, token);
      expect(status, other).to.be.within(400, 422);
    }
  });

  it('end their query when the client goes away, and free their place; a fourth has to wait', async () => {
    await makeFreshnessEndless();
    const { token } = await world.login(['admin']);
    const leaving = new AbortController();
    const path = '/api/reports/freshness.ndjson';
    const open = await Promise.all([1, 2, 3].map(() => get(path, token, leaving.signal)));
    for (const { body } of open) {
      const first = await body?.getReader().read();
      expect(new TextDecoder().decode(first?.value)).to.match(/^{"source":"auth.users"/);
    }
    const fourth = await get(path, token);
    expect(fourth.status).to.equal(429);
    leaving.abort();
    await waitUntil('the end of the queries', async () => (await queries()).length === 0);
    const again = await get('/api/reports/refunds.csv', token);
    expect(again.status).to.equal(200);
    await again.text();
  });

  it('end a query that has answered nothing so far when the client goes away', async () => {
    await world.rows(`
      create or replace view analytics.freshness as
      select max(source) as source, max(n)::bigint as messages, null::uuid as message_id,
        now() as message_time, now() as applied_at, 0::numeric as lag_seconds,
        0::numeric as quiet_seconds
      from (select generate_series(1, 2000000000) as n, 'x'::text as source) endless`);
    const { token } = await world.login(['admin']);
    const leaving = new AbortController();
    const answer = get('/api/reports/freshness.csv', token, leaving.signal).then(
      (response) => response.text(),
      () => 'gone',
    );
    await waitUntil('the query', async () => (await queries()).length === 1);
    leaving.abort();
    await waitUntil('its end', async () => (await queries()).length === 0);
    expect(await answer.catch(() => 'gone')).to.equal('gone');
  });
});
