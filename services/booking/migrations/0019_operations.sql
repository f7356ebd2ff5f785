-- Up Migration

-- Checkouts in a middle state, by how long: in the place of the index of unanswered pins.
create index bookings_at_work on bookings (status, changed_at)
  where status in ('pending', 'authorized', 'capturing', 'voiding');
drop index bookings_unanswered;

-- Operators read the views of this schema and nothing else. The role belongs to the server, so
-- another database may be creating it at this moment.
do $$ begin
  create role operator nologin;
exception when duplicate_object or unique_violation then null;
end $$;
create schema operations;
grant usage on schema operations to operator, booking_app;

-- One row a step of a checkout that has begun, in order.
create view operations.checkout_steps as
select b.id as booking_id, 'place' as step, 'done' as state, b.created_at as since,
  b.created_at as ended_at, null::integer as attempts, null::timestamptz as next_attempt_at,
  null as error
from bookings b
union all
select e.aggregate_id, 'pin',
  case when n.at is not null then 'done' when b.status = 'authorized' then 'waiting' else 'unknown' end,
  e.at, n.at, null, null, null
from audit_entries e
join bookings b on b.id = e.aggregate_id
left join lateral (
  select min(f.at) as at from audit_entries f
  where f.aggregate_type = 'booking' and f.aggregate_id = e.aggregate_id and f.seq > e.seq
    and f.new_status <> 'authorized'
) n on true
where e.aggregate_type = 'booking' and e.new_status = 'authorized'
  and e.old_status is distinct from e.new_status
union all
select c.booking_id, c.kind,
  case c.status when 'requested' then 'waiting' when 'succeeded' then 'done' else 'refused' end,
  c.created_at, c.settled_at, c.attempts,
  case when c.status = 'requested' then c.next_attempt_at end, c.last_error
from provider_calls c
union all
select e.aggregate_id, 'outcome: ' || e.new_status, 'done', e.at, e.at, null, null, e.reason
from audit_entries e
where e.aggregate_type = 'booking' and e.new_status in ('confirmed', 'failed', 'cancelled')
  and e.old_status is distinct from e.new_status
union all
select (o.message #>> '{data,bookingId}')::uuid, 'tell: ' || (o.message ->> 'type'), 'waiting',
  o.created_at, null, null, null, null
from outbox o;

comment on view operations.checkout_steps is 'The steps of each checkout, one row a step that has begun; a step that waits has no end';
comment on column operations.checkout_steps.booking_id is 'Id of the booking';
comment on column operations.checkout_steps.step is 'place; pin at catalog; authorize, capture, charge, await, void, refund at the payment provider; outcome; tell, a message that waits for the broker';
comment on column operations.checkout_steps.state is 'waiting, done or refused';
comment on column operations.checkout_steps.since is 'When the step began';
comment on column operations.checkout_steps.ended_at is 'When it ended; null while it waits';
comment on column operations.checkout_steps.attempts is 'How often the provider was asked';
comment on column operations.checkout_steps.next_attempt_at is 'When it is asked again at the latest';
comment on column operations.checkout_steps.error is 'Why the last try did not end it, or the reason of the outcome';

-- One row a booking that is not at rest: in a middle state, or with a call that is not settled.
create view operations.open_checkouts as
select b.id as booking_id, b.event_id, b.user_id, b.status, b.reason, b.total_minor,
  b.currency::text as currency, b.changed_at as since,
  extract(epoch from now() - b.changed_at)::float8 as seconds,
  case
    when p.status = 'processing' then 'the bank'
    when b.status = 'authorized' then 'catalog: pin'
    when c.kind is not null then 'the payment provider: ' || c.kind
    else 'nothing'
  end as waits_for,
  coalesce(p.status = 'processing', false) as is_processing,
  c.attempts, c.next_attempt_at, c.last_error as error
from (
  select id from bookings where status in ('pending', 'authorized', 'capturing', 'voiding')
  union select booking_id from provider_calls where status = 'requested'
) open_ids
join bookings b on b.id = open_ids.id
left join payments p on p.booking_id = b.id
left join lateral (
  select kind, attempts, next_attempt_at, last_error from provider_calls
  where booking_id = b.id and status = 'requested' order by created_at desc limit 1
) c on true;

comment on view operations.open_checkouts is 'Bookings that are not at rest: in a middle state, or with a call to the payment provider that is not settled';
comment on column operations.open_checkouts.booking_id is 'Id of the booking';
comment on column operations.open_checkouts.event_id is 'Id of its event';
comment on column operations.open_checkouts.user_id is 'Id of its buyer';
comment on column operations.open_checkouts.status is 'Its status';
comment on column operations.open_checkouts.reason is 'Why it is being undone or was; null if it is not';
comment on column operations.open_checkouts.total_minor is 'What it costs, in the currency''s minor unit';
comment on column operations.open_checkouts.currency is 'ISO 4217 code of the amount';
comment on column operations.open_checkouts.since is 'When it came to its status';
comment on column operations.open_checkouts.seconds is 'How long that is ago';
comment on column operations.open_checkouts.waits_for is 'Whose answer ends the wait; nothing, where an operator has to resume it';
comment on column operations.open_checkouts.is_processing is 'Whether a bank works on the payment, which may take long';
comment on column operations.open_checkouts.attempts is 'How often the provider was asked';
comment on column operations.open_checkouts.next_attempt_at is 'When it is asked again at the latest';
comment on column operations.open_checkouts.error is 'Why the last try did not end it';

create index provider_calls_of_booking on provider_calls (booking_id);
grant select on all tables in schema operations to operator, booking_app;
