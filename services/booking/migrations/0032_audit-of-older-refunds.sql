-- Up Migration

-- Refunds that were made before they had states of their own: their chains begin as they stand.
insert into audit_entries (aggregate_type, aggregate_id, action, new_status, amount_minor, currency,
  actor, reason, request_id, correlation_id, metadata, seq, previous_hash, hash)
select 'refund', r.id, 'refund.' || r.status, r.status, r.amount_minor, r.currency,
  'system:migration', r.reason, r.id, r.id,
  jsonb_build_object('bookingId', r.booking_id, 'paymentId', r.payment_id), 0, '', ''
from refunds r where not exists (
  select from audit_entries e where e.aggregate_type = 'refund' and e.aggregate_id = r.id);
