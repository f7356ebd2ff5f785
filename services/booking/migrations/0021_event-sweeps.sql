-- Up Migration

-- One walk over the bookings of an event that was cancelled or moved. It begins in the transaction
-- that learns of the change; any instance takes the next batch of it. `next_round_at` is its pace,
-- by this clock, however many instances there are.
create table event_sweeps (
  id uuid primary key default uuidv7(),
  event_id uuid not null references events,
  -- The version of the event that caused it.
  event_version integer not null,
  cause text not null check (cause in ('cancelled', 'postponed', 'rescheduled')),
  state text not null default 'running' check (state in ('running', 'paused', 'done', 'superseded')),
  old_starts_at timestamptz,
  new_starts_at timestamptz not null,
  -- Until when a buyer of a moved event may cancel free of charge.
  free_cancel_until timestamptz,
  -- Bookings up to here have been looked at in this pass; null at the start of each.
  cursor uuid,
  next_round_at timestamptz not null default now(),
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (event_id, event_version),
  check ((cause = 'cancelled') = (free_cancel_until is null)),
  check ((state in ('done', 'superseded')) = (ended_at is not null))
);
create unique index one_cancellation_an_event on event_sweeps (event_id) where cause = 'cancelled';
create index event_sweeps_due on event_sweeps (next_round_at) where state = 'running';

-- One row a booking that a sweep has dealt with. What became of its money is read from its refunds;
-- `failure` says why nothing could be done.
create table event_sweep_outcomes (
  sweep_id uuid not null references event_sweeps,
  booking_id uuid not null references bookings,
  failure text,
  at timestamptz not null default now(),
  primary key (sweep_id, booking_id)
);

-- A waiver: cancelling is free of charge until then, whatever the terms say.
alter table bookings add column free_cancel_until timestamptz;

-- A sweep meets bookings in every status; it takes the place of the index of confirmed ones.
create index bookings_of_event on bookings (event_id, id);
drop index bookings_confirmed;

grant select, insert, update on event_sweeps to booking_app;
grant select, insert, delete on event_sweep_outcomes to booking_app;
