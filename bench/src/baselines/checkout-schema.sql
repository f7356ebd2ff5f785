create table idempotency_keys (
  user_id uuid not null,
  key text not null,
  booking_id uuid not null,
  primary key (user_id, key)
);
create table hold_claims (hold_id uuid primary key, booking_id uuid not null);
create table quotas (
  user_id uuid not null,
  event_id uuid not null,
  seats int not null check (seats <= 12),
  primary key (user_id, event_id)
);
create table bookings (
  id uuid primary key,
  hold_id uuid not null,
  event_id uuid not null,
  user_id uuid not null,
  status text not null,
  currency text not null,
  total_minor bigint not null,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create index bookings_of_user on bookings (user_id, id desc);
create table booking_seats (
  booking_id uuid not null,
  seat_id text not null,
  price_minor bigint not null,
  primary key (booking_id, seat_id)
);
create table tickets (
  id uuid primary key default uuidv7(),
  booking_id uuid not null,
  event_id uuid not null,
  seat_id text not null
);
create unique index one_ticket_a_seat on tickets (event_id, seat_id);
create table payments (
  id uuid primary key,
  booking_id uuid not null unique,
  amount_minor bigint not null,
  method text not null,
  status text not null,
  provider_id text
);
create table ledger_lines (
  id bigint generated always as identity primary key,
  booking_id uuid not null,
  account text not null,
  amount_minor bigint not null
);
create index ledger_lines_of_booking on ledger_lines (booking_id);
create table audit (
  id bigint generated always as identity primary key,
  booking_id uuid not null,
  actor uuid not null,
  action text not null,
  at timestamptz not null default now()
);
create table inbox (message_id uuid primary key);
create table outbox (
  id bigint generated always as identity primary key,
  payload jsonb not null
);
create table seats (
  event_id uuid not null,
  seat_id text not null,
  status text not null default 'available',
  hold_id uuid,
  primary key (event_id, seat_id)
);
create index seats_of_hold on seats (hold_id);
