create table seats (
  event_id text not null,
  seat_id text not null,
  status text not null default 'available',
  hold_id uuid,
  expires_at timestamptz,
  version int not null default 1,
  primary key (event_id, seat_id)
);
create table holds (
  id uuid primary key default gen_random_uuid(),
  event_id text not null,
  user_id text not null,
  seat_ids text[] not null,
  expires_at timestamptz not null
);
create index holds_of_user on holds (event_id, user_id);
create table audit (
  id bigint generated always as identity primary key,
  hold_id uuid not null,
  actor text not null,
  action text not null,
  at timestamptz not null default now()
);
create table outbox (
  id bigint generated always as identity primary key,
  hold_id uuid not null,
  payload jsonb not null
);
