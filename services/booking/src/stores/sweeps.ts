import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';
import { LACK_OF_FUNDS } from '../after-sale/refund.ts';
import type { Booking } from '../booking.ts';
import type { Sweep, SweepCause, SweepState } from '../sweeps/sweep.ts';

/** Statuses of bookings whose checkout is under way: the sweep waits for how they end. */
const UNDER_WAY = sql`('pending', 'authorized', 'capturing', 'voiding')`;

/**
 * Whether a booking `b` is there for a sweep `s` to deal with, or will be. One that was made when the
 * new start was known already need not be told of it; one that was last told of a postponement has
 * to be, even when the event takes place at the old start after all.
 */
const CONCERNED = sql`
  b.event_id = s.event_id
  and (s.cause <> 'rescheduled' or b.starts_at <> s.new_starts_at or 'postponed' = (
    select p.cause from event_sweeps p
    join event_sweep_outcomes o on o.sweep_id = p.id and o.booking_id = b.id and o.failure is null
    where p.event_id = s.event_id and p.event_version < s.event_version
    order by p.event_version desc limit 1))
  and (b.status in ${UNDER_WAY} or b.status = 'confirmed'
    or (s.cause = 'cancelled' and b.reason = 'event_cancelled'))
  and not exists (
    select from event_sweep_outcomes o where o.sweep_id = s.id and o.booking_id = b.id)`;

export const SWEEP_COLUMNS = sql`
  s.id, s.event_id as "eventId", s.cause, s.state, s.old_starts_at as "oldStartsAt",
  s.new_starts_at as "newStartsAt", s.free_cancel_until as "freeCancelUntil", s.cursor,
  s.started_at as "startedAt", s.ended_at as "endedAt"`;

type Instant = 'oldStartsAt' | 'newStartsAt' | 'freeCancelUntil' | 'startedAt' | 'endedAt';
export type SweepRow = Omit<Sweep, Instant> & Record<Instant, string | null>;

export function readSweep(row: SweepRow): Sweep {
  const at = (text: string | null) => (text === null ? null : new Date(text));
  return {
    ...row,
    oldStartsAt: at(row.oldStartsAt),
    newStartsAt: new Date(row.newStartsAt ?? Number.NaN),
    freeCancelUntil: at(row.freeCancelUntil),
    startedAt: new Date(row.startedAt ?? Number.NaN),
    endedAt: at(row.endedAt),
  };
}

export async function insertSweep(
  tx: Transaction,
  wanted: {
    eventId: string;
    eventVersion: number;
    cause: SweepCause;
    oldStartsAt: Date | null;
    newStartsAt: Date;
    freeCancelDays: number;
  },
): Promise<string> {
  const days = wanted.cause === 'cancelled' ? null : wanted.freeCancelDays;
  const { rows } = await tx.execute<{ id: string }>(sql`
    insert into event_sweeps
      (event_id, event_version, cause, old_starts_at, new_starts_at, free_cancel_until)
    values (${wanted.eventId}, ${wanted.eventVersion}, ${wanted.cause}, ${wanted.oldStartsAt},
      ${wanted.newStartsAt}, now() + make_interval(days => ${days}::int))
    returning id`);
  const [row] = rows;
  if (row === undefined) throw new Error(`no sweep was made of event ${wanted.eventId}`);
  return row.id;
}

/**
 * A running sweep whose next batch is due and that no other instance works on, locked until the
 * transaction ends; with whether a later change of its event has taken its place. Batches of one
 * event wait for each other, so that what a later sweep says is never said over by an earlier one.
 */
export async function claimSweep(
  tx: Transaction,
): Promise<{ sweep: Sweep; isSuperseded: boolean } | undefined> {
  const { rows } = await tx.execute<SweepRow>(sql`
    select ${SWEEP_COLUMNS} from event_sweeps s
    where s.state = 'running' and s.next_round_at <= now()
    order by s.next_round_at limit 1 for update skip locked`);
  const [row] = rows;
  if (row === undefined) return undefined;
  const sweep = readSweep(row);
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended('sweep ' || ${sweep.eventId}, 0))`,
  );
  const { rows: later } = await tx.execute(sql`
    select from event_sweeps l join event_sweeps s on s.event_id = l.event_id
    where s.id = ${sweep.id} and l.event_version > s.event_version limit 1`);
  return { sweep, isSuperseded: later.length > 0 };
}

/**
 * The next bookings for a sweep, in the order of ids after its cursor: those that are sold, and of
 * a cancelled event also those whose checkout has undone itself meanwhile.
 */
export async function dueBookings(
  tx: Transaction,
  sweep: Sweep,
  limit: number,
): Promise<{ id: string; isSold: boolean }[]> {
  const { rows } = await tx.execute<{ id: string; isSold: boolean }>(sql`
    select b.id, b.status = 'confirmed' as "isSold"
    from event_sweeps s join bookings b on ${CONCERNED} and b.status not in ${UNDER_WAY}
    where s.id = ${sweep.id} and b.id > ${sweep.cursor ?? NO_BOOKING}::uuid
    order by b.id limit ${limit}`);
  return rows;
}

const NO_BOOKING = '00000000-0000-0000-0000-000000000000';

/**
 * What a sweep still has before it: bookings without an outcome, refunds that are being asked for.
 * One that waits for funds is listed in the report, and does not keep a sweep from its end.
 */
export async function remainderOf(
  db: Database | Transaction,
  sweepId: string,
): Promise<{ bookings: number; refunds: number }> {
  const { rows } = await db.execute<{ bookings: number; refunds: number }>(sql`
    select
      (select count(*)::int from bookings b where ${CONCERNED}) as bookings,
      (select count(*)::int from event_sweep_outcomes o join refunds r on r.booking_id = o.booking_id
        where o.sweep_id = s.id and s.cause = 'cancelled'
          and r.status = 'requested' and r.failure is distinct from ${LACK_OF_FUNDS}) as refunds
    from event_sweeps s where s.id = ${sweepId}`);
  return rows[0] ?? { bookings: 0, refunds: 0 };
}

/** Refunds that wait to be made now, up to `most`: a sweep goes no faster than the provider. */
export async function countDueRefunds(tx: Transaction, most: number): Promise<number> {
  const { rows } = await tx.execute<{ count: number }>(sql`
    select count(*)::int as count from (
      select from provider_calls
      where status = 'requested' and kind = 'refund' and next_attempt_at <= now()
        and last_error is distinct from ${LACK_OF_FUNDS}
      limit ${most}
    ) as due`);
  return rows[0]?.count ?? 0;
}

export async function insertOutcomes(
  tx: Transaction,
  sweepId: string,
  outcomes: readonly { bookingId: string; failure?: string }[],
): Promise<void> {
  if (outcomes.length === 0) return;
  const rows = outcomes.map(({ bookingId, failure }) => ({
    sweep_id: sweepId,
    booking_id: bookingId,
    failure,
  }));
  await tx.execute(sql`
    insert into event_sweep_outcomes (sweep_id, booking_id, failure)
    select sweep_id, booking_id, failure from ${rowsOf('event_sweep_outcomes', rows)}`);
}

/** Sets where a claimed sweep goes on, and in how many seconds by the database's clock. */
export async function moveSweep(
  tx: Transaction,
  sweepId: string,
  to: { cursor: string | null; inSeconds: number },
): Promise<void> {
  await tx.execute(sql`
    update event_sweeps set cursor = ${to.cursor},
      next_round_at = now() + make_interval(secs => ${to.inSeconds})
    where id = ${sweepId}`);
}

export async function endSweep(
  tx: Transaction,
  sweepId: string,
  state: Extract<SweepState, 'done' | 'superseded'>,
): Promise<void> {
  await tx.execute(sql`
    update event_sweeps set state = ${state}, ended_at = now() where id = ${sweepId}`);
}

/**
 * Tells bookings of the move of their event: the new start, and the right to cancel free of
 * charge, which never becomes shorter. Answers them as they were, with the new version; those that
 * are not sold any more are left out.
 */
export async function moveBookings(
  tx: Transaction,
  sweep: Sweep,
  bookingIds: readonly string[],
): Promise<MovedRow[]> {
  // In the order of ids, as every change of several bookings locks them.
  const ids = sql.param([...bookingIds]);
  await tx.execute(sql`
    select from bookings where id = any(${ids}::uuid[]) order by id for update`);
  const { rows } = await tx.execute<MovedRow>(sql`
    update bookings b set starts_at = ${sweep.newStartsAt},
      free_cancel_until = greatest(b.free_cancel_until, ${sweep.freeCancelUntil}::timestamptz),
      version = b.version + 1, changed_at = now()
    where b.id = any(${ids}::uuid[]) and b.status = 'confirmed'
    returning b.id, b.user_id as "userId", b.event_id as "eventId", b.event_name as "eventName",
      b.venue_name as "venueName", b.time_zone as "timeZone", b.version,
      old.starts_at as "oldStartsAt", b.free_cancel_until as "freeCancelUntil"`);
  return rows;
}

export type MovedRow = Pick<
  Booking,
  'id' | 'userId' | 'eventId' | 'eventName' | 'venueName' | 'timeZone' | 'version'
> & { readonly oldStartsAt: string; readonly freeCancelUntil: string };

/**
 * Lets sweeps of moved events go on whose work has grown after their end: a hold that was taken
 * before the move may be booked for some minutes after it. Answers which.
 */
export async function reopenSweeps(tx: Transaction): Promise<{ id: string; eventId: string }[]> {
  const { rows } = await tx.execute<{ id: string; eventId: string }>(sql`
    update event_sweeps s set state = 'running', ended_at = null, cursor = null,
      next_round_at = now()
    where s.state = 'done' and s.cause <> 'cancelled' and s.ended_at > now() - interval '1 day'
      and not exists (select from event_sweeps l
        where l.event_id = s.event_id and l.event_version > s.event_version)
      and exists (select from bookings b
        where b.id >= uuidv7_floor(s.started_at - interval '1 hour') and ${CONCERNED})
    returning s.id, s.event_id as "eventId"`);
  return rows;
}

/** A sweep, locked: a batch under way has ended before. */
export async function lockSweep(tx: Transaction, id: string): Promise<Sweep | undefined> {
  const { rows } = await tx.execute<SweepRow>(sql`
    select ${SWEEP_COLUMNS} from event_sweeps s where s.id = ${id} for update`);
  return rows[0] && readSweep(rows[0]);
}

export async function saveSweepState(
  tx: Transaction,
  id: string,
  state: 'paused' | 'running',
): Promise<void> {
  await tx.execute(sql`
    update event_sweeps set state = ${state}, next_round_at = now() where id = ${id}`);
}

/** Lets a sweep that is done try again what it passed over; answers how many bookings that is. */
export async function runSweepAgain(tx: Transaction, id: string): Promise<number> {
  const { rowCount } = await tx.execute(sql`
    delete from event_sweep_outcomes where sweep_id = ${id} and failure is not null`);
  if (!rowCount) return 0;
  await tx.execute(sql`
    update event_sweeps set state = 'running', ended_at = null, cursor = null, next_round_at = now()
    where id = ${id}`);
  return rowCount;
}
