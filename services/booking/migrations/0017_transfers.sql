-- Up Migration

-- Tickets on their way to another person. An offer ends once: accepted, declined by the person it
-- was made to, withdrawn by the one who made it, expired, or ended because a ticket became void.
create table transfers (
  id uuid primary key,
  booking_id uuid not null references bookings,
  event_id uuid not null,
  from_user_id uuid not null,
  -- As auth keeps addresses.
  to_email text not null check (to_email = lower(btrim(to_email))),
  -- The account that accepted or declined.
  to_user_id uuid,
  note text,
  -- Of the request that offered it, where it had one: a repeat finds the same transfer.
  idempotency_key text,
  status text not null default 'offered' check (
    status in ('offered', 'accepted', 'declined', 'withdrawn', 'expired', 'ended')
  ),
  -- SHA-256 of the codes that were given out, the latest last.
  code_hashes bytea[] not null,
  expires_at timestamptz not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  unique (id, status),
  unique (from_user_id, idempotency_key),
  check (status not in ('accepted', 'declined') or to_user_id is not null)
);
create index transfers_sent on transfers (from_user_id, id desc);
create index transfers_received on transfers (to_email, id desc);
create index transfers_of_booking on transfers (booking_id);
create index transfers_due on transfers (expires_at) where status = 'offered';

-- The status is the transfer's: the foreign key keeps it so.
create table transfer_tickets (
  transfer_id uuid not null,
  ticket_id uuid not null references tickets,
  status text not null default 'offered',
  primary key (transfer_id, ticket_id),
  foreign key (transfer_id, status) references transfers (id, status) on update cascade
);
-- A ticket is offered to one person at a time.
create unique index one_open_offer_a_ticket on transfer_tickets (ticket_id)
  where status = 'offered';
create index transfer_tickets_by_ticket on transfer_tickets (ticket_id);

-- "My tickets": of those that let somebody in.
create index tickets_of_holder on tickets (holder_id, id desc) where status = 'live';

grant select, insert, update on transfers to booking_app;
grant select, insert on transfer_tickets to booking_app;

create or replace view booking_timeline as
select s.booking_id, 'audit' as source,
  s.type || ':' || s.id || ':' || lpad(e.seq::text, 6, '0') as place,
  s.type as subject, s.id as subject_id, s.seat_id, e.action,
  e.old_status as before, e.new_status as after, e.amount_minor, e.currency::text as currency,
  e.actor, e.reason, e.request_id, e.correlation_id, e.metadata as details,
  e.at, (extract(epoch from e.at) * 1000000)::bigint as micros
from (
  select id as booking_id, 'booking' as type, id, null as seat_id from bookings
  union all select booking_id, 'payment', id, null from payments
  union all select booking_id, 'ticket', id, seat_id from tickets
  union all select p.booking_id, 'refund', r.id, null
    from payments p join refunds r on r.payment_id = p.id
  union all select booking_id, 'transfer', id, null from transfers
) s
join audit_entries e on e.aggregate_type = s.type and e.aggregate_id = s.id
union all
select p.booking_id, 'provider', 'call:' || c.id || ':' || step.place, 'provider_call', c.id, null,
  'provider.' || c.kind || '_' || step.name, null, step.name, null, null,
  c.origin ->> 'actor', c.last_error, c.origin ->> 'requestId', c.origin ->> 'correlationId',
  jsonb_build_object('attempts', c.attempts, 'response', step.response),
  step.at, (extract(epoch from step.at) * 1000000)::bigint
from payments p
join provider_calls c on c.payment_id = p.id
cross join lateral (
  values (1, 'asked', c.created_at, null::jsonb), (2, c.status, c.settled_at, c.response)
) step (place, name, at, response)
where step.at is not null
union all
select (o.message #>> '{data,bookingId}')::uuid, 'outbox', 'message:' || lpad(o.id::text, 19, '0'),
  'message', (o.message ->> 'id')::uuid, null, 'message.waits', null, null, null, null,
  o.message #>> '{origin,actor}', null, o.message #>> '{origin,requestId}',
  o.message #>> '{origin,correlationId}', jsonb_build_object('type', o.message ->> 'type'),
  o.created_at, (extract(epoch from o.created_at) * 1000000)::bigint
from outbox o;
