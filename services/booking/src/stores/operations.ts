import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { BookingStatus } from '../checkout.ts';
import type { CheckoutStep } from '../explain.ts';

/** A booking that is not at rest, as operators see it. */
export type OpenCheckout = {
  readonly bookingId: string;
  readonly eventId: string;
  readonly userId: string;
  readonly status: BookingStatus;
  readonly reason: string | null;
  readonly totalMinor: number;
  readonly currency: string;
  readonly since: string;
  readonly seconds: number;
  readonly waitsFor: string;
  readonly attempts: number | null;
  readonly nextAttemptAt: string | null;
  readonly error: string | null;
};

const iso = (column: string) =>
  sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);

/** Bookings that are not at rest, those that wait longest first. */
export async function listOpenCheckouts(
  db: Database,
  wanted: {
    status?: BookingStatus;
    /** Only those that have waited longer, other than for a bank. */
    restingSeconds?: number;
    limit: number;
  },
): Promise<OpenCheckout[]> {
  const { status, restingSeconds, limit } = wanted;
  const { rows } = await db.execute<OpenCheckout>(sql`
    select booking_id as "bookingId", event_id as "eventId", user_id as "userId", status, reason,
      total_minor::float8 as "totalMinor", currency, ${iso('since')} as since, seconds,
      waits_for as "waitsFor", attempts, ${iso('next_attempt_at')} as "nextAttemptAt", error
    from operations.open_checkouts
    where (${status ?? null}::text is null or status = ${status ?? null}::text)
      and (${restingSeconds ?? null}::float8 is null
        or (seconds > ${restingSeconds ?? null}::float8 and not is_processing))
    order by open_checkouts.since, booking_id limit ${limit}`);
  return rows;
}

/** The steps of a booking's checkout that have begun, in order. */
export async function listSteps(db: Database, bookingId: string): Promise<CheckoutStep[]> {
  const { rows } = await db.execute<CheckoutStep>(sql`
    select step, state, ${iso('since')} as since, ${iso('ended_at')} as "endedAt", attempts,
      ${iso('next_attempt_at')} as "nextAttemptAt", error
    from operations.checkout_steps where booking_id = ${bookingId}
    order by checkout_steps.since, ended_at nulls last`);
  return rows;
}

/** Seconds that the oldest checkout has been in each middle state; a bank's work apart. */
export async function oldestByStatus(
  db: Database,
): Promise<{ status: BookingStatus | 'processing'; seconds: number }[]> {
  const { rows } = await db.execute<{ status: BookingStatus | 'processing'; seconds: number }>(sql`
    select case when p.status = 'processing' then p.status else b.status end as status,
      extract(epoch from now() - min(b.changed_at))::float8 as seconds
    from bookings b left join payments p on p.booking_id = b.id
    where b.status in ('pending', 'authorized', 'capturing', 'voiding') group by 1`);
  return rows;
}
