-- Up Migration

-- Pairs that sign what tickets show. `kid` is the key's id inside a code. The newest one that signs
-- already and was not revoked signs; a code of a revoked one lets nobody in.
create table ticket_keys (
  kid text primary key check (kid ~ '^[0-9a-f]{8}$'),
  id uuid not null unique,
  public_jwk jsonb not null,
  private_jwk jsonb not null,
  signs_from timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null default now()
);

-- Entries and exits, which take turns: the primary key and the CHECK are the rule (invariant 19).
create table ticket_passages (
  ticket_id uuid not null references tickets,
  seq integer not null check (seq >= 1),
  direction text not null,
  event_id uuid not null,
  gate text not null check (gate <> ''),
  scanner_id uuid not null,
  -- The scanner's own name of the scan: a repeat under it is answered again.
  scan_key text,
  -- When the scanner says it was, where it had no connection.
  scanned_at timestamptz,
  at timestamptz not null default now(),
  primary key (ticket_id, seq),
  constraint entries_are_odd check (direction = case seq % 2 when 1 then 'entry' else 'exit' end),
  constraint one_passage_a_scan unique (scanner_id, scan_key)
);
create index passages_of_event on ticket_passages (event_id, gate, direction);
create trigger append_only before update or delete or truncate on ticket_passages
  for each statement execute function refuse_change();

grant select, insert on ticket_keys, ticket_passages to booking_app;
grant update (revoked_at) on ticket_keys to booking_app;
