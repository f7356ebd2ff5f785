import type { Sources } from '../sources.ts';

/** The holds that a booking `b` was made of, as `h (hold_id)`. */
export const HOLDS_OF_BOOKING = `lateral (
  select b.hold_id where b.holds is null
  union all
  select (e ->> 'holdId')::uuid from jsonb_array_elements(b.holds) e
) h`;

/** Whether each booking has the seats and prices that its holds fixed. */
export async function compareWithHolds({ booking, holds }: Sources) {
  const { rows } = await booking.query<{ id: string; hold_ids: string[]; seats: string[] }>(`
    select b.id, array_agg(s.seat_id || '=' || s.price_minor order by s.seat_id collate "C") as seats,
      (select array_agg(h.hold_id::text) from ${HOLDS_OF_BOOKING}) as hold_ids
    from bookings b join booking_seats s on s.booking_id = b.id
    where b.retakes is null or b.status <> 'failed' group by b.id`);
  const found = await holds
    .find(
      { _id: { $in: rows.flatMap((row) => row.hold_ids) } },
      { projection: { seats: 1, returned: 1 } },
    )
    .toArray();
  const fixed = new Map(
    found.map((hold) => [
      hold._id,
      [...hold.seats, ...(hold.returned ?? [])].map((seat) => `${seat.seatId}=${seat.priceMinor}`),
    ]),
  );
  const findings = rows.flatMap((row) => {
    const held = row.hold_ids
      .flatMap((holdId) => fixed.get(holdId) ?? [`(no hold ${holdId})`])
      .sort()
      .join();
    const booked = row.seats.toSorted().join();
    return held === booked ? [] : [`booking ${row.id} has ${booked}, its holds ${held}`];
  });
  return { checked: rows.length, findings };
}
