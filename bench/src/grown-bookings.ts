import pg from 'pg';

/** Months over which the bookings of the past lie, so that they fill several partitions. */
const MONTHS = 6;
const A_PART = 50_000;
export const BOOKINGS_A_USER = 25;
const BOOKINGS_AN_EVENT = 400;

/**
 * Fills booking's database with sold bookings, copies of one that the service itself has stored: a
 * part at a time, each table in one statement. What tells a sold booking from a placed one is set
 * here. Answers some of their buyers.
 */
export async function growBookings(
  url: string,
  bookingId: string,
  count: number,
  say: (text: string) => void,
): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // What is copied was checked when it was made; the checks of foreign keys are triggers.
    await client.query('set session_replication_role = replica');
    const begin = `now() - make_interval(months => ${MONTHS})`;
    await client.query(`select create_booking_partitions((${begin})::date, ${MONTHS + 4})`);
    for (const statement of TABLES) await client.query(statement);
    await client.query(OWNERS, [Math.ceil(count / BOOKINGS_A_USER)]);
    await client.query(EVENTS, [Math.ceil(count / BOOKINGS_AN_EVENT)]);
    for (const statement of OF_EVENTS) await client.query(statement);
    for (let from = 0; from < count; from += A_PART) {
      say(`seeding bookings: ${from} of ${count}`);
      await client.query('truncate bench_seeds');
      await client.query(SEEDS, [from, Math.min(A_PART, count - from), count]);
      for (const copy of COPIES) await client.query(copy, [bookingId]);
      for (const made of MADE) await client.query(made);
    }
    say('analyzing what was seeded');
    await client.query('vacuum analyze');
    const { rows } = await client.query<{ id: string }>(
      'select user_id as id from bench_users order by n limit 2000',
    );
    return rows.map(({ id }) => id);
  } finally {
    await client.end();
  }
}

const TABLES = [
  'create table bench_users (n int primary key, user_id uuid not null)',
  'create table bench_events (n int primary key, event_id uuid not null)',
  `create unlogged table bench_seeds (n int, booking_id uuid, payment_id uuid, hold_id uuid,
     journal_id uuid, user_id uuid, event_id uuid, at timestamptz)`,
];
const OWNERS = 'insert into bench_users select n, uuidv7() from generate_series(0, $1::int - 1) n';
const EVENTS = 'insert into bench_events select n, uuidv7() from generate_series(0, $1::int - 1) n';
const OF_EVENTS = [
  `insert into events (event_id, name, venue_name, city, starts_at, time_zone, status, currency,
     version, seat_count, on_sale_at)
   select event_id, 'Evening ' || n, 'House of the bench', 'Wien', now() + interval '1 month',
     'Europe/Vienna', 'published', 'EUR', 1, ${BOOKINGS_AN_EVENT * 2}, now() - interval '6 months'
   from bench_events`,
  `insert into ledger_accounts (kind, event_id, currency)
   select 'organizer_payable', event_id, 'EUR' from bench_events
   union all select 'provider_clearing', null, 'EUR'`,
];

/** A booking's place in time follows its number; who bought it does not. */
const SEEDS = `
  insert into bench_seeds
  select s.n, uuidv7(since), uuidv7(since), uuidv7(since), uuidv7(since), user_id, event_id,
    now() + since
  from generate_series($1::int, $1::int + $2::int - 1) s (n)
  cross join lateral (
    select (s.n::float8 / $3::int - 1) * interval '${MONTHS} months' as since
  ) t
  join bench_users u on u.n = (s.n * 7919::bigint) % (select count(*) from bench_users)
  join bench_events e on e.n = (s.n * 104729::bigint) % (select count(*) from bench_events)`;

/** A statement that copies the rows of one booking for each seed, with these members changed. */
function copyOf(table: string, own: string, members: string): string {
  return `insert into ${table} select r.* from bench_seeds s join ${table} t on t.${own} = $1
    cross join lateral jsonb_populate_record(t, jsonb_build_object(${members})) r`;
}

const COPIES = [
  copyOf(
    'bookings',
    'id',
    `'id', booking_id, 'hold_id', s.hold_id, 'pin_id', s.hold_id, 'event_id', s.event_id,
     'user_id', s.user_id, 'status', 'confirmed', 'version', 4, 'created_at', s.at,
     'changed_at', s.at`,
  ),
  copyOf('booking_seats', 'booking_id', `'booking_id', s.booking_id, 'seat_id', 'S-' || s.n`),
  copyOf(
    'payments',
    'booking_id',
    `'id', s.payment_id, 'booking_id', s.booking_id, 'status', 'captured', 'version', 3,
     'captured_minor', t.amount_minor, 'provider_id', 'pi_' || s.payment_id,
     'created_at', s.at, 'changed_at', s.at`,
  ),
  ...['authorize', 'capture'].map((kind) =>
    copyOf(
      'provider_calls',
      'booking_id',
      `'id', uuidv7(s.at - now()), 'kind', '${kind}', 'booking_id', s.booking_id,
       'payment_id', s.payment_id, 'status', 'succeeded', 'settled_at', s.at, 'attempts', 1,
       'created_at', s.at`,
    ),
  ),
  copyOf(
    'idempotency_keys',
    'booking_id',
    `'user_id', s.user_id, 'key', s.hold_id, 'booking_id', s.booking_id, 'created_at', s.at`,
  ),
  copyOf('hold_claims', 'booking_id', `'hold_id', s.hold_id, 'booking_id', s.booking_id`),
];

const chainOf = (type: string, id: string, entries: number) => [
  `insert into audit_entries (aggregate_type, aggregate_id, seq, action, new_status, actor,
     request_id, correlation_id, at, previous_hash, hash)
   select '${type}', ${id}, seq, '${type}.changed', 'changed', 'user:' || user_id, hold_id, hold_id,
     at, '', sha256(${id}::text::bytea)
   from bench_seeds cross join generate_series(1, ${entries}) seq`,
  `insert into audit_heads (aggregate_type, aggregate_id, seq, hash)
   select '${type}', ${id}, ${entries}, sha256(${id}::text::bytea) from bench_seeds`,
];

const MADE = [
  'insert into booking_ids select booking_id from bench_seeds',
  `insert into tickets (id, booking_id, event_id, seat_id, status, holder_id, version, created_at,
     changed_at)
   select uuidv7(at - now()), booking_id, event_id, 'S-' || n, 'live', user_id, 2, at, at
   from bench_seeds`,
  `insert into buyer_quotas (user_id, event_id, seats, max_seats)
   select user_id, event_id, 1, 12 from bench_seeds on conflict do nothing`,
  `insert into ledger_journals (id, kind, booking_id, payment_id, at)
   select journal_id, 'capture', booking_id, payment_id, at from bench_seeds`,
  `insert into ledger_lines (journal_id, account_id, currency, amount_minor)
   select s.journal_id, a.id, 'EUR', case a.kind when 'provider_clearing' then 1 else -1 end * 4500
   from bench_seeds s join ledger_accounts a
     on a.kind = 'provider_clearing' or a.event_id = s.event_id`,
  `insert into inbox (consumer, message_id) select 'booking', uuidv7(at - now()) from bench_seeds`,
  ...chainOf('booking', 'booking_id', 4),
  ...chainOf('payment', 'payment_id', 3),
];
