-- Up Migration

-- All that became of a booking: the audit chains of everything that belongs to it, what the payment
-- provider was asked and answered, and its messages that wait for the broker. `micros` and `place`
-- order it by this database's clock.
create view booking_timeline as
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

grant select on booking_timeline to booking_app;
