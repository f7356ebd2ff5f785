-- Up Migration

-- Catalog knows more statuses of an event than at first, and may come to know others: booking only
-- asks whether it is cancelled.
alter table events drop constraint events_status_check;
alter table events add constraint events_status_check check (status ~ '^[a-z_]{1,40}$');
