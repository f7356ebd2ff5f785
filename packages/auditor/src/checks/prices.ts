/** What each seat of a booking cost, and the order (no seat), with what refunds repay of it. */
export const SEATS = `
  select paid.booking_id, paid.seat_id, paid.amount as paid, coalesce(repaid.amount, 0) as repaid
  from (
    select booking_id, seat_id, sum(amount) as amount from (
      select booking_id, seat_id, price_minor as amount from booking_seats
      union all
      select b.id, coalesce(c ->> 'seatId', ''), (c ->> 'amountMinor')::bigint
      from bookings b cross join jsonb_array_elements(b.charges) c
      where not (c ->> 'included')::boolean
    ) prices group by booking_id, seat_id
  ) paid left join (
    select r.booking_id, p.seat_id, sum(p.amount_minor) as amount
    from refunds r join refund_parts p on p.refund_id = r.id group by r.booking_id, p.seat_id
  ) repaid on repaid.booking_id = paid.booking_id and repaid.seat_id = paid.seat_id`;

/** Of each captured payment: what is not repaid of live tickets, and of cancelled seats. */
export const STANDING = `
  with standing as (
    select s.booking_id, p.captured_minor, p.refunded_minor, p.kept_minor,
      coalesce(sum(s.paid - s.repaid) filter (where s.is_live), 0) as live,
      coalesce(sum(s.paid - s.repaid) filter (where not s.is_live), 0) as cancelled
    from (
      select s.*, case s.seat_id when '' then b.status = 'confirmed'
        else coalesce(t.status = 'live', false) end as is_live
      from (${SEATS}) s join bookings b on b.id = s.booking_id
      left join tickets t on t.booking_id = s.booking_id and t.seat_id = s.seat_id
    ) s join payments p on p.booking_id = s.booking_id
    where p.captured_minor > 0
    group by s.booking_id, p.captured_minor, p.refunded_minor, p.kept_minor
  )`;
