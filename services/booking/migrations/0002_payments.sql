-- Up Migration

-- One payment a booking: another card is another booking. The CHECKs bound captures by the
-- amount and refunds by the capture; `refunded_minor` grows when a refund is asked for.
create table payments (
  id uuid primary key,
  booking_id uuid not null unique references bookings,
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  method text not null,
  status text not null check (
    status in ('requested', 'authorized', 'captured', 'voided', 'declined', 'refunded')
  ),
  provider_id text unique,
  captured_minor bigint not null default 0 check (captured_minor in (0, amount_minor)),
  refunded_minor bigint not null default 0,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  constraint refunds_within_capture check (refunded_minor between 0 and captured_minor)
);

create table refunds (
  id uuid primary key,
  payment_id uuid not null references payments,
  booking_id uuid not null references bookings,
  amount_minor bigint not null check (amount_minor > 0),
  currency char(3) not null,
  reason text not null,
  status text not null check (status in ('requested', 'succeeded')),
  provider_id text unique,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create index refunds_of_payment on refunds (payment_id);

-- What the provider is to do, committed before it is asked. The idempotency key is derived from
-- the id and `generation`, which grows only when the provider has settled on an error under the
-- old key and was asked for the truth; so a repeat after a crash is the same request.
create table provider_calls (
  id uuid primary key,
  booking_id uuid not null references bookings,
  payment_id uuid not null references payments,
  refund_id uuid references refunds,
  kind text not null check (kind in ('authorize', 'capture', 'void', 'refund')),
  generation integer not null default 1,
  status text not null default 'requested' check (status in ('requested', 'succeeded', 'failed')),
  origin jsonb not null,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  leased_until timestamptz,
  last_error text,
  response jsonb,
  created_at timestamptz not null default now(),
  settled_at timestamptz,
  check ((kind = 'refund') = (refund_id is not null))
);
create index provider_calls_due on provider_calls (next_attempt_at) where status = 'requested';
create index provider_calls_of_payment on provider_calls (payment_id);
-- At most one authorization, capture and void a payment, whatever the code does.
create unique index one_call_a_kind on provider_calls (payment_id, kind) where kind <> 'refund';
create unique index one_call_a_refund on provider_calls (refund_id) where kind = 'refund';

-- Double entry. An amount is positive for a debit and negative for a credit.
create table ledger_accounts (
  id uuid primary key default uuidv7(),
  kind text not null check (kind in ('provider_clearing', 'organizer_payable', 'refunds_payable')),
  event_id uuid,
  currency char(3) not null,
  check ((kind = 'organizer_payable') = (event_id is not null)),
  unique nulls not distinct (kind, event_id, currency),
  unique (id, currency)
);

create table ledger_journals (
  id uuid primary key default uuidv7(),
  kind text not null check (kind in ('capture', 'cancel', 'refund')),
  booking_id uuid not null references bookings,
  payment_id uuid not null references payments,
  refund_id uuid references refunds,
  at timestamptz not null default now(),
  -- The same movement is never written twice.
  unique nulls not distinct (payment_id, kind, refund_id)
);

create table ledger_lines (
  journal_id uuid not null references ledger_journals,
  account_id uuid not null,
  currency char(3) not null,
  amount_minor bigint not null check (amount_minor <> 0),
  primary key (journal_id, account_id),
  foreign key (account_id, currency) references ledger_accounts (id, currency)
);
create index ledger_lines_of_account on ledger_lines (account_id);

create function require_balanced_journal() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  journal uuid := case tg_table_name when 'ledger_journals' then to_jsonb(new) ->> 'id'
    else to_jsonb(new) ->> 'journal_id' end;
begin
  if not exists (select from ledger_lines where journal_id = journal) then
    raise exception 'journal % has no lines', journal using errcode = 'check_violation';
  end if;
  if exists (
    select from ledger_lines where journal_id = journal
    group by currency having sum(amount_minor) <> 0
  ) then
    raise exception 'journal % does not sum to zero', journal using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger balanced after insert on ledger_journals
  deferrable initially deferred for each row execute function require_balanced_journal();
create constraint trigger balanced after insert on ledger_lines
  deferrable initially deferred for each row execute function require_balanced_journal();
create trigger append_only before update or delete or truncate on ledger_journals
  for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on ledger_lines
  for each statement execute function refuse_change();

-- The provider's events that were seen, by its id.
create table webhook_events (
  id text primary key,
  type text not null,
  received_at timestamptz not null default now()
);

grant select, insert, update on payments, refunds, provider_calls to booking_app;
grant select, insert on ledger_accounts, ledger_journals, ledger_lines, webhook_events to booking_app;
