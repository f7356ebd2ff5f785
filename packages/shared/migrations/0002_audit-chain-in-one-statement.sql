-- Up Migration

-- The head of a chain is moved on by one statement in place of three. Who comes second waits for the
-- row's lock and goes on from what the first has left.
create or replace function chain_audit_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  loop
    update audit_heads h set seq = h.seq + 1, hash = audit_hash(row(
        new.aggregate_type, new.aggregate_id, h.seq + 1, new.action, new.old_status, new.new_status,
        new.amount_minor, new.currency, new.actor, new.reason, new.request_id, new.correlation_id,
        new.metadata, new.at, h.hash, null)::audit_entries)
      where aggregate_type = new.aggregate_type and aggregate_id = new.aggregate_id
      returning with (old as before) h.seq, before.hash, h.hash
      into new.seq, new.previous_hash, new.hash;
    exit when found;
    new.seq := 1;
    new.previous_hash := '';
    new.hash := audit_hash(new);
    insert into audit_heads values (new.aggregate_type, new.aggregate_id, 1, new.hash)
      on conflict do nothing;
    exit when found;
  end loop;
  return new;
end $$;
