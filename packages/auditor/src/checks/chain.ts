import { type Check, sqlCheck } from '../check.ts';

const BROKEN_CHAIN = `
  with linked as (
    select e.*, lag(hash) over chain as before, row_number() over chain as place
    from audit_entries e
    window chain as (partition by aggregate_type, aggregate_id order by seq)
  )
  select aggregate_type || ' ' || aggregate_id || ': entry ' || seq || ' was altered or one before it is missing' as finding
  from linked
  where hash <> audit_hash(row(aggregate_type, aggregate_id, seq, action, old_status, new_status,
      amount_minor, currency, actor, reason, request_id, correlation_id, metadata, at,
      previous_hash, hash)::audit_entries)
    or previous_hash <> coalesce(before, '') or place <> seq
  union all
  select h.aggregate_type || ' ' || h.aggregate_id || ': the chain ends in entry '
    || coalesce(t.seq, 0) || ', its head says ' || h.seq
  from audit_heads h left join lateral (
    select seq, hash from audit_entries e
    where e.aggregate_type = h.aggregate_type and e.aggregate_id = h.aggregate_id
    order by seq desc limit 1
  ) t on true
  where t.seq is distinct from h.seq or t.hash is distinct from h.hash`;

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
    title: 'each booking, payment and ticket has an audit entry for the state it is in',
    store: 'booking',
    counted: '(select id from bookings union all select id from payments) as settled',
    broken: `
      with last as (
        select distinct on (aggregate_type, aggregate_id) aggregate_type, aggregate_id, new_status
        from audit_entries order by aggregate_type, aggregate_id, seq desc
      ), settled as (
        select 'booking' as type, id, status from bookings
        union all select 'payment', id, status from payments
      )
      select s.type || ' ' || s.id || ' is ' || s.status || ', its last audit entry says '
        || coalesce(l.new_status, 'nothing') as finding
      from settled s left join last l on l.aggregate_type = s.type and l.aggregate_id = s.id
      where l.new_status is distinct from s.status`,
  }),
];
