-- Up Migration

-- What each view is and what each of its columns is: \d+ in psql shows it.
comment on view analytics.sales_daily is
  'Money of each day (UTC) as the ledger has it, one row a day and currency; captures count on the day of the capture, refunds on the day they were asked for';
comment on column analytics.sales_daily.day is 'Day of the movement, UTC';
comment on column analytics.sales_daily.month is
  'First day of its month; filter by it for few rows';
comment on column analytics.sales_daily.currency is 'ISO 4217 code of the amounts';
comment on column analytics.sales_daily.bookings is
  'Bookings whose money was captured on the day; those without a price are not here';
comment on column analytics.sales_daily.tickets is 'Seats of those bookings';
comment on column analytics.sales_daily.gross_minor is
  'Money captured, in the currency''s minor unit';
comment on column analytics.sales_daily.refunds is 'Refunds asked for on the day';
comment on column analytics.sales_daily.refunded_minor is
  'Money of those refunds, in the minor unit';
comment on column analytics.sales_daily.net_minor is 'gross_minor less refunded_minor';
comment on column analytics.sales_daily.average_booking_minor is
  'gross_minor a booking; null without bookings';
comment on column analytics.sales_daily.month_to_date_minor is
  'Running total of net_minor since the start of the month';
comment on column analytics.sales_daily.rank_in_month is
  'Place of the day by net_minor in its month, 1 is the highest';

comment on view analytics.seat_fill is
  'How full each event is at this moment, one row an event';
comment on column analytics.seat_fill.event_id is 'Id of the event';
comment on column analytics.seat_fill.event is 'Name of the event, as catalog last told it';
comment on column analytics.seat_fill.venue is 'Name of the venue';
comment on column analytics.seat_fill.city is 'City of the venue';
comment on column analytics.seat_fill.starts_at is 'Start of the event, an instant';
comment on column analytics.seat_fill.status is 'Status of the event, as catalog last told it';
comment on column analytics.seat_fill.seats is
  'Seats of the event, also those the house keeps back; null until catalog tells it';
comment on column analytics.seat_fill.sold is 'Tickets that admit somebody';
comment on column analytics.seat_fill.in_checkout is 'Tickets reserved while the money moves';
comment on column analytics.seat_fill.held is 'Seats in holds that have not run out';
comment on column analytics.seat_fill.unsold is
  'seats less sold, in_checkout and held, also those the house keeps back';
comment on column analytics.seat_fill.fill_percent is 'sold in percent of seats';
comment on column analytics.seat_fill.fill_rank is
  'Place by fill_percent among all events, 1 is the fullest';

comment on view analytics.price_tier_mix is
  'What live tickets were sold as, one row an event, currency, price category and ticket type; values add up to the net revenue of the event while refunds are full ones';
comment on column analytics.price_tier_mix.event_id is 'Id of the event';
comment on column analytics.price_tier_mix.event is
  'Name of the event; null until catalog''s message has come';
comment on column analytics.price_tier_mix.currency is 'ISO 4217 code of the amounts';
comment on column analytics.price_tier_mix.category is 'Price category of the seat';
comment on column analytics.price_tier_mix.ticket_type is
  'Kind of ticket, such as Student; empty where the event has one kind';
comment on column analytics.price_tier_mix.tickets is 'Tickets that admit somebody';
comment on column analytics.price_tier_mix.value_minor is
  'What they were sold for, in the minor unit';
comment on column analytics.price_tier_mix.average_minor is 'value_minor a ticket';
comment on column analytics.price_tier_mix.lowest_minor is 'Lowest price of one';
comment on column analytics.price_tier_mix.highest_minor is 'Highest price of one';
comment on column analytics.price_tier_mix.tickets_percent is 'Share of the event''s tickets';
comment on column analytics.price_tier_mix.value_percent is
  'Share of the event''s value; null where all is free';
comment on column analytics.price_tier_mix.value_rank is
  'Place by value_minor within the event, 1 is the highest';

comment on view analytics.checkout_funnel is
  'How far checkouts came, one row a day (UTC) and event; a hold counts on the day it was taken, a booking on the day it was placed';
comment on column analytics.checkout_funnel.day is 'Day of the hold or the booking, UTC';
comment on column analytics.checkout_funnel.event_id is 'Id of the event';
comment on column analytics.checkout_funnel.held is 'Holds taken';
comment on column analytics.checkout_funnel.placed is 'Bookings placed';
comment on column analytics.checkout_funnel.authorized is
  'Bookings whose payment was authorized, or that cost nothing';
comment on column analytics.checkout_funnel.pinned is 'Bookings whose seats catalog kept for them';
comment on column analytics.checkout_funnel.sold is
  'Bookings that were confirmed, also those cancelled since';
comment on column analytics.checkout_funnel.declined is 'Bookings whose payment was declined';
comment on column analytics.checkout_funnel.failed is
  'Bookings that failed, also the declined ones';
comment on column analytics.checkout_funnel.cancelled is
  'Bookings that were cancelled after the sale';
comment on column analytics.checkout_funnel.under_way is 'Bookings without an outcome so far';
comment on column analytics.checkout_funnel.placed_percent is 'placed in percent of held';
comment on column analytics.checkout_funnel.sold_percent is 'sold in percent of placed';

comment on view analytics.hold_outcomes is
  'How holds ended, one row a day (UTC, of the taking), event and outcome';
comment on column analytics.hold_outcomes.day is 'Day on which the holds were taken, UTC';
comment on column analytics.hold_outcomes.event_id is 'Id of the event';
comment on column analytics.hold_outcomes.outcome is
  'held, pinned, confirmed, released, expired, or returned (sold and cancelled since); a hold past its end counts as expired';
comment on column analytics.hold_outcomes.holds is 'Holds with this outcome';
comment on column analytics.hold_outcomes.seats is 'Seats of those holds';
comment on column analytics.hold_outcomes.average_seconds is
  'Mean time from taking to the end; null while it has none';
comment on column analytics.hold_outcomes.median_seconds is 'Median of the same';
comment on column analytics.hold_outcomes.holds_percent is
  'Share of the holds of the day and event';

comment on view analytics.refunds is
  'Money paid back, one row a refund';
comment on column analytics.refunds.refund_id is 'Id of the refund';
comment on column analytics.refunds.month is
  'First day of the month (UTC) in which it was asked for; filter by it for few rows';
comment on column analytics.refunds.booking_id is 'Id of the booking';
comment on column analytics.refunds.event_id is 'Id of the event';
comment on column analytics.refunds.event is 'Name of the event';
comment on column analytics.refunds.currency is 'ISO 4217 code of the amounts';
comment on column analytics.refunds.amount_minor is 'Money of the refund, in the minor unit';
comment on column analytics.refunds.captured_minor is
  'Money that had been captured for the booking';
comment on column analytics.refunds.refunded_percent is 'amount_minor in percent of captured_minor';
comment on column analytics.refunds.reason is 'Why it was asked for';
comment on column analytics.refunds.status is 'requested, or succeeded once the provider has paid';
comment on column analytics.refunds.requested_at is 'Instant it was asked for';
comment on column analytics.refunds.paid_at is
  'Instant the provider said that it was paid; null before';
comment on column analytics.refunds.hours_to_pay is 'Hours from the one to the other';
comment on column analytics.refunds.month_to_date_minor is
  'Running total of amount_minor in the month and currency';

comment on view analytics.time_to_sellout is
  'How fast events sold, one row an event; only tickets that are live at present count';
comment on column analytics.time_to_sellout.event_id is 'Id of the event';
comment on column analytics.time_to_sellout.event is 'Name of the event';
comment on column analytics.time_to_sellout.city is 'City of the venue';
comment on column analytics.time_to_sellout.on_sale_at is
  'Instant the sale opened; null until catalog tells it';
comment on column analytics.time_to_sellout.starts_at is 'Start of the event, an instant';
comment on column analytics.time_to_sellout.seats is
  'Seats of the event; null until catalog tells it';
comment on column analytics.time_to_sellout.sold is 'Tickets that admit somebody';
comment on column analytics.time_to_sellout.first_sale_at is 'When the first of them was reserved';
comment on column analytics.time_to_sellout.quarter_sold_at is
  'When a quarter of the seats was sold; null before';
comment on column analytics.time_to_sellout.half_sold_at is 'When half was';
comment on column analytics.time_to_sellout.nine_tenths_sold_at is 'When 90 percent was';
comment on column analytics.time_to_sellout.sold_out_at is 'When all were';
comment on column analytics.time_to_sellout.hours_to_sellout is
  'Hours from on_sale_at to sold_out_at';

comment on view analytics.customer_cohorts is
  'Customers by the month of their first purchase, one row a cohort, currency and month after it; net amounts add up to the ledger';
comment on column analytics.customer_cohorts.cohort is
  'First day of the month (UTC) of the first purchase in the currency';
comment on column analytics.customer_cohorts.currency is 'ISO 4217 code of the amounts';
comment on column analytics.customer_cohorts.months_later is
  'Months after the cohort, 0 is the month itself';
comment on column analytics.customer_cohorts.customers is
  'Customers of the cohort who bought in that month';
comment on column analytics.customer_cohorts.bookings is
  'Bookings they made, also those cancelled since';
comment on column analytics.customer_cohorts.net_minor is
  'Money captured for these less what was paid back';
comment on column analytics.customer_cohorts.net_per_customer_minor is 'net_minor a customer';
comment on column analytics.customer_cohorts.retained_percent is
  'customers in percent of those of month 0';
comment on column analytics.customer_cohorts.running_net_minor is
  'Running total of net_minor of the cohort';

comment on view analytics.audit_trail is
  'Who did what, when and why; one row a settled change of a booking, payment or ticket';
comment on column analytics.audit_trail.at is 'Instant of the change';
comment on column analytics.audit_trail.aggregate_type is 'booking, payment or ticket';
comment on column analytics.audit_trail.aggregate_id is 'Id of what was changed';
comment on column analytics.audit_trail.seq is 'Number of the change of that one, from 1';
comment on column analytics.audit_trail.action is 'What was done, such as booking.confirmed';
comment on column analytics.audit_trail.old_status is 'Status before; null at the first';
comment on column analytics.audit_trail.new_status is 'Status after';
comment on column analytics.audit_trail.amount_minor is
  'Money concerned, in the minor unit; null where none is';
comment on column analytics.audit_trail.currency is 'ISO 4217 code of the amount';
comment on column analytics.audit_trail.actor is
  'Who did it: a user, a service or the payment provider';
comment on column analytics.audit_trail.reason is 'Why, where a reason was given';
comment on column analytics.audit_trail.request_id is 'Id of the request that did it';
comment on column analytics.audit_trail.correlation_id is
  'Id that all consequences of one request share';
comment on column analytics.audit_trail.entry_hash is
  'SHA-256 over this entry and the hash of the one before it, in hex';

comment on view analytics.recent_bookings is
  'Bookings confirmed in the last 30 days and still so, with their buyer; one row a booking';
comment on column analytics.recent_bookings.booking_id is 'Id of the booking';
comment on column analytics.recent_bookings.confirmed_at is
  'Instant of the capture; of the last change where it cost nothing';
comment on column analytics.recent_bookings.event_id is 'Id of the event';
comment on column analytics.recent_bookings.event is 'Name of the event';
comment on column analytics.recent_bookings.city is
  'City of the venue; null until catalog''s message has come';
comment on column analytics.recent_bookings.starts_at is 'Start of the event, an instant';
comment on column analytics.recent_bookings.user_id is 'Id of the buyer';
comment on column analytics.recent_bookings.customer is
  'Name of the buyer; null until auth''s message has come';
comment on column analytics.recent_bookings.email is 'Mail address of the buyer';
comment on column analytics.recent_bookings.tier is 'regular, premium or vip, as auth last told it';
comment on column analytics.recent_bookings.tickets is 'Tickets that admit somebody';
comment on column analytics.recent_bookings.currency is 'ISO 4217 code of the amounts';
comment on column analytics.recent_bookings.total_minor is
  'Price of the booking, in the minor unit';
comment on column analytics.recent_bookings.customer_bookings is
  'Bookings of the buyer among these rows, in the currency';
comment on column analytics.recent_bookings.customer_average_minor is
  'Mean of total_minor over those';
comment on column analytics.recent_bookings.value_rank is
  'Place by total_minor within the currency, 1 is the highest';
comment on column analytics.recent_bookings.running_total_minor is
  'Running total of total_minor in the currency, in order of confirmed_at';

comment on view analytics.freshness is
  'How far the projections have come, one row a source; all other figures are read at the moment of the query';
comment on column analytics.freshness.source is 'Topic that the rows come from';
comment on column analytics.freshness.messages is 'Messages applied so far';
comment on column analytics.freshness.message_id is 'Id of the last message applied';
comment on column analytics.freshness.message_time is
  'Instant of the change it tells of; null before the first';
comment on column analytics.freshness.applied_at is 'Instant it was applied';
comment on column analytics.freshness.lag_seconds is 'From the one to the other';
comment on column analytics.freshness.quiet_seconds is 'Time since then';
