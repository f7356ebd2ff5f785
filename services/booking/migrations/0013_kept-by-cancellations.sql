-- Up Migration

-- What cancellations have kept of the price of cancelled seats. Captured less refunded is what the
-- live tickets cost, less what was repaid of them without a cancellation, and this.
alter table payments
  add column kept_minor bigint not null default 0,
  add constraint the_rest_covers_what_is_kept check (kept_minor between 0 and captured_minor - refunded_minor);
