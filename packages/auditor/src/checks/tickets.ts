import { type Check, sqlCheck } from '../check.ts';

/** Rules over tickets at the gates. */
export const TICKET_CHECKS: readonly Check[] = [
  sqlCheck({
    invariant: 19,
    title: 'entries and exits of a ticket take turns, each with its audit entry',
    store: 'booking',
    counted: 'ticket_passages',
    broken: `
      with passed as (
        select ticket_id, count(*) as passages, max(seq) as last_seq,
          count(distinct event_id) as events, min(at) as first_at
        from ticket_passages group by ticket_id
      ), audited as (
        select aggregate_id as ticket_id, count(*) as passages from audit_entries
        where aggregate_type = 'ticket' and action in ('ticket.checked_in', 'ticket.checked_out')
        group by aggregate_id
      )
      select 'ticket ' || t.id || ' passed ' || t.passages || ' times by its own count, '
        || coalesce(p.passages, 0) || ' by its passages up to number ' || coalesce(p.last_seq, 0)
        || ' and ' || coalesce(a.passages, 0) || ' by its audit entries' as finding
      from tickets t left join passed p on p.ticket_id = t.id left join audited a on a.ticket_id = t.id
      where t.passages <> coalesce(p.passages, 0) or t.passages <> coalesce(p.last_seq, 0)
        or t.passages <> coalesce(a.passages, 0) or p.events > 1
        or t.first_entered_at is distinct from p.first_at`,
  }),
  sqlCheck({
    invariant: 19,
    title: 'nobody was let in with a ticket after it was void',
    store: 'booking',
    counted: `audit_entries where aggregate_type = 'ticket' and new_status = 'void'`,
    broken: `
      select 'ticket ' || e.aggregate_id || ' was void in entry ' || v.seq || ' of its chain and let somebody in in entry '
        || e.seq as finding
      from audit_entries v join audit_entries e on e.aggregate_type = 'ticket'
        and e.aggregate_id = v.aggregate_id and e.seq > v.seq and e.action = 'ticket.checked_in'
      where v.aggregate_type = 'ticket' and v.new_status = 'void'`,
  }),
];
