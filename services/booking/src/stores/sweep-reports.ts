import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import { LACK_OF_FUNDS } from '../after-sale/refund.ts';
import type { Sweep, SweepOutcome, SweepState } from '../sweeps/sweep.ts';
import { readSweep, remainderOf, SWEEP_COLUMNS, type SweepRow } from './sweeps.ts';

/** A sweep with what it has done so far. */
export type SweepReport = Sweep & {
  readonly eventName: string;
  /** Bookings dealt with, by how they fare now. */
  readonly outcomes: Readonly<Partial<Record<SweepOutcome, number>>>;
  /** Bookings not dealt with yet, checkouts under way among them. */
  readonly remaining: number;
  /** Bookings a second, from its start to its last one. */
  readonly perSecond: number;
};

export type OutcomeRow = {
  readonly bookingId: string;
  readonly userId: string;
  readonly outcome: SweepOutcome;
  readonly failure: string | null;
  readonly currency: string;
  readonly totalMinor: number;
  readonly repaidMinor: number;
  readonly at: string;
};

/** Outcomes of a sweep's bookings, by where their money is at this moment. */
const OUTCOMES = sql`
  select o.sweep_id, o.booking_id as "bookingId", b.user_id as "userId", o.at,
    b.currency, b.total_minor as "totalMinor", coalesce(m.repaid, 0)::bigint as "repaidMinor",
    coalesce(o.failure, m.failure) as failure,
    case
      when o.failure is not null or m.failed then 'failed'
      when s.cause <> 'cancelled' then 'told'
      when b.status = 'failed' then 'voided'
      when m.waiting then 'waiting_for_funds'
      when m.open then 'repaying'
      when m.repaid > 0 then 'repaid'
      else 'nothing_to_repay'
    end as outcome
  from event_sweep_outcomes o
  join event_sweeps s on s.id = o.sweep_id
  join bookings b on b.id = o.booking_id
  left join lateral (
    select sum(r.amount_minor) filter (where r.status = 'succeeded') as repaid,
      bool_or(r.status = 'requested') as open,
      bool_or(r.status = 'requested' and r.failure = ${LACK_OF_FUNDS}) as waiting,
      bool_or(r.status = 'failed') as failed,
      max(r.failure) filter (where r.status <> 'succeeded') as failure
    from refunds r where r.booking_id = o.booking_id and s.cause = 'cancelled'
  ) m on true`;

/** Sweeps, newest first, after the sweep `before` if given. */
export async function listSweeps(
  db: Database,
  wanted: { state?: SweepState; before?: string; limit: number },
): Promise<(Sweep & { eventName: string })[]> {
  const { rows } = await db.execute<SweepRow & { eventName: string }>(sql`
    select ${SWEEP_COLUMNS}, e.name as "eventName"
    from event_sweeps s join events e using (event_id)
    where (${wanted.state ?? null}::text is null or s.state = ${wanted.state ?? null})
      and (${wanted.before ?? null}::uuid is null or s.id < ${wanted.before ?? null}::uuid)
    order by s.id desc limit ${wanted.limit}`);
  return rows.map((row) => ({ ...readSweep(row), eventName: row.eventName }));
}

export async function reportSweep(db: Database, id: string): Promise<SweepReport | undefined> {
  const { rows } = await db.execute<SweepRow & { eventName: string; perSecond: number }>(sql`
    select ${SWEEP_COLUMNS}, e.name as "eventName",
      coalesce(d.count / nullif(extract(epoch from d.last - s.started_at), 0), 0)::float8
        as "perSecond"
    from event_sweeps s join events e using (event_id), lateral (
      select count(*) as count, max(at) as last from event_sweep_outcomes where sweep_id = s.id
    ) d where s.id = ${id}`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const [{ rows: counts }, { bookings }] = await Promise.all([
    db.execute<{ outcome: SweepOutcome; count: number }>(sql`
      select outcome, count(*)::int as count from (${OUTCOMES}) o
      where sweep_id = ${id} group by outcome`),
    remainderOf(db, id),
  ]);
  return {
    ...readSweep(row),
    eventName: row.eventName,
    outcomes: Object.fromEntries(counts.map(({ outcome, count }) => [outcome, count])),
    remaining: row.state === 'superseded' ? 0 : bookings,
    perSecond: Math.round(row.perSecond * 10) / 10,
  };
}

/** Bookings that a sweep has dealt with, in the order of ids, after the booking `after` if given. */
export async function listOutcomes(
  db: Database,
  wanted: { sweepId: string; outcome?: SweepOutcome; after?: string; limit: number },
): Promise<OutcomeRow[]> {
  const { sweepId, outcome = null, after = null, limit } = wanted;
  const { rows } = await db.execute<OutcomeRow & { sweep_id: string }>(sql`
    select * from (${OUTCOMES}) o
    where sweep_id = ${sweepId}
      and (${outcome}::text is null or outcome = ${outcome})
      and (${after}::uuid is null or "bookingId" > ${after}::uuid)
    order by "bookingId" limit ${limit}`);
  return rows.map(({ sweep_id: _, ...row }) => ({ ...row, at: new Date(row.at).toISOString() }));
}

/** Sweeps that run, for the metrics. */
export async function countRunning(db: Database): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(sql`
    select count(*)::int as count from event_sweeps where state = 'running'`);
  return rows[0]?.count ?? 0;
}
