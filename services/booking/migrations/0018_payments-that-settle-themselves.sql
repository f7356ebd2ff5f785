-- Up Migration

-- A payment by a method that settles by itself, such as a bank debit, is charged once its seats are
-- pinned; the provider then works on it (`processing`) and tells the end later.
alter table payments add column method_type text not null default 'card';
alter table payments drop constraint payments_status_check;
alter table payments add constraint payments_status_check check (status in
  ('requested', 'authorized', 'processing', 'captured', 'voided', 'declined', 'refunded'));
create index payments_processing on payments (changed_at) where status = 'processing';

-- `charge` begins such a payment, `await` asks how it has ended.
alter table provider_calls drop constraint provider_calls_kind_check;
alter table provider_calls add constraint provider_calls_kind_check check (kind in
  ('authorize', 'capture', 'charge', 'await', 'void', 'refund'));
