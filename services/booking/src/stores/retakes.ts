import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

/** Counts the seats of a retake to its account and claims its hold; false where that is full. */
export async function claimRetake(
  tx: Transaction,
  retake: { bookingId: string; holdId: string },
  share: { userId: string; eventId: string; seats: number },
): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    with counted as (
      update buyer_quotas set seats = seats + ${share.seats}
      where user_id = ${share.userId} and event_id = ${share.eventId}
        and seats + ${share.seats} <= max_seats
      returning user_id
    )
    insert into hold_claims (hold_id, booking_id)
    select ${retake.holdId}, ${retake.bookingId} from counted`);
  return rowCount === 1;
}
