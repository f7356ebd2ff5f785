-- Up Migration

-- The failed booking whose late money this one took over, to take its seats again.
alter table bookings add column retakes uuid;
