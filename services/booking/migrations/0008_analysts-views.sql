-- Up Migration

-- docs/reports/ has a page for each view. Days and months are those of UTC. A filter on a column
-- that a window is partitioned by reaches the tables; one on another column does not.

create view analytics.sales_daily as
with movements as (
  select (j.at at time zone 'UTC')::date as day,
    date_trunc('month', j.at at time zone 'UTC')::date as month,
    a.currency::text as currency,
    count(*) filter (where j.kind = 'capture') as bookings,
    coalesce(sum(s.seats) filter (where j.kind = 'capture'), 0)::bigint as tickets,
    coalesce(-sum(l.amount_minor) filter (where j.kind = 'capture'), 0)::bigint as gross_minor,
    count(*) filter (where j.kind <> 'capture') as refunds,
    coalesce(sum(l.amount_minor) filter (where j.kind <> 'capture'), 0)::bigint as refunded_minor
  from ledger_journals j
  join ledger_lines l on l.journal_id = j.id
  join ledger_accounts a on a.id = l.account_id and a.kind = 'organizer_payable'
  cross join lateral (
    select count(*) as seats from booking_seats s where s.booking_id = j.booking_id
  ) s
  group by 1, 2, 3
)
select day, month, currency, bookings, tickets, gross_minor, refunds, refunded_minor,
  gross_minor - refunded_minor as net_minor,
  round(gross_minor::numeric / nullif(bookings, 0), 2) as average_booking_minor,
  (sum(gross_minor - refunded_minor)
    over (partition by currency, month order by day))::bigint as month_to_date_minor,
  rank() over (partition by currency, month order by gross_minor - refunded_minor desc)
    as rank_in_month
from movements;

create view analytics.seat_fill as
select e.event_id, e.name as event, e.venue_name as venue, e.city, e.starts_at, e.status,
  e.seat_count as seats,
  coalesce(t.sold, 0) as sold,
  coalesce(t.in_checkout, 0) as in_checkout,
  coalesce(h.held, 0) as held,
  greatest(e.seat_count - coalesce(t.sold + t.in_checkout, 0) - coalesce(h.held, 0), 0) as unsold,
  round(100.0 * coalesce(t.sold, 0) / nullif(e.seat_count, 0), 2) as fill_percent,
  rank() over (
    order by coalesce(t.sold, 0)::numeric / nullif(e.seat_count, 0) desc nulls last
  ) as fill_rank
from events e
left join (
  select event_id, count(*) filter (where status = 'live') as sold,
    count(*) filter (where status = 'reserved') as in_checkout
  from tickets where status in ('reserved', 'live') group by event_id
) t on t.event_id = e.event_id
left join (
  select event_id, sum(seats)::bigint as held from projections.holds
  where state = 'held' and expires_at > now() group by event_id
) h on h.event_id = e.event_id;

create view analytics.price_tier_mix as
with tiers as (
  select t.event_id, b.currency::text as currency, s.category,
    coalesce(s.ticket_type ->> 'name', '') as ticket_type,
    count(*) as tickets, sum(s.price_minor)::bigint as value_minor,
    min(s.price_minor) as lowest_minor, max(s.price_minor) as highest_minor
  from tickets t
  join bookings b on b.id = t.booking_id
  join booking_seats s on s.booking_id = t.booking_id and s.seat_id = t.seat_id
  where t.status = 'live'
  group by 1, 2, 3, 4
)
select m.event_id, e.name as event, m.currency, m.category, m.ticket_type,
  m.tickets, m.value_minor,
  round(m.value_minor::numeric / m.tickets, 2) as average_minor, m.lowest_minor, m.highest_minor,
  round(100.0 * m.tickets / sum(m.tickets) over event, 2) as tickets_percent,
  round(100.0 * m.value_minor / nullif(sum(m.value_minor) over event, 0), 2) as value_percent,
  rank() over (event order by m.value_minor desc) as value_rank
from tiers m left join events e on e.event_id = m.event_id
window event as (partition by m.event_id, m.currency);

create view analytics.checkout_funnel as
with steps as (
  select (taken_at at time zone 'UTC')::date as day, event_id,
    1 as held, 0 as placed, 0 as authorized, 0 as pinned, 0 as sold, 0 as declined, 0 as failed,
    0 as cancelled, 0 as under_way
  from projections.holds where taken_at is not null
  union all
  select (b.created_at at time zone 'UTC')::date, b.event_id,
    0, 1,
    case when p.status is null then b.status <> 'pending'
      else p.status not in ('requested', 'declined') end::int,
    exists (select from tickets t where t.booking_id = b.id)::int,
    (b.status in ('confirmed', 'cancelled'))::int,
    coalesce(p.status = 'declined', false)::int,
    (b.status = 'failed')::int,
    (b.status = 'cancelled')::int,
    (b.status in ('pending', 'authorized', 'capturing', 'voiding'))::int
  from bookings b left join payments p on p.booking_id = b.id
)
select day, event_id, sum(held) as held, sum(placed) as placed, sum(authorized) as authorized,
  sum(pinned) as pinned, sum(sold) as sold, sum(declined) as declined, sum(failed) as failed,
  sum(cancelled) as cancelled, sum(under_way) as under_way,
  round(100.0 * sum(placed) / nullif(sum(held), 0), 2) as placed_percent,
  round(100.0 * sum(sold) / nullif(sum(placed), 0), 2) as sold_percent
from steps group by day, event_id;

create view analytics.hold_outcomes as
with ends as (
  select (taken_at at time zone 'UTC')::date as day, event_id, seats,
    case when state = 'held' and expires_at <= now() then 'expired' else state end as outcome,
    extract(epoch from coalesce(ended_at, case when expires_at <= now() then expires_at end)
      - taken_at) as seconds
  from projections.holds where taken_at is not null
), outcomes as (
  select day, event_id, outcome, count(*) as holds, sum(seats)::bigint as seats,
    round(avg(seconds), 1) as average_seconds,
    percentile_cont(0.5) within group (order by seconds) as median_seconds
  from ends group by day, event_id, outcome
)
select day, event_id, outcome, holds, seats, average_seconds,
  round(median_seconds::numeric, 1) as median_seconds,
  round(100.0 * holds / sum(holds) over (partition by day, event_id), 2) as holds_percent
from outcomes;

create view analytics.refunds as
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
  ))::bigint as month_to_date_minor
from public.refunds r
join payments p on p.id = r.payment_id
join bookings b on b.id = r.booking_id
left join events e on e.event_id = b.event_id;

create view analytics.time_to_sellout as
with sales as (
  select event_id, created_at as at,
    row_number() over (partition by event_id order by created_at, id) as n
  from tickets where status = 'live'
), reached as (
  select e.event_id, e.name as event, e.city, e.on_sale_at, e.starts_at, e.seat_count as seats,
    count(s.n) as sold, min(s.at) as first_sale_at,
    min(s.at) filter (where s.n >= e.seat_count * 0.25) as quarter_sold_at,
    min(s.at) filter (where s.n >= e.seat_count * 0.5) as half_sold_at,
    min(s.at) filter (where s.n >= e.seat_count * 0.9) as nine_tenths_sold_at,
    min(s.at) filter (where s.n >= e.seat_count) as sold_out_at
  from events e left join sales s on s.event_id = e.event_id
  group by e.event_id
)
select event_id, event, city, on_sale_at, starts_at, seats, sold, first_sale_at, quarter_sold_at,
  half_sold_at, nine_tenths_sold_at, sold_out_at,
  round(extract(epoch from sold_out_at - on_sale_at) / 3600, 3) as hours_to_sellout
from reached;

create view analytics.customer_cohorts as
with sales as (
  select b.user_id, b.currency::text as currency,
    date_trunc('month', b.created_at at time zone 'UTC')::date as month,
    min(date_trunc('month', b.created_at at time zone 'UTC')::date)
      over (partition by b.user_id, b.currency) as cohort,
    coalesce(p.captured_minor - p.refunded_minor, 0) as net_minor
  from bookings b left join payments p on p.booking_id = b.id
  where b.status in ('confirmed', 'cancelled') or p.captured_minor > 0
), activity as (
  select cohort, currency,
    (extract(year from age(month, cohort)) * 12 + extract(month from age(month, cohort)))::integer
      as months_later,
    count(distinct user_id) as customers, count(*) as bookings, sum(net_minor)::bigint as net_minor
  from sales group by 1, 2, 3
)
select cohort, currency, months_later, customers, bookings, net_minor,
  round(net_minor::numeric / customers, 2) as net_per_customer_minor,
  round(100.0 * customers / first_value(customers) over months, 2) as retained_percent,
  (sum(net_minor) over months)::bigint as running_net_minor
from activity
window months as (partition by cohort, currency order by months_later);

create view analytics.audit_trail as
select at, aggregate_type, aggregate_id, seq, action, old_status, new_status, amount_minor,
  currency::text as currency, actor, reason, request_id, correlation_id,
  encode(hash, 'hex') as entry_hash
from audit_entries;

create view analytics.recent_bookings as
select b.id as booking_id, coalesce(j.at, b.changed_at) as confirmed_at,
  b.event_id, coalesce(e.name, b.event_name) as event, e.city,
  coalesce(e.starts_at, b.starts_at) as starts_at,
  b.user_id, c.name as customer, c.email, c.tier,
  t.tickets, b.currency::text as currency, b.total_minor,
  count(*) over customer as customer_bookings,
  round(avg(b.total_minor) over customer, 2) as customer_average_minor,
  rank() over (partition by b.currency order by b.total_minor desc) as value_rank,
  (sum(b.total_minor) over (
    partition by b.currency order by coalesce(j.at, b.changed_at), b.id
  ))::bigint as running_total_minor
from bookings b
left join payments p on p.booking_id = b.id
left join ledger_journals j on j.payment_id = p.id and j.kind = 'capture' and j.refund_id is null
left join events e on e.event_id = b.event_id
left join projections.customers c on c.user_id = b.user_id
cross join lateral (
  select count(*) as tickets from tickets t where t.booking_id = b.id and t.status = 'live'
) t
where b.status = 'confirmed'
  -- Ids are in order of time: only the youngest partitions are read. A checkout takes minutes.
  and b.id >= uuidv7_floor(now() - interval '37 days')
  and coalesce(j.at, b.changed_at) >= now() - interval '30 days'
window customer as (partition by b.user_id, b.currency);

create view analytics.freshness as
select source, messages, message_id, message_time, applied_at,
  round(extract(epoch from applied_at - message_time), 3) as lag_seconds,
  round(extract(epoch from now() - applied_at), 3) as quiet_seconds
from projections.watermarks;

grant select on all tables in schema analytics to analyst, booking_app;
