-- Up Migration

-- What kind of ticket a seat was bought as, where its event has several: { "id", "name" }.
alter table booking_seats add column ticket_type jsonb;
