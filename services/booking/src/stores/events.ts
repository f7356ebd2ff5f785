import type { EventState } from '@holdfast/shared/contracts/events.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { EventDate } from '../sweeps/sweep.ts';

/**
 * Keeps an event as a message of catalog tells it, unless a newer one is known: undefined then,
 * else what was known of it before, if anything.
 */
export async function keepEvent(
  tx: Transaction,
  event: EventState,
  version: number,
): Promise<{ before: EventDate | undefined } | undefined> {
  const { rows } = await tx.execute<{ status: string | null; startsAt: string }>(sql`
    insert into events
      (event_id, owner_id, name, venue_name, city, starts_at, time_zone, status, currency, seat_count,
        on_sale_at, version)
    values (${event.eventId}, ${event.ownerId ?? null}, ${event.name}, ${event.venueName}, ${event.city}, ${event.startsAt},
      ${event.timeZone}, ${event.status}, ${event.currency}, ${event.seatCount},
      ${event.onSaleAt}, ${version})
    on conflict (event_id) do update set
      owner_id = coalesce(excluded.owner_id, events.owner_id),
      name = excluded.name, venue_name = excluded.venue_name, city = excluded.city,
      starts_at = excluded.starts_at, time_zone = excluded.time_zone,
      status = excluded.status, currency = excluded.currency,
      seat_count = excluded.seat_count, on_sale_at = excluded.on_sale_at,
      version = excluded.version
    where events.version < excluded.version
    returning old.status, old.starts_at as "startsAt"`);
  const [kept] = rows;
  if (kept === undefined) return undefined;
  const { status, startsAt } = kept;
  return { before: status === null ? undefined : { status, startsAt: new Date(startsAt) } };
}

/**
 * Those of the events that are known to be cancelled. The rows stay locked for share, so that a
 * cancellation waits for this transaction and then sees what it did.
 */
export async function findCancelled(
  tx: Transaction,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (eventIds.length === 0) return new Set();
  const { rows } = await tx.execute<{ id: string; status: string }>(sql`
    select event_id as id, status from events
    where event_id = any(${sql.param([...eventIds])}::uuid[]) order by event_id for share`);
  return new Set(rows.flatMap(({ id, status }) => (status === 'cancelled' ? [id] : [])));
}

/** The same of the events of bookings. */
export async function findCancelledOf(
  tx: Transaction,
  bookingIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (bookingIds.length === 0) return new Set();
  const { rows } = await tx.execute<{ id: string; status: string }>(sql`
    select event_id as id, status from events
    where event_id = any(array(
      select event_id from bookings where id = any(${sql.param([...bookingIds])}::uuid[])))
    order by event_id for share`);
  return new Set(rows.flatMap(({ id, status }) => (status === 'cancelled' ? [id] : [])));
}

/**
 * Whether an event is off or has begun, by the database's clock; it stays so until the transaction
 * ends. What its messages have not told yet is the booking's own start; a postponed event has none.
 */
export async function readEventNow(
  tx: Transaction,
  { eventId, startsAt }: { eventId: string; startsAt: Date },
): Promise<{ isCancelled: boolean; hasStarted: boolean; startsAt: Date | null }> {
  const { rows } = await tx.execute<{ status: string; startsAt: string }>(sql`
    select status, starts_at as "startsAt" from events where event_id = ${eventId} for share`);
  const { rows: clock } = await tx.execute<{ now: string }>(sql`select clock_timestamp() as now`);
  const known = rows[0];
  const starts = known ? new Date(known.startsAt) : startsAt;
  const isPostponed = known?.status === 'postponed';
  return {
    isCancelled: known?.status === 'cancelled',
    hasStarted: !isPostponed && starts <= new Date(clock[0]?.now ?? Number.NaN),
    startsAt: isPostponed ? null : starts,
  };
}

/** An event as it stands, where catalog has told of it. */
export type KnownEvent = {
  /** The organizer's account, once a message has told it. */
  readonly ownerId: string | null;
  readonly name: string;
  readonly venueName: string;
  readonly city: string;
  readonly startsAt: Date;
  readonly timeZone: string;
  readonly status: string;
  /** Grows with each change. */
  readonly version: number;
};

export async function findEvent(db: Database, eventId: string): Promise<KnownEvent | undefined> {
  const { rows } = await db.execute<Omit<KnownEvent, 'startsAt'> & { startsAt: string }>(sql`
    select owner_id as "ownerId", name, venue_name as "venueName", city, starts_at as "startsAt",
      time_zone as "timeZone", status, version
    from events where event_id = ${eventId}`);
  const [event] = rows;
  return event && { ...event, startsAt: new Date(event.startsAt) };
}
