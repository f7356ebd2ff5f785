import { type Check, sqlCheck } from '../check.ts';

/** Rules over tickets that go to other people. */
export const TRANSFER_CHECKS: readonly Check[] = [
  sqlCheck({
    invariant: 2,
    title: 'a ticket is on offer to one person at a time, as its transfer says',
    store: 'booking',
    counted: 'transfer_tickets',
    broken: `
      select 'ticket ' || ticket_id || ' is on offer ' || count(*) || ' times' as finding
      from transfer_tickets where status = 'offered' group by ticket_id having count(*) > 1
      union all
      select 'ticket ' || o.ticket_id || ' is ' || o.status || ' in transfer ' || o.transfer_id
        || ', which is ' || coalesce(t.status, 'gone')
      from transfer_tickets o left join transfers t on t.id = o.transfer_id
      where t.status is distinct from o.status`,
  }),
  sqlCheck({
    invariant: 2,
    title:
      'a ticket belongs to who accepted it last, else to its buyer, and each time has its epoch',
    store: 'booking',
    counted: 'tickets',
    broken: `
      with given as (
        select distinct on (o.ticket_id) o.ticket_id, t.to_user_id as holder_id,
          count(*) over (partition by o.ticket_id) as times
        from transfer_tickets o join transfers t on t.id = o.transfer_id and t.status = 'accepted'
        order by o.ticket_id, t.changed_at desc
      ), reissued as (
        select aggregate_id as ticket_id, count(*) as times from audit_entries
        where aggregate_type = 'ticket' and action = 'ticket.reissued' group by aggregate_id
      )
      select 'ticket ' || k.id || ' of ' || k.holder_id || ' has epoch ' || k.epoch || '; it was given '
        || coalesce(g.times, 0) || ' times by transfers, ' || coalesce(r.times, 0)
        || ' by its audit entries, and is to belong to ' || coalesce(g.holder_id, b.user_id) as finding
      from tickets k join bookings b on b.id = k.booking_id
      left join given g on g.ticket_id = k.id left join reissued r on r.ticket_id = k.id
      where k.holder_id <> coalesce(g.holder_id, b.user_id)
        or k.epoch <> 1 + coalesce(g.times, 0) or k.epoch <> 1 + coalesce(r.times, 0)`,
  }),
  sqlCheck({
    invariant: 13,
    title: 'a transfer ends once',
    store: 'booking',
    counted: `audit_entries where aggregate_type = 'transfer'`,
    broken: `
      select 'transfer ' || aggregate_id || ' went from ' || old_status || ' to ' || new_status as finding
      from audit_entries where aggregate_type = 'transfer' and old_status <> 'offered'`,
  }),
  sqlCheck({
    invariant: 14,
    title: 'no offer stays open when its time is over or its ticket is void',
    store: 'booking',
    counted: 'transfers',
    broken: `
      select 'transfer ' || id || ' is open and ended at ' || expires_at as finding from transfers
        where status = 'offered' and expires_at < now() - interval '1 minute'
      union all
      select 'transfer ' || o.transfer_id || ' offers ticket ' || k.id || ', which is ' || k.status
        from transfer_tickets o join tickets k on k.id = o.ticket_id
        where o.status = 'offered' and k.status <> 'live'`,
  }),
];
