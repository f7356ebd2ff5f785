import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';

export type QuotaShare = {
  readonly userId: string;
  readonly eventId: string;
  readonly seats: number;
};

/** Takes seats off the counts of accounts again; `claimHolds` counts them. */
export async function returnQuotas(tx: Transaction, shares: readonly QuotaShare[]): Promise<void> {
  const rows = shares.map(({ userId, eventId, seats }) => ({
    user_id: userId,
    event_id: eventId,
    seats,
  }));
  // Locked in the order of keys, as they are counted; several shares may be of one account.
  await tx.execute(sql`
    with shares as (
      select user_id, event_id, sum(seats) as seats from ${rowsOf('buyer_quotas', rows)}
      group by user_id, event_id
    ), locked as (
      select q.user_id, q.event_id from buyer_quotas q join shares using (user_id, event_id)
      order by user_id, event_id for update of q
    )
    update buyer_quotas q set seats = q.seats - shares.seats
    from locked join shares using (user_id, event_id)
    where q.user_id = locked.user_id and q.event_id = locked.event_id`);
}
