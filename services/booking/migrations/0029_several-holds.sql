-- Up Migration

-- A booking may be of several holds of one event: [{ holdId, pinId, seatIds }], the one of `hold_id`
-- and `pin_id` first; null where that is all.
alter table bookings add column holds jsonb;
alter table hold_claims drop constraint hold_claims_booking_id_key;
create index hold_claims_of_booking on hold_claims (booking_id);

-- Which holds of such a booking catalog has pinned; with the last of them its checkout goes on.
create table pinned_holds (
  booking_id uuid not null references booking_ids,
  hold_id uuid not null,
  primary key (booking_id, hold_id)
);
grant select, insert on pinned_holds to booking_app;
