-- Up Migration

-- One comparison of our books with the provider's report a day (UTC). Read page by page, the place
-- kept with what was read, so that any instance goes on after a crash.
create table reconciliations (
  day date primary key,
  state text not null default 'requested'
    check (state in ('requested', 'reading', 'comparing', 'done')),
  -- Movements before this are compared; earlier than the day's end while the day was not over.
  covers_until timestamptz,
  -- The provider's id of the last movement read.
  cursor text,
  leased_until timestamptz,
  requested_by text not null,
  requested_at timestamptz not null default now(),
  finished_at timestamptz
);
create index reconciliations_open on reconciliations (day) where state <> 'done';

-- The provider's movements of a day while it is compared.
create table reconciliation_movements (
  id text primary key,
  day date not null references reconciliations,
  movement text not null check (movement in ('capture', 'refund')),
  -- The provider's id of the payment or refund, and ours as the provider was told it.
  provider_id text not null,
  our_id uuid,
  currency char(3) not null,
  amount_minor bigint not null
);
create index reconciliation_movements_of_day on reconciliation_movements (day, movement, provider_id);

-- What both sides have of a day. They differ by the differences and by nothing else.
create table reconciliation_sums (
  day date not null references reconciliations,
  movement text not null,
  currency char(3) not null,
  count_there integer not null,
  there_minor bigint not null,
  here_minor bigint not null,
  primary key (day, movement, currency)
);

create table reconciliation_differences (
  day date not null references reconciliations,
  movement text not null check (movement in ('capture', 'refund')),
  -- The provider's id, or ours where it has none.
  subject text not null,
  kind text not null
    check (kind in ('missing_here', 'missing_there', 'amount_differs', 'status_differs')),
  booking_id uuid,
  here jsonb,
  there jsonb,
  found_at timestamptz not null default now(),
  resolved_at timestamptz,
  primary key (day, movement, subject)
);
create index reconciliation_differences_open on reconciliation_differences (day)
  where resolved_at is null;

create index ledger_journals_by_time on ledger_journals using brin (at);

-- What our books say that the provider has moved, one row a payment and a refund: the object
-- itself, and what the ledger's clearing account has of it.
create view moved_money as
select 'capture' as movement, p.id as our_id, p.provider_id, p.booking_id, p.status, p.currency,
  p.captured_minor as amount_minor, coalesce((
    select sum(l.amount_minor) from ledger_journals j
    join ledger_lines l on l.journal_id = j.id join ledger_accounts a on a.id = l.account_id
    where j.payment_id = p.id and j.refund_id is null and a.kind = 'provider_clearing'
  ), 0)::bigint as ledger_minor
from payments p
union all
select 'refund', r.id, r.provider_id, r.booking_id, r.status, r.currency,
  case r.status when 'succeeded' then r.amount_minor else 0 end, coalesce((
    select -sum(l.amount_minor) from ledger_journals j
    join ledger_lines l on l.journal_id = j.id join ledger_accounts a on a.id = l.account_id
    where j.payment_id = r.payment_id and j.refund_id = r.id and a.kind = 'provider_clearing'
  ), 0)::bigint
from refunds r;

grant select, insert, update on reconciliations to booking_app;
grant select, insert, delete on reconciliation_movements, reconciliation_sums to booking_app;
grant select, insert, update on reconciliation_differences to booking_app;
grant select on moved_money to booking_app;
