import { createServer } from 'node:http';
import { newId } from '@holdfast/shared/ids.ts';
import pg from 'pg';
import { readSettings, stopOnSignal } from './settings.ts';

export type OneStatementSettings = { port: number; postgresUrl: string; inFlight: number };
export type OneStatementRun = { booked: number; seconds: number };

const SEATS = 2;
const PRICE_MINOR = 4_500;

// All rows that a confirmed booking leaves, in one prepared statement and so one commit, without
// HTTP, provider, messages or anybody who asks again. Several bookings a statement would be faster.
const settings = readSettings<OneStatementSettings>();
const pool = new pg.Pool({ connectionString: settings.postgresUrl, max: 16 });

const BOOK = `with made as (
    insert into bookings (id, hold_id, event_id, user_id, status, currency, total_minor)
    values ($1, $2, $3, $4, 'confirmed', 'EUR', $5) returning *
  ), keyed as (
    insert into idempotency_keys select user_id, hold_id, id from made
  ), claimed as (
    insert into hold_claims select hold_id, id from made
  ), counted as (
    insert into quotas select user_id, event_id, cardinality($6::text[]) from made
    on conflict (user_id, event_id) do update set seats = quotas.seats + excluded.seats
  ), seated as (
    insert into booking_seats select id, unnest($6::text[]), $5 / cardinality($6::text[]) from made
  ), ticketed as (
    insert into tickets (booking_id, event_id, seat_id) select id, event_id, unnest($6::text[]) from made
  ), paid as (
    insert into payments (id, booking_id, amount_minor, method, status)
    select $7, id, $5, 'pm_card_visa', 'captured' from made
  ), posted as (
    insert into ledger_lines (booking_id, account, amount_minor)
    select id, account, sign * $5 from made, (values ('clearing', 1), ('payable', -1)) a (account, sign)
  ), audited as (
    insert into audit (booking_id, actor, action) select id, user_id, 'confirmed' from made
  ), told as (
    insert into outbox (payload) select to_jsonb(made) from made
  ) select id from made`;

async function book(bookings: number): Promise<OneStatementRun> {
  const events = Array.from({ length: 8 }, () => newId());
  const users = Array.from({ length: Math.ceil(bookings / 4) }, () => newId());
  const startedAt = performance.now();
  let next = 0;
  let booked = 0;
  const work = async () => {
    while (next < bookings) {
      const at = next;
      next += 1;
      const seatIds = Array.from({ length: SEATS }, (_, seat) => `S-${at * SEATS + seat}`);
      const { rowCount } = await pool.query({
        name: 'book',
        text: BOOK,
        values: [
          newId(),
          newId(),
          events[at % events.length],
          users[at % users.length],
          SEATS * PRICE_MINOR,
          seatIds,
          newId(),
        ],
      });
      booked += rowCount ?? 0;
    }
  };
  await Promise.all(Array.from({ length: settings.inFlight }, work));
  return { booked, seconds: (performance.now() - startedAt) / 1_000 };
}

const server = createServer((request, response) => {
  if (request.method === 'GET') return response.end('ready');
  const { searchParams } = new URL(request.url ?? '/', 'http://bench');
  book(Number(searchParams.get('bookings'))).then(
    (run) => response.end(JSON.stringify(run)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(settings.port, '127.0.0.1');
stopOnSignal(async () => {
  server.closeAllConnections();
  await pool.end();
});
