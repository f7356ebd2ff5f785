import { sqlStateOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

export type QuotaShare = {
  readonly userId: string;
  readonly eventId: string;
  readonly seats: number;
};

/**
 * Counts seats towards an account's limit for an event. Throws the CHECK violation
 * `buyer_quota_kept` when they are too many; `isQuotaViolation` tells (invariant 17).
 */
export async function takeQuota(
  tx: Transaction,
  { userId, eventId, seats }: QuotaShare,
  maxSeats: number,
): Promise<void> {
  await tx.execute(sql`
    insert into buyer_quotas (user_id, event_id, seats, max_seats)
    values (${userId}, ${eventId}, ${seats}, ${maxSeats})
    on conflict (user_id, event_id) do update
      set seats = buyer_quotas.seats + excluded.seats, max_seats = excluded.max_seats`);
}

/** Takes seats off the count again. */
export async function returnQuota(
  tx: Transaction,
  { userId, eventId, seats }: QuotaShare,
): Promise<void> {
  await tx.execute(sql`
    update buyer_quotas set seats = seats - ${seats}
    where user_id = ${userId} and event_id = ${eventId}`);
}

export function isQuotaViolation(error: unknown): boolean {
  return sqlStateOf(error)?.constraint === 'buyer_quota_kept';
}
