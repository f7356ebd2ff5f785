import { type Check, sqlCheck } from '../check.ts';
import { HOLDS_OF_BOOKING } from './holds-of-booking.ts';

/** Rules over bookings, tickets and quotas in PostgreSQL, and projections of catalog. */
export const BOOKING_CHECKS: readonly Check[] = [
  sqlCheck({
    invariant: 2,
    title: 'a seat has at most one reserved or live ticket',
    store: 'booking',
    counted: `tickets where status in ('reserved', 'live')`,
    broken: `
      select 'seat ' || seat_id || ' of event ' || event_id || ' has ' || count(*) || ' tickets' as finding
      from tickets where status in ('reserved', 'live')
      group by event_id, seat_id having count(*) > 1`,
  }),
  sqlCheck({
    invariant: 5,
    title:
      'a confirmed booking has a ticket for each seat, live unless cancelled; any other has none',
    store: 'booking',
    counted: 'bookings',
    broken: `
      select 'booking ' || b.id || ' is ' || b.status || ' with ' || count(s.seat_id) || ' seats and '
        || count(t.id) filter (where t.status = 'live') || ' live tickets' as finding
      from bookings b join booking_seats s on s.booking_id = b.id
      left join tickets t on t.booking_id = s.booking_id and t.seat_id = s.seat_id
      group by b.id, b.status
      having case b.status
        when 'confirmed' then count(t.id) filter (where t.status in ('live', 'void'))
            <> count(s.seat_id) or count(t.id) filter (where t.status = 'live') = 0
        else count(t.id) filter (where t.status = 'live') > 0 end`,
  }),
  sqlCheck({
    invariant: 5,
    title: 'rows can belong to bookings only, and to each of them',
    store: 'booking',
    counted: 'booking_ids',
    broken: `
      select case when b.id is null then 'rows may belong to ' || k.id || ', which is no booking'
        else 'the id of booking ' || b.id || ' is not known: no row may belong to it' end as finding
      from bookings b full join booking_ids k on k.id = b.id
      where b.id is null or k.id is null`,
  }),
  sqlCheck({
    invariant: 13,
    title: 'a booking that has ended has not begun again',
    store: 'booking',
    counted: `audit_entries where aggregate_type = 'booking'`,
    broken: `
      select 'booking ' || aggregate_id || ' went from ' || old_status || ' to ' || new_status as finding
      from audit_entries
      where aggregate_type = 'booking' and new_status is distinct from old_status
        and (old_status in ('failed', 'cancelled') or (old_status = 'confirmed' and new_status <> 'cancelled'))`,
  }),
  sqlCheck({
    invariant: 14,
    title: 'no booking, call to the provider or refund is left half done',
    store: 'booking',
    counted: 'provider_calls',
    broken: `
      select 'booking ' || id || ' rests in ' || status as finding from bookings
        where status in ('pending', 'authorized', 'capturing', 'voiding')
      union all
      select 'the ' || kind || ' call ' || id || ' of booking ' || booking_id || ' is not settled: '
        || coalesce(last_error, 'never answered') from provider_calls where status = 'requested'
      union all
      select 'refund ' || id || ' of booking ' || booking_id || ' is not paid' from refunds
        where status = 'requested'`,
  }),
  sqlCheck({
    invariant: 14,
    title:
      'a ticket is reserved only while its booking waits for money, or for the end of a late one',
    store: 'booking',
    counted: 'tickets',
    broken: `
      select 'ticket ' || t.id || ' is reserved, its booking is ' || b.status as finding
      from tickets t join bookings b on b.id = t.booking_id
      where t.status = 'reserved' and b.status <> 'capturing'
        and not (b.status = 'voiding' and b.reason = 'payment_overdue')`,
  }),
  sqlCheck({
    invariant: 15,
    title: 'a hold has at most one booking that lives or sold, an Idempotency-Key one booking',
    store: 'booking',
    counted: 'idempotency_keys',
    broken: `
      select 'hold ' || h.hold_id || ' has ' || count(*) || ' bookings that did not fail' as finding
      from bookings b cross join ${HOLDS_OF_BOOKING}
      where b.status <> 'failed' group by h.hold_id having count(*) > 1`,
  }),
  {
    invariant: 16,
    title: 'booking knows each event as catalog has it',
    async run({ catalogEvents, booking }) {
      const events = await catalogEvents
        .find({}, { projection: { name: 1, status: 1, seatCount: 1 } })
        .toArray();
      const known = await booking.query<{ event_id: string; name: string; status: string }>(
        'select event_id, name, status from events',
      );
      const byId = new Map(known.rows.map((row) => [row.event_id, row]));
      const findings = events.flatMap((event) => {
        const row = byId.get(String(event._id));
        return row?.name === event.name && row.status === event.status
          ? []
          : [
              `event ${event.name} is ${event.status} in catalog and ${row?.status ?? 'unknown'} in booking`,
            ];
      });
      return { checked: events.length, findings };
    },
  },
  sqlCheck({
    invariant: 17,
    title: 'an account owns no more seats of an event than its quota, which counts them truly',
    store: 'booking',
    counted: 'buyer_quotas',
    broken: `
      with owned as (
        select b.user_id, b.event_id, count(*) as seats
        from bookings b join booking_seats s on s.booking_id = b.id
        left join tickets t on t.booking_id = s.booking_id and t.seat_id = s.seat_id
        where b.status not in ('failed', 'cancelled')
          and not (b.status = 'confirmed' and t.status = 'void')
        group by b.user_id, b.event_id
      )
      select 'account ' || coalesce(o.user_id, q.user_id) || ' has ' || coalesce(o.seats, 0)
        || ' seats of event ' || coalesce(o.event_id, q.event_id) || ', its quota counts '
        || coalesce(q.seats, 0) || ' of ' || coalesce(q.max_seats, 0) as finding
      from owned o full join buyer_quotas q using (user_id, event_id)
      where coalesce(o.seats, 0) <> coalesce(q.seats, 0) or coalesce(o.seats, 0) > q.max_seats`,
  }),
];
