-- Up Migration

-- Readers of the list of revoked tickets go back a minute each round. That is enough because the
-- instant is that of the change itself, not of the start of a transaction that may have waited for
-- locks since; and because a transaction that revokes a ticket commits within 45 s of it or never.
create or replace function mark_ticket_revoked() returns trigger language plpgsql as $$
begin
  new.revoked_at := clock_timestamp();
  perform set_config('transaction_timeout', '45s', true);
  return new;
end $$;

-- Sweeps that began with the migration of cancelled events have the first entry of their chain.
insert into audit_entries (aggregate_type, aggregate_id, action, new_status, actor, reason,
  request_id, correlation_id, metadata, seq, previous_hash, hash)
select 'event_sweep', s.id, 'event_sweep.started', 'running', 'system:migration',
  'event_' || s.cause, s.id, s.id,
  jsonb_build_object('eventId', s.event_id, 'version', s.event_version), 0, '', ''
from event_sweeps s where not exists (
  select from audit_entries e where e.aggregate_type = 'event_sweep' and e.aggregate_id = s.id);
