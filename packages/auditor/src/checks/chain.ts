import { CHAIN_FAULTS } from '../chains.ts';
import { type Check, sqlCheck } from '../check.ts';

const BROKEN_CHAIN = `
  select aggregate_type || ' ' || aggregate_id || ': entry ' || seq || ' ' || fault as finding
  from (${CHAIN_FAULTS}) f`;

/** Aggregates of booking and the state that each is in. */
const SETTLED = `
  select 'booking' as type, id, status from bookings
  union all select 'payment', id, status from payments
  union all select 'refund', id, status from refunds
  union all select 'ticket', id, status from tickets
  union all select 'transfer', id, status from transfers
  union all select 'event_sweep', id, state from event_sweeps
  union all select 'ticket_key', id,
    case when revoked_at is null then 'published' else 'revoked' end from ticket_keys`;

/** Rules over the audit trails in PostgreSQL. */
export const CHAIN_CHECKS: readonly Check[] = [
  sqlCheck({
    invariant: 10,
    title: "booking's audit chains are unbroken",
    store: 'booking',
    counted: 'audit_entries',
    broken: BROKEN_CHAIN,
  }),
  sqlCheck({
    invariant: 10,
    title: "auth's audit chains are unbroken",
    store: 'auth',
    counted: 'audit_entries',
    broken: BROKEN_CHAIN,
  }),
  sqlCheck({
    invariant: 10,
    title:
      'each booking, payment, refund, ticket, transfer, sweep and key of tickets has an audit entry for the state it is in',
    store: 'booking',
    counted: `(${SETTLED}) as settled`,
    broken: `
      with last as (
        select distinct on (aggregate_type, aggregate_id) aggregate_type, aggregate_id, new_status
        from audit_entries order by aggregate_type, aggregate_id, seq desc
      ), settled as (${SETTLED})
      select s.type || ' ' || s.id || ' is ' || s.status || ', its last audit entry says '
        || coalesce(l.new_status, 'nothing') as finding
      from settled s left join last l on l.aggregate_type = s.type and l.aggregate_id = s.id
      where l.new_status is distinct from s.status`,
  }),
];
