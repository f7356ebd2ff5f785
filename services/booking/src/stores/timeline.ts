import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { TimelineEntry } from '../timeline.ts';

export type TimelinePage = {
  readonly after?: { micros: number; place: string } | undefined;
  readonly limit: number;
  /** Leaves out all but the audit, and of that these actions. */
  readonly withoutActions?: readonly string[];
};

/** What became of a booking, oldest first. */
export async function readTimeline(
  db: Database,
  bookingId: string,
  { after, limit, withoutActions }: TimelinePage,
): Promise<TimelineEntry[]> {
  const plain =
    withoutActions &&
    sql`and source = 'audit' and action <> all(${sql.param([...withoutActions])}::text[])`;
  const later = after && sql`and (micros, place) > (${after.micros}::bigint, ${after.place})`;
  const { rows } = await db.execute<TimelineEntry>(sql`
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, micros, place,
      source, subject, subject_id as "subjectId", seat_id as "seatId", action, before, after,
      amount_minor as "amountMinor", currency, actor, reason, request_id as "requestId",
      correlation_id as "correlationId", details
    from booking_timeline where booking_id = ${bookingId} ${plain ?? sql``} ${later ?? sql``}
    order by micros, place limit ${limit}`);
  return rows;
}
