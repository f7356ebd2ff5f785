-- Up Migration

-- Analysts read the views of this schema and nothing else. The role belongs to the server, so
-- another database may be creating it at this moment.
do $$ begin
  create role analyst nologin;
exception when duplicate_object or unique_violation then null;
end $$;
revoke usage on schema public from public;
create schema analytics;
grant usage on schema analytics to analyst, booking_app;

create view analytics.revenue_by_event as
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
  rank() over (partition by s.currency order by s.gross_minor - s.refunded_minor desc) as revenue_rank
from sales s
left join events e on e.event_id = s.event_id
left join seats t on t.event_id = s.event_id;

comment on view analytics.revenue_by_event is
  'Money taken for each event, one row an event and currency; totals equal the ledger''s accounts organizer_payable';
comment on column analytics.revenue_by_event.event_id is 'Id of the event';
comment on column analytics.revenue_by_event.event is 'Name of the event, as catalog last told it';
comment on column analytics.revenue_by_event.venue is 'Name of the venue';
comment on column analytics.revenue_by_event.city is 'City of the venue; null until catalog''s message has come';
comment on column analytics.revenue_by_event.starts_at is 'Start of the event, an instant';
comment on column analytics.revenue_by_event.currency is 'ISO 4217 code of the amounts';
comment on column analytics.revenue_by_event.bookings is 'Bookings that are confirmed at present';
comment on column analytics.revenue_by_event.live_tickets is 'Tickets that admit somebody';
comment on column analytics.revenue_by_event.gross_minor is 'Money captured, in the currency''s minor unit';
comment on column analytics.revenue_by_event.refunded_minor is 'Money paid back or on its way back, in the minor unit';
comment on column analytics.revenue_by_event.net_minor is 'gross_minor less refunded_minor';
comment on column analytics.revenue_by_event.revenue_rank is 'Place by net_minor among the events of the same currency, 1 is the highest; equals share a place';

grant select on analytics.revenue_by_event to analyst, booking_app;
