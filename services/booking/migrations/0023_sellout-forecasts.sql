-- Up Migration

-- How events sold that have begun or are sold out: what forecasts learn from.
create table projections.sales_curves (
  event_id uuid primary key,
  -- Hours from the opening of the sale until each further twentieth of the seats was sold.
  hours float8[] not null,
  share float8 not null check (share between 0 and 1),
  tickets integer not null,
  elapsed_hours float8 not null,
  hours_left float8 not null,
  ended_at timestamptz not null
);
create index sales_curves_by_end on projections.sales_curves (ended_at);

-- How far forecasts were off over events held out, measured whenever another event has finished.
create table projections.forecast_accuracy (
  measured_at timestamptz primary key,
  events integer not null,
  forecasts integer not null,
  error_hours float8 not null,
  naive_error_hours float8 not null,
  error_log_ratio float8 not null,
  naive_error_log_ratio float8 not null
);

create table projections.sellout_forecasts (
  event_id uuid primary key references events,
  computed_at timestamptz not null default now(),
  seats integer not null,
  sold integer not null,
  basis text not null check (basis in ('similar_events', 'own_rate', 'no_sales', 'sold_out')),
  similar_events integer not null default 0,
  sellout_at timestamptz,
  earliest_at timestamptz,
  latest_at timestamptz,
  chance float8,
  share_at_start float8,
  naive_sellout_at timestamptz
);
create index sellout_forecasts_by_age on projections.sellout_forecasts (computed_at);

grant select, insert, update on projections.sales_curves, projections.sellout_forecasts
  to booking_app;
grant select, insert on projections.forecast_accuracy to booking_app;

create view analytics.sellout_forecast as
with accuracy as (
  select * from projections.forecast_accuracy order by measured_at desc limit 1
)
select f.event_id, e.name as event, e.city, e.on_sale_at, e.starts_at, f.seats, f.sold,
  round(100.0 * f.sold / f.seats, 2) as fill_percent,
  f.basis, f.similar_events, f.sellout_at, f.earliest_at, f.latest_at,
  round((100 * f.chance)::numeric, 1) as chance_percent,
  round((100 * f.share_at_start)::numeric, 1) as expected_fill_percent,
  f.naive_sellout_at,
  a.events as held_out_events,
  round(a.error_hours::numeric, 2) as error_hours,
  round(a.naive_error_hours::numeric, 2) as naive_error_hours,
  round(exp(a.error_log_ratio)::numeric, 2) as error_factor,
  round(exp(a.naive_error_log_ratio)::numeric, 2) as naive_error_factor,
  f.computed_at
from projections.sellout_forecasts f
join events e on e.event_id = f.event_id
left join accuracy a on true
where e.status in ('published', 'rescheduled') and e.starts_at > now();

comment on view analytics.sellout_forecast is
  'When events that are on sale will be sold out, one row an event that has not begun';
comment on column analytics.sellout_forecast.event_id is 'Id of the event';
comment on column analytics.sellout_forecast.event is 'Name of the event, as catalog last told it';
comment on column analytics.sellout_forecast.city is 'City of the venue';
comment on column analytics.sellout_forecast.on_sale_at is
  'Instant the sale opened; null until catalog tells it';
comment on column analytics.sellout_forecast.starts_at is 'Start of the event, an instant';
comment on column analytics.sellout_forecast.seats is
  'Seats of the event, also those the house keeps back';
comment on column analytics.sellout_forecast.sold is
  'Tickets that admitted somebody at computed_at';
comment on column analytics.sellout_forecast.fill_percent is 'sold in percent of seats';
comment on column analytics.sellout_forecast.basis is
  'What the forecast rests on: similar_events, or own_rate where fewer than three finished sales are alike or the naive forecast was no worse on held-out events; no_sales and sold_out have none';
comment on column analytics.sellout_forecast.similar_events is
  'Finished events whose sales it rests on; 0 unless basis is similar_events';
comment on column analytics.sellout_forecast.sellout_at is
  'When it will be sold out, or was; null: not before it starts, or no_sales';
comment on column analytics.sellout_forecast.earliest_at is
  'One of ten similar events would be sold out by then; null unless basis is similar_events';
comment on column analytics.sellout_forecast.latest_at is
  'Nine of ten would be; null: not before it starts';
comment on column analytics.sellout_forecast.chance_percent is
  'How likely it is sold out before it starts, in percent; null unless basis is similar_events';
comment on column analytics.sellout_forecast.expected_fill_percent is
  'Percent of the seats sold when it starts; null unless basis is similar_events';
comment on column analytics.sellout_forecast.naive_sellout_at is
  'The naive forecast: what remains, at the rate of the last tenth of the seats; null: not before it starts';
comment on column analytics.sellout_forecast.held_out_events is
  'Finished events over which the errors were measured; null until three alike have finished';
comment on column analytics.sellout_forecast.error_hours is
  'Mean error in hours of forecasts by similar events, at 25, 50 and 75 percent sold';
comment on column analytics.sellout_forecast.naive_error_hours is
  'Mean error in hours of the naive forecast of the same';
comment on column analytics.sellout_forecast.error_factor is
  'By what factor the hours to the sell-out were off, on average (geometric mean)';
comment on column analytics.sellout_forecast.naive_error_factor is
  'The same of the naive forecast';
comment on column analytics.sellout_forecast.computed_at is
  'When this row was computed: within about a minute, longer with more than 50 events on sale';

grant select on analytics.sellout_forecast to analyst, booking_app;
