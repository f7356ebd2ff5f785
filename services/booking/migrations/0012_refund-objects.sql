-- Up Migration

-- A refund is an object with a life of its own: it moves money and never a ticket. `failure` is why
-- the provider refused it last; a failed one is still owed and waits for an operator.
alter table refunds
  drop constraint refunds_status_check,
  add constraint refunds_status_check check (status in ('requested', 'succeeded', 'failed')),
  add column failure text,
  -- How often the provider has refused it.
  add column failures integer not null default 0 check (failures >= 0),
  add column asked_by text not null default 'system:booking',
  add column version integer not null default 1,
  add constraint failed_for_a_reason check (status <> 'failed' or failure is not null);
update refunds r set asked_by = c.origin ->> 'actor' from provider_calls c where c.refund_id = r.id;
update refunds set version = 2 where status = 'succeeded';
alter table refunds alter column asked_by drop default;
create index refunds_of_booking on refunds (booking_id);
create index refunds_failed on refunds (changed_at) where status = 'failed';

-- What a refund repays of each part of the price: of a seat, or of the order (an empty seat_id).
-- Together its amount.
create table refund_parts (
  refund_id uuid not null references refunds,
  seat_id text not null,
  kind text not null check (kind in ('face_value', 'fee', 'tax')),
  amount_minor bigint not null check (amount_minor > 0),
  primary key (refund_id, seat_id, kind)
);
grant select, insert on refund_parts to booking_app;
-- Until now all refunds were full ones, of prices without fees.
insert into refund_parts (refund_id, seat_id, kind, amount_minor)
select r.id, s.seat_id, 'face_value', s.price_minor
from refunds r join booking_seats s on s.booking_id = r.booking_id where s.price_minor > 0;

-- Money may be repaid without a cancellation, and come back from a card that was closed. Several
-- such movements of a payment are told apart by the version of the refund or booking they belong to.
alter table ledger_journals
  add column of_version integer,
  drop constraint ledger_journals_kind_check,
  add constraint ledger_journals_kind_check check (
    kind in ('capture', 'cancel', 'goodwill', 'refund', 'refund_failed')
  ),
  drop constraint ledger_journals_payment_id_kind_refund_id_key,
  add constraint one_journal_a_movement
    unique nulls not distinct (payment_id, kind, refund_id, of_version);
