-- Up Migration

-- The role that the service works as is created by the opener; it owns nothing here.
grant usage on schema public to booking_app;

-- Events as catalog's messages tell them (consumer booking-events keeps the highest version).
-- The transactions that ask for a capture and that confirm read the row `for share`.
create table events (
  event_id uuid primary key,
  name text not null,
  venue_name text not null,
  city text not null,
  starts_at timestamptz not null,
  time_zone text not null,
  status text not null check (status in ('draft', 'published', 'cancelled')),
  currency char(3) not null,
  version integer not null
);
create index events_cancelled on events (event_id) where status = 'cancelled';

-- A customer's purchase, with the snapshot of the signed offer. Partitioned by month on its
-- uuidv7 id. `version` counts its changes and orders its messages.
create table bookings (
  id uuid primary key,
  hold_id uuid not null,
  pin_id uuid not null,
  event_id uuid not null,
  user_id uuid not null,
  status text not null check (
    status in ('pending', 'authorized', 'capturing', 'voiding', 'confirmed', 'cancelled', 'failed')
  ),
  reason text,
  currency char(3) not null,
  total_minor bigint not null check (total_minor > 0),
  event_name text not null,
  venue_name text not null,
  starts_at timestamptz not null,
  time_zone text not null,
  version integer not null default 1,
  -- When catalog was last asked for the pin.
  asked_at timestamptz,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
) partition by range (id);
create index bookings_of_user on bookings (user_id, id desc);
create index bookings_unanswered on bookings (asked_at) where status = 'authorized';
create index bookings_confirmed on bookings (event_id, id) where status = 'confirmed';
create table bookings_default partition of bookings default;

-- The smallest uuidv7 of an instant.
create function uuidv7_floor(instant timestamptz) returns uuid
language sql immutable as $$
  select rpad(lpad(to_hex((extract(epoch from instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Creates the partitions of a month and the months after it where they are missing; answers how
-- many it created. A partition is made apart and attached, so that readers are not blocked.
create function create_booking_partitions(first_month date, months integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  lower_bound timestamptz;
  upper_bound timestamptz;
  partition_name text;
  created integer := 0;
begin
  perform pg_advisory_xact_lock(4013);
  for month_no in 0 .. months - 1 loop
    lower_bound := (date_trunc('month', first_month::timestamp) + make_interval(months => month_no))
      at time zone 'UTC';
    upper_bound := (date_trunc('month', first_month::timestamp) + make_interval(months => month_no + 1))
      at time zone 'UTC';
    partition_name := 'bookings_' || to_char(lower_bound at time zone 'UTC', 'YYYY_MM');
    continue when to_regclass(partition_name) is not null;
    execute format('create table %I (like bookings including all)', partition_name);
    execute format(
      'alter table bookings attach partition %I for values from (%L) to (%L)',
      partition_name, uuidv7_floor(lower_bound), uuidv7_floor(upper_bound)
    );
    created := created + 1;
  end loop;
  return created;
end $$;
revoke execute on function create_booking_partitions from public;
grant execute on function create_booking_partitions to booking_app;

create table booking_seats (
  booking_id uuid not null references bookings,
  seat_id text not null,
  label text not null,
  section text not null,
  "row" text not null,
  number text not null,
  category text not null,
  price_minor bigint not null check (price_minor >= 0),
  primary key (booking_id, seat_id)
);

-- At most one living booking a hold: the row goes when the booking fails.
create table hold_claims (
  hold_id uuid primary key,
  booking_id uuid not null unique references bookings deferrable initially deferred
);

-- The second guard against overselling, independent of catalog's seat documents: at most one
-- reserved or live ticket a seat.
create table tickets (
  id uuid primary key,
  booking_id uuid not null references bookings,
  event_id uuid not null,
  seat_id text not null,
  status text not null check (status in ('reserved', 'live', 'void')),
  version integer not null default 1,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unique (booking_id, seat_id)
);
create unique index one_ticket_a_seat on tickets (event_id, seat_id)
  where status in ('reserved', 'live');

-- Seats of an event that an account has in living bookings; the CHECK is the limit.
create table buyer_quotas (
  user_id uuid not null,
  event_id uuid not null,
  seats integer not null,
  max_seats integer not null,
  primary key (user_id, event_id),
  constraint buyer_quota_kept check (seats between 0 and max_seats)
);

create table idempotency_keys (
  user_id uuid not null,
  key text not null,
  fingerprint text not null,
  booking_id uuid not null references bookings deferrable initially deferred,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

grant select, insert, delete on outbox to booking_app;
grant select, update on outbox_buckets to booking_app;
grant select, insert on inbox to booking_app;
grant select, insert on audit_entries to booking_app;
grant select on audit_heads to booking_app;
grant select, insert, update on events, bookings, tickets, buyer_quotas to booking_app;
grant select, insert on booking_seats to booking_app;
grant select, insert, delete on hold_claims, idempotency_keys to booking_app;
