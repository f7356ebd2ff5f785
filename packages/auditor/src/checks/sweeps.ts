import { type Check, sqlCheck } from '../check.ts';

/** Rules over what became of the bookings of events that were cancelled or moved. */
export const SWEEP_CHECKS: readonly Check[] = [
  sqlCheck({
    invariant: 14,
    title:
      'a cancelled event is swept: none of its bookings is sold but those that the report names',
    store: 'booking',
    counted: `events where status = 'cancelled'`,
    broken: `
      select 'event ' || e.event_id || ' is cancelled and has no sweep' as finding
      from events e where e.status = 'cancelled' and not exists (
        select from event_sweeps s where s.event_id = e.event_id and s.cause = 'cancelled')
      union all
      select 'event ' || s.event_id || ' is cancelled and swept, booking ' || b.id || ' is '
        || b.status || ' with ' || count(t.id) || ' live tickets'
      from event_sweeps s join bookings b on b.event_id = s.event_id
      left join tickets t on t.booking_id = b.id and t.status in ('reserved', 'live')
      where s.cause = 'cancelled' and s.state = 'done' and not exists (
        select from event_sweep_outcomes o
        where o.sweep_id = s.id and o.booking_id = b.id and o.failure is not null)
      group by s.event_id, b.id, b.status having b.status = 'confirmed' or count(t.id) > 0
      union all
      select 'booking ' || b.id || ' was cancelled with its event and is in no report'
      from event_sweeps s join bookings b on b.event_id = s.event_id
      where s.cause = 'cancelled' and s.state = 'done'
        and b.status = 'cancelled' and b.reason = 'event_cancelled' and not exists (
          select from event_sweep_outcomes o where o.sweep_id = s.id and o.booking_id = b.id)`,
  }),
  sqlCheck({
    invariant: 11,
    title: 'a sweep told each booking of a move once, and says so',
    store: 'booking',
    counted: `event_sweep_outcomes o join event_sweeps s on s.id = o.sweep_id
      and s.cause <> 'cancelled' and o.failure is null`,
    broken: `
      with told as (
        select aggregate_id as booking_id, (metadata ->> 'sweepId')::uuid as sweep_id,
          count(*) as times
        from audit_entries
        where aggregate_type = 'booking' and action = 'booking.event_changed' group by 1, 2
      ), said as (
        select o.sweep_id, o.booking_id
        from event_sweep_outcomes o join event_sweeps s on s.id = o.sweep_id
        where s.cause <> 'cancelled' and o.failure is null
      )
      select 'sweep ' || sweep_id || ' told booking ' || booking_id || ' '
        || coalesce(t.times, 0) || ' times of the move' as finding
      from told t full join said using (sweep_id, booking_id)
      where coalesce(t.times, 0) <> 1 or said.booking_id is null`,
  }),
  sqlCheck({
    invariant: 16,
    title: 'a sold booking has the start of its event, unless a sweep is still to tell of it',
    store: 'booking',
    counted: `bookings where status = 'confirmed'`,
    broken: `
      select 'booking ' || b.id || ' starts at ' || b.starts_at || ', its event at ' || e.starts_at
        as finding
      from bookings b join events e using (event_id)
      where b.status = 'confirmed' and b.starts_at <> e.starts_at and e.status <> 'cancelled'
        and not exists (
          select from event_sweeps s left join event_sweep_outcomes o
            on o.sweep_id = s.id and o.booking_id = b.id
          where s.event_id = e.event_id
            and (s.state in ('running', 'paused') or o.failure is not null))`,
  }),
];
