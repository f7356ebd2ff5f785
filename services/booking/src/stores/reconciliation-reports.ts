import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { Difference, Movement } from '../reconciliation/reconciliation.ts';

/** A day's comparison as an admin sees it. Instants as ISO texts, amounts in minor units. */
export type DayReport = {
  readonly day: string;
  readonly state: 'requested' | 'reading' | 'comparing' | 'done';
  readonly coversUntil: string | null;
  readonly requestedBy: string;
  readonly finishedAt: string | null;
  readonly unresolved: number;
};
export type DaySum = {
  readonly movement: Movement;
  readonly currency: string;
  readonly countThere: number;
  readonly thereMinor: number;
  readonly hereMinor: number;
};
export type DayDifference = Difference & {
  readonly foundAt: string;
  readonly resolvedAt: string | null;
};

const iso = (text: string | null) => (text === null ? null : new Date(text).toISOString());

/** Days, newest first, before the day `before` if given. */
export async function listDays(
  db: Database,
  wanted: { day?: string; before?: string; limit: number },
): Promise<DayReport[]> {
  const { day = null, before = null, limit } = wanted;
  const { rows } = await db.execute<DayReport>(sql`
    select r.day::text, r.state, r.covers_until as "coversUntil", r.requested_by as "requestedBy",
      r.finished_at as "finishedAt", (
        select count(*)::int from reconciliation_differences d
        where d.day = r.day and d.resolved_at is null
      ) as unresolved
    from reconciliations r
    where (${day}::date is null or r.day = ${day}::date)
      and (${before}::date is null or r.day < ${before}::date)
    order by r.day desc limit ${limit}`);
  return rows.map((row) => ({
    ...row,
    coversUntil: iso(row.coversUntil),
    finishedAt: iso(row.finishedAt),
  }));
}

export async function reportDay(
  db: Database,
  day: string,
): Promise<{ report: DayReport; sums: DaySum[]; differences: DayDifference[] } | undefined> {
  const [report] = await listDays(db, { day, limit: 1 });
  if (report === undefined) return undefined;
  const [sums, differences] = await Promise.all([
    db.execute<DaySum>(sql`
      select movement, currency, count_there as "countThere", there_minor as "thereMinor",
        here_minor as "hereMinor"
      from reconciliation_sums where day = ${day} order by movement, currency`),
    db.execute<DayDifference>(sql`
      select movement, subject, kind, booking_id as "bookingId", here, there,
        found_at as "foundAt", resolved_at as "resolvedAt"
      from reconciliation_differences where day = ${day}
      order by resolved_at nulls first, found_at, subject limit ${MOST_SHOWN}`),
  ]);
  return {
    report,
    sums: sums.rows,
    differences: differences.rows.map((row) => ({
      ...row,
      foundAt: iso(row.foundAt) ?? '',
      resolvedAt: iso(row.resolvedAt),
    })),
  };
}

const MOST_SHOWN = 1_000;

/** Differences that nobody has settled yet, with the latest day that has any. */
export async function countUnresolved(
  db: Database,
): Promise<{ count: number; day: string | null }> {
  const { rows } = await db.execute<{ count: number; day: string | null }>(sql`
    select count(*)::int as count, max(day)::text as day
    from reconciliation_differences where resolved_at is null`);
  return rows[0] ?? { count: 0, day: null };
}

/** Throws while there are differences that nobody has settled, and says where to read of them. */
export async function requireAgreement(db: Database): Promise<void> {
  const { count, day } = await countUnresolved(db);
  if (count === 0) return;
  throw new Error(
    `${count} differences with the payment provider: GET /api/admin/reconciliations/${day}`,
  );
}
