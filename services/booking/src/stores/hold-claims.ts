import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';
import type { Booking } from '../booking.ts';

export type HoldClaim = {
  readonly holdIds: readonly string[];
  readonly bookingId: string;
  readonly userId: string;
  readonly eventId: string;
  readonly seats: number;
  readonly maxSeats: number;
};
type Claimed = 'claimed' | 'hold_already_booked' | 'quota_exceeded';

/**
 * Claims holds for bookings, and counts their seats towards their accounts' limits (invariant 17).
 * Answers which bookings have all of theirs and the limit; of the others nothing stays.
 */
export async function claimHolds(
  tx: Transaction,
  wanted: readonly HoldClaim[],
): Promise<Map<string, Claimed>> {
  const rows = wanted.map((one) => ({
    hold_ids: one.holdIds,
    booking_id: one.bookingId,
    user_id: one.userId,
    event_id: one.eventId,
    seats: one.seats,
    max_seats: one.maxSeats,
  }));
  // First all claims, then all quotas, each in the order of keys: rivals meet in the same order.
  const { rows: claimed } = await tx.execute<{ id: string; whole: boolean; counted: boolean }>(sql`
    with wanted as (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as r
        (hold_ids uuid[], booking_id uuid, user_id uuid, event_id uuid, seats integer,
          max_seats integer)
    ), claims as (
      insert into hold_claims (hold_id, booking_id)
      select hold_id, booking_id from wanted cross join unnest(hold_ids) as hold_id
      order by hold_id on conflict do nothing returning booking_id
    ), claimed as (
      select *, n = cardinality(hold_ids) as whole
      from wanted join (select booking_id, count(*) as n from claims group by 1) c using (booking_id)
    ), counted as (
      insert into buyer_quotas (user_id, event_id, seats, max_seats)
      select user_id, event_id, seats, max_seats from claimed
      where whole and seats <= max_seats order by user_id, event_id
      on conflict (user_id, event_id) do update
        set seats = buyer_quotas.seats + excluded.seats, max_seats = excluded.max_seats
        where buyer_quotas.seats + excluded.seats <= excluded.max_seats
      returning user_id, event_id
    )
    select booking_id as id, whole, counted.user_id is not null as counted
    from claimed left join counted using (user_id, event_id)`);
  const unclaimed = claimed.flatMap((one) => (one.counted ? [] : [one.id]));
  if (unclaimed.length > 0) await freeHolds(tx, unclaimed);
  const byId = new Map(claimed.map((one) => [one.id, one]));
  return new Map(
    wanted.map(({ bookingId }) => {
      const claim = byId.get(bookingId);
      if (!claim?.whole) return [bookingId, 'hold_already_booked'];
      return [bookingId, claim.counted ? 'claimed' : 'quota_exceeded'];
    }),
  );
}

/** Lets the holds of these bookings be booked again. */
export async function freeHolds(tx: Transaction, bookingIds: readonly string[]): Promise<void> {
  await tx.execute(
    sql`delete from hold_claims where booking_id = any(${sql.param([...bookingIds])}::uuid[])`,
  );
}

/**
 * Notes which of their holds are pinned now, where locked bookings have several; answers those that
 * have all of them.
 */
export async function notePins(
  tx: Transaction,
  pins: readonly { readonly booking: Booking; readonly holdId: string }[],
): Promise<ReadonlySet<string>> {
  if (pins.length === 0) return new Set();
  const rows = pins.map(({ booking, holdId }) => ({ booking_id: booking.id, hold_id: holdId }));
  await tx.execute(sql`
    insert into pinned_holds (booking_id, hold_id)
    select booking_id, hold_id from ${rowsOf('pinned_holds', rows)} on conflict do nothing`);
  const { rows: counts } = await tx.execute<{ id: string; pinned: number }>(sql`
    select booking_id as id, count(*)::int as pinned from pinned_holds
    where booking_id = any(${sql.param(pins.map(({ booking }) => booking.id))}::uuid[])
    group by booking_id`);
  const holds = new Map(pins.map(({ booking }) => [booking.id, booking.holds.length]));
  return new Set(counts.flatMap(({ id, pinned }) => (pinned === holds.get(id) ? [id] : [])));
}
