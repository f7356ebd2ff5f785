-- Up Migration

-- What analysts need of catalog and auth, as their messages tell it (consumer booking-analytics
-- keeps the highest version). Nothing that sells reads it.
create schema projections;
grant usage on schema projections to booking_app;

create table projections.customers (
  user_id uuid primary key,
  name text not null,
  email text not null,
  tier text not null,
  version integer not null
);

-- Hold ids are not in order of time, so the table has no partitions; the BRIN index finds days.
create table projections.holds (
  hold_id uuid primary key,
  event_id uuid not null,
  user_id uuid not null,
  state text not null check (
    state in ('held', 'pinned', 'confirmed', 'released', 'expired', 'returned')
  ),
  seats integer not null check (seats >= 0),
  -- Null when its beginning was told before this table existed.
  taken_at timestamptz,
  expires_at timestamptz,
  ended_at timestamptz,
  booking_id uuid,
  version integer not null
);
create index holds_of_event on projections.holds (event_id);
create index holds_by_day on projections.holds using brin (((taken_at at time zone 'UTC')::date));

-- How far each source has come; moved in the transaction that applies its messages.
create table projections.watermarks (
  source text primary key,
  messages bigint not null default 0,
  message_id uuid,
  message_time timestamptz,
  applied_at timestamptz
);
insert into projections.watermarks (source)
values ('catalog.events'), ('catalog.holds'), ('auth.users');

grant select, insert, update on projections.customers, projections.holds to booking_app;
grant select, update on projections.watermarks to booking_app;

-- Both stay null until catalog's next message of an event that was known before.
alter table events add column seat_count integer, add column on_sale_at timestamptz;

-- Analysts ask by day and month; these tables grow in order of time, so BRIN costs writers nothing.
create index journals_by_day on ledger_journals using brin (
  ((at at time zone 'UTC')::date), (date_trunc('month', at at time zone 'UTC')::date)
);
create index bookings_by_day on bookings using brin (((created_at at time zone 'UTC')::date));
create index audit_entries_by_time on audit_entries using brin (at);
