-- Up Migration

grant usage on schema public to notifications_app;

-- A mail a message that somebody is told of. The row is also the mark that the message had its
-- effect: one that comes again finds it.
create table mails (
  message_id uuid primary key,
  -- The order in which they are sent.
  place bigint generated always as identity,
  type text not null,
  user_id uuid not null,
  event_id uuid,
  content jsonb not null,
  -- Later it is of no use to anybody.
  useful_until timestamptz,
  state text not null check (state in ('waiting', 'sent', 'too_late', 'from_before')),
  received_at timestamptz not null default now(),
  sent_at timestamptz
);
create index mails_waiting on mails (place) where state = 'waiting';

-- Messages of changes before this instant are known, and told to nobody.
create table beginning (
  is_one boolean primary key default true check (is_one),
  at timestamptz not null default now()
);
insert into beginning default values;

-- Who to write to and about what, as messages of auth and catalog tell; the highest version stays.
create table recipients (
  user_id uuid primary key,
  name text not null,
  email text not null,
  version integer not null
);
create table events (
  event_id uuid primary key,
  name text not null,
  venue_name text not null,
  starts_at timestamptz not null,
  time_zone text not null,
  version integer not null
);

grant select, insert, update on mails, recipients, events to notifications_app;
grant select, update on beginning to notifications_app;
