-- Up Migration

-- Messages wait here, written by the transaction that made the change. A relay locks a
-- bucket, publishes its rows in order and deletes them; what stays was not published yet.
create table outbox (
  id bigint generated always as identity primary key,
  bucket smallint not null,
  message jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);
create index outbox_by_bucket on outbox (bucket, id);

create table outbox_buckets (bucket smallint primary key);
insert into outbox_buckets select generate_series(0, 15);

-- Messages that had their effect, one row a consumer; inserted with the effect.
create table inbox (
  consumer text not null,
  message_id uuid not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (consumer, message_id)
);

-- Who did what, when and why. Chained per aggregate: each entry's hash covers the one
-- before it, and audit_heads keeps the last, so that an altered entry or a cut tail shows.
create table audit_entries (
  aggregate_type text not null,
  aggregate_id uuid not null,
  seq integer not null,
  action text not null,
  old_status text,
  new_status text,
  amount_minor bigint,
  currency char(3),
  actor text not null,
  reason text,
  request_id text not null,
  correlation_id text not null,
  metadata jsonb not null default '{}',
  at timestamptz not null default clock_timestamp(),
  previous_hash bytea not null,
  hash bytea not null,
  primary key (aggregate_type, aggregate_id, seq)
);

create table audit_heads (
  aggregate_type text not null,
  aggregate_id uuid not null,
  seq integer not null,
  hash bytea not null,
  primary key (aggregate_type, aggregate_id)
);

create function audit_hash(entry audit_entries) returns bytea
language sql stable as $$
  select sha256(convert_to(jsonb_build_array(
    encode(entry.previous_hash, 'hex'), entry.aggregate_type, entry.aggregate_id, entry.seq,
    entry.action, entry.old_status, entry.new_status, entry.amount_minor, entry.currency,
    entry.actor, entry.reason, entry.request_id, entry.correlation_id, entry.metadata,
    extract(epoch from entry.at)
  )::text, 'UTF8'))
$$;

create function chain_audit_entry() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into audit_heads (aggregate_type, aggregate_id, seq, hash)
    values (new.aggregate_type, new.aggregate_id, 0, '')
    on conflict do nothing;
  select seq + 1, hash into new.seq, new.previous_hash from audit_heads
    where aggregate_type = new.aggregate_type and aggregate_id = new.aggregate_id
    for update;
  new.hash := audit_hash(new);
  update audit_heads set seq = new.seq, hash = new.hash
    where aggregate_type = new.aggregate_type and aggregate_id = new.aggregate_id;
  return new;
end $$;
create trigger chain_audit_entry before insert on audit_entries
  for each row execute function chain_audit_entry();

create function refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger append_only before update or delete or truncate on audit_entries
  for each statement execute function refuse_change();
