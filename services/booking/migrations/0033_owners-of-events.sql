-- Up Migration

-- Whose event it is: its organizer sees what happens at its gates, and no other does.
alter table events add column owner_id uuid;
