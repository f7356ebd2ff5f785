-- Up Migration

-- How a payment has ended may be asked more than once: money may come after it was given up.
drop index one_call_a_kind;
create unique index one_call_a_kind on provider_calls (payment_id, kind)
  where kind not in ('refund', 'await');
create unique index one_open_question on provider_calls (payment_id)
  where kind = 'await' and status = 'requested';
