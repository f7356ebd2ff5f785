-- Up Migration

-- Besides what an event's organizer is owed for face values, the ledger has what was charged as
-- fees and as taxes, each under its event, so that an event's money can be told apart.
alter table ledger_accounts drop constraint ledger_accounts_kind_check;
alter table ledger_accounts add constraint ledger_accounts_kind_check check (
  kind in ('provider_clearing', 'refunds_payable', 'organizer_payable', 'fees_income', 'taxes_payable')
);
alter table ledger_accounts drop constraint ledger_accounts_check;
alter table ledger_accounts add constraint ledger_accounts_check check (
  (kind in ('organizer_payable', 'fees_income', 'taxes_payable')) = (event_id is not null)
);

-- Of `refunded_minor`, what was asked back of fees and of taxes; the rest is of face values.
alter table payments
  add column refunded_fees_minor bigint not null default 0,
  add column refunded_taxes_minor bigint not null default 0,
  add constraint refunded_parts_within_refunds check (
    refunded_fees_minor >= 0 and refunded_taxes_minor >= 0
    and refunded_fees_minor + refunded_taxes_minor <= refunded_minor
  );

-- Reports: gross, refunded and net are all that buyers paid and were paid back; the new columns
-- tell the net apart. Columns of these views are added at the end, never moved.
create or replace view analytics.revenue_by_event as
with sales as (
  select b.event_id, b.currency,
    max(b.event_name) as name, max(b.venue_name) as venue, max(b.starts_at) as starts_at,
    count(*) filter (where b.status = 'confirmed') as bookings,
    sum(p.captured_minor)::bigint as gross_minor,
    sum(p.refunded_minor)::bigint as refunded_minor
  from bookings b join payments p on p.booking_id = b.id
  where p.captured_minor > 0
  group by b.event_id, b.currency
), seats as (
  select event_id, count(*) as live from tickets where status = 'live' group by event_id
), parts as (
  select a.event_id, a.currency,
    (-sum(l.amount_minor) filter (where a.kind = 'fees_income'))::bigint as fees_minor,
    (-sum(l.amount_minor) filter (where a.kind = 'taxes_payable'))::bigint as taxes_minor
  from ledger_accounts a join ledger_lines l on l.account_id = a.id
  where a.kind in ('fees_income', 'taxes_payable')
  group by a.event_id, a.currency
)
select s.event_id,
  coalesce(e.name, s.name) as event,
  coalesce(e.venue_name, s.venue) as venue,
  e.city,
  coalesce(e.starts_at, s.starts_at) as starts_at,
  s.currency::text as currency,
  s.bookings,
  coalesce(t.live, 0) as live_tickets,
  s.gross_minor,
  s.refunded_minor,
  s.gross_minor - s.refunded_minor as net_minor,
  rank() over (partition by s.currency order by s.gross_minor - s.refunded_minor desc) as revenue_rank,
  s.gross_minor - s.refunded_minor - coalesce(p.fees_minor, 0) - coalesce(p.taxes_minor, 0)
    as organizer_minor,
  coalesce(p.fees_minor, 0) as fees_minor,
  coalesce(p.taxes_minor, 0) as taxes_minor
from sales s
left join events e on e.event_id = s.event_id
left join seats t on t.event_id = s.event_id
left join parts p on p.event_id = s.event_id and p.currency = s.currency;

create or replace view analytics.sales_daily as
with movements as (
  select (j.at at time zone 'UTC')::date as day,
    date_trunc('month', j.at at time zone 'UTC')::date as month,
    a.currency::text as currency,
    -- A capture always has face values: what costs nothing bears no fee.
    count(*) filter (where j.kind = 'capture' and a.kind = 'organizer_payable') as bookings,
    coalesce(sum(s.seats), 0)::bigint as tickets,
    coalesce(-sum(l.amount_minor) filter (where j.kind = 'capture'), 0)::bigint as gross_minor,
    count(distinct j.id) filter (where j.kind <> 'capture') as refunds,
    coalesce(sum(l.amount_minor) filter (where j.kind <> 'capture'), 0)::bigint as refunded_minor,
    coalesce(-sum(l.amount_minor) filter (where a.kind = 'fees_income'), 0)::bigint as fees_minor,
    coalesce(-sum(l.amount_minor) filter (where a.kind = 'taxes_payable'), 0)::bigint
      as taxes_minor
  from ledger_journals j
  join ledger_lines l on l.journal_id = j.id
  join ledger_accounts a on a.id = l.account_id
    and a.kind in ('organizer_payable', 'fees_income', 'taxes_payable')
  cross join lateral (
    select count(*) as seats from booking_seats s
    where s.booking_id = j.booking_id and j.kind = 'capture' and a.kind = 'organizer_payable'
  ) s
  group by 1, 2, 3
)
select day, month, currency, bookings, tickets, gross_minor, refunds, refunded_minor,
  gross_minor - refunded_minor as net_minor,
  round(gross_minor::numeric / nullif(bookings, 0), 2) as average_booking_minor,
  (sum(gross_minor - refunded_minor)
    over (partition by currency, month order by day))::bigint as month_to_date_minor,
  rank() over (partition by currency, month order by gross_minor - refunded_minor desc)
    as rank_in_month,
  gross_minor - refunded_minor - fees_minor - taxes_minor as organizer_minor,
  fees_minor,
  taxes_minor
from movements;

comment on view analytics.revenue_by_event is
  'Money taken for each event, one row an event and currency; its parts equal the ledger''s accounts of the event';
comment on column analytics.revenue_by_event.gross_minor is
  'Money captured, fees and taxes with it, in the currency''s minor unit';
comment on column analytics.revenue_by_event.organizer_minor is
  'Of net_minor, what the organizer is owed for face values: account organizer_payable';
comment on column analytics.revenue_by_event.fees_minor is
  'Of net_minor, fees charged on top: account fees_income';
comment on column analytics.revenue_by_event.taxes_minor is
  'Of net_minor, taxes charged on top: account taxes_payable; those that prices include are not told apart';
comment on column analytics.sales_daily.gross_minor is
  'Money captured, fees and taxes with it, in the currency''s minor unit';
comment on column analytics.sales_daily.organizer_minor is
  'Of net_minor, what organizers are owed for face values: accounts organizer_payable';
comment on column analytics.sales_daily.fees_minor is
  'Of net_minor, fees charged on top: accounts fees_income';
comment on column analytics.sales_daily.taxes_minor is
  'Of net_minor, taxes charged on top: accounts taxes_payable';
