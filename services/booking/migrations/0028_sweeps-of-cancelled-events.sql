-- Up Migration

-- Events that were cancelled before there were sweeps: what is still sold of them is swept now.
insert into event_sweeps (event_id, event_version, cause, new_starts_at)
select event_id, version, 'cancelled', starts_at from events where status = 'cancelled'
on conflict do nothing;
