-- Up Migration

-- Analysts see refunds that failed, and why.
create or replace view analytics.refunds as
select r.id as refund_id, date_trunc('month', r.created_at at time zone 'UTC')::date as month,
  r.booking_id, b.event_id, coalesce(e.name, b.event_name) as event, r.currency::text as currency,
  r.amount_minor, p.captured_minor,
  round(100.0 * r.amount_minor / nullif(p.captured_minor, 0), 2) as refunded_percent,
  r.reason, r.status, r.created_at as requested_at,
  case when r.status = 'succeeded' then r.changed_at end as paid_at,
  case when r.status = 'succeeded'
    then round(extract(epoch from r.changed_at - r.created_at) / 3600, 3) end as hours_to_pay,
  (sum(r.amount_minor) over (
    partition by r.currency, date_trunc('month', r.created_at at time zone 'UTC')::date
    order by r.created_at, r.id
  ))::bigint as month_to_date_minor,
  r.failure
from public.refunds r
join payments p on p.id = r.payment_id
join bookings b on b.id = r.booking_id
left join events e on e.event_id = b.event_id;

comment on column analytics.refunds.status is
  'requested, succeeded once the provider has paid, or failed where it could not';
comment on column analytics.refunds.failure is
  'Why the provider refused it last; null where it did not';
