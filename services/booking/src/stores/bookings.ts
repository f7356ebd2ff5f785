import { NO_TERMS } from '@holdfast/shared/contracts/terms.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { builtOnce } from '@holdfast/shared/postgres/prepared.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { and, desc, eq, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { BookedSeat, Booking } from '../booking.ts';
import { type BookingStatus, OUTCOMES } from '../checkout.ts';
import { faceValues } from '../quote.ts';
import { bookingSeats, bookings, isOneOf, isOneOfGiven, tickets } from './tables.ts';

type Reader = Database | Transaction;
type Row = typeof bookings.$inferSelect;
export type NewBooking = Omit<Booking, 'reason' | 'freeCancelUntil' | 'createdAt' | 'changedAt'>;

/** A booking as it is inserted at `now`: the transaction's own instant. */
export function newlyBooked(wanted: NewBooking, now: Date): Booking {
  return { ...wanted, reason: null, freeCancelUntil: null, createdAt: now, changedAt: now };
}

/** Inserts bookings with their seats. */
export async function insertBookings(
  tx: Transaction,
  wanted: readonly NewBooking[],
): Promise<void> {
  const rows = wanted.map((one) => ({
    id: one.id,
    hold_id: one.holdId,
    pin_id: one.pinId,
    holds: one.holds.length > 1 ? one.holds : null,
    event_id: one.eventId,
    user_id: one.userId,
    status: one.status,
    version: one.version,
    currency: one.currency,
    total_minor: one.totalMinor,
    event_name: one.eventName,
    venue_name: one.venueName,
    starts_at: one.startsAt,
    time_zone: one.timeZone,
    terms: one.terms === NO_TERMS ? null : one.terms,
    charges: one.lines.filter(({ kind }) => kind !== 'face_value'),
    retakes: one.retakes,
  }));
  const seats = wanted.flatMap(({ id, seats }) =>
    seats.map(({ seatId, priceMinor, ticketType, ...seat }) => ({
      ...{ label: seat.label, section: seat.section, row: seat.row, number: seat.number },
      category: seat.category,
      ticket_type: ticketType ?? null,
      booking_id: id,
      seat_id: seatId,
      price_minor: priceMinor,
    })),
  );
  await Promise.all([
    tx.execute(sql`
      insert into bookings (id, hold_id, pin_id, holds, event_id, user_id, status, version, currency,
        total_minor, event_name, venue_name, starts_at, time_zone, terms, charges, retakes,
        asked_at)
      select id, hold_id, pin_id, holds, event_id, user_id, status, version, currency,
        total_minor, event_name, venue_name, starts_at, time_zone, terms, charges, retakes,
        case status when 'authorized' then now() end
      from ${rowsOf('bookings', rows)}`),
    tx.execute(sql`
      insert into booking_seats
        (booking_id, seat_id, label, section, "row", number, category, price_minor, ticket_type)
      select booking_id, seat_id, label, section, "row", number, category, price_minor, ticket_type
      from ${rowsOf('booking_seats', seats)}`),
  ]);
}

// In the order of ids, so that transactions with some in common do not wait in a ring.
const lockQuery = builtOnce((tx) =>
  tx
    .select({ row: bookings, now: sql`now()`.mapWith(bookings.createdAt) })
    .from(bookings)
    .where(isOneOfGiven(bookings.id))
    .orderBy(bookings.id)
    .for('update')
    .prepare('lock_bookings'),
);

const bookingsQuery = builtOnce((db) =>
  db.select().from(bookings).where(isOneOfGiven(bookings.id)).prepare('bookings_by_id'),
);

const seatsQuery = builtOnce((db) =>
  db
    .select({ seat: bookingSeats, ticketId: tickets.id, ticketStatus: tickets.status })
    .from(bookingSeats)
    .leftJoin(
      tickets,
      and(eq(tickets.bookingId, bookingSeats.bookingId), eq(tickets.seatId, bookingSeats.seatId)),
    )
    .where(isOneOfGiven(bookingSeats.bookingId))
    .orderBy(bookingSeats.seatId)
    .prepare('seats_of_bookings'),
);

/**
 * The bookings, locked until the transaction ends; every change of one begins here. Seats and
 * tickets are read after the locks are had: joined to it, they could be older than the booking.
 */
export async function lockBookings(
  tx: Transaction,
  ids: readonly string[],
): Promise<Map<string, Booking>> {
  return (await lockBookingsNow(tx, ids)).bookings;
}

/** The same with the transaction's instant, which there is only where one was found. */
export async function lockBookingsNow(
  tx: Transaction,
  ids: readonly string[],
): Promise<{ bookings: Map<string, Booking>; now: Date }> {
  const [rows, seats] = await Promise.all([lockQuery(tx).execute({ ids }), seatsOf(tx, ids)]);
  return {
    bookings: new Map(rows.map(({ row }) => [row.id, withSeats(row, seats.get(row.id) ?? [])])),
    now: rows[0]?.now ?? new Date(Number.NaN),
  };
}

export async function findBookings(
  db: Reader,
  ids: readonly string[],
): Promise<Map<string, Booking>> {
  if (ids.length === 0) return new Map();
  const found = await seatAll(db, await bookingsQuery(db).execute({ ids }));
  return new Map(found.map((booking) => [booking.id, booking]));
}

export async function findBooking(db: Reader, id: string): Promise<Booking | undefined> {
  return (await readBookings(db, eq(bookings.id, id), 1))[0];
}

/** Those of the bookings that have reached their outcome. */
export async function findSettled(db: Database, ids: readonly string[]): Promise<string[]> {
  const found = await db
    .select({ id: bookings.id })
    .from(bookings)
    .where(and(isOneOf(bookings.id, ids), inArray(bookings.status, [...OUTCOMES])));
  return found.map(({ id }) => id);
}

/** Which of a user's bookings: `when` by their event's start, `before` from the next page on. */
export type BookingFilter = {
  readonly userId: string;
  readonly status?: BookingStatus;
  readonly eventId?: string;
  readonly when?: 'upcoming' | 'past';
  readonly before?: string;
  readonly limit: number;
};

/** A user's bookings, newest first. */
export async function listBookings(db: Reader, wanted: BookingFilter): Promise<Booking[]> {
  const { userId, status, eventId, when, before, limit } = wanted;
  const filter = and(
    eq(bookings.userId, userId),
    status && eq(bookings.status, status),
    eventId === undefined ? undefined : eq(bookings.eventId, eventId),
    when === undefined ? undefined : sql`(${bookings.startsAt} > now()) = ${when === 'upcoming'}`,
    before === undefined ? undefined : lt(bookings.id, before),
  );
  return readBookings(db, filter, limit);
}

/** Writes new statuses, each with the version that follows; the rows must be locked. */
export async function saveBookings(
  tx: Transaction,
  changed: readonly Pick<Booking, 'id' | 'status' | 'reason' | 'version'>[],
): Promise<void> {
  const rows = changed.map(({ id, status, reason, version }) => ({ id, status, reason, version }));
  const { rowCount } = await tx.execute(sql`
    update bookings b set status = r.status, reason = r.reason, version = r.version,
      changed_at = now(), asked_at = case r.status when 'authorized' then now() else b.asked_at end
    from ${rowsOf('bookings', rows)} r
    where b.id = r.id and b.version = r.version - 1`);
  if (rowCount !== changed.length) throw new Error('a locked booking has changed or gone');
}

/** Notes that the pin of a booking was asked for again. */
export async function askAgain(tx: Transaction, id: string): Promise<void> {
  await tx.update(bookings).set({ askedAt: sql`now()` }).where(eq(bookings.id, id));
}

/** Authorized bookings whose pin was asked for more than so many seconds ago; asks count anew. */
export async function takeUnanswered(
  tx: Transaction,
  olderThanSeconds: number,
  limit: number,
): Promise<Booking[]> {
  const due = await tx
    .select({ id: bookings.id })
    .from(bookings)
    .where(
      and(
        // Not as a parameter: of the plan that serves any status no partial index is part.
        sql`${bookings.status} = 'authorized'`,
        sql`${bookings.askedAt} <= now() - make_interval(secs => ${olderThanSeconds})`,
      ),
    )
    .orderBy(bookings.askedAt)
    .limit(limit)
    .for('update', { skipLocked: true });
  const ids = due.map(({ id }) => id);
  if (ids.length === 0) return [];
  await tx.update(bookings).set({ askedAt: sql`now()` }).where(isOneOf(bookings.id, ids));
  return readBookings(tx, isOneOf(bookings.id, ids), limit);
}

async function readBookings(
  db: Reader,
  filter: SQL | undefined,
  limit: number,
): Promise<Booking[]> {
  const rows = await db
    .select()
    .from(bookings)
    .where(filter)
    .orderBy(desc(bookings.id))
    .limit(limit);
  return seatAll(db, rows);
}

async function seatAll(db: Reader, rows: readonly Row[]): Promise<Booking[]> {
  const seats = await seatsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => withSeats(row, seats.get(row.id) ?? []));
}

async function seatsOf(db: Reader, ids: readonly string[]): Promise<Map<string, BookedSeat[]>> {
  if (ids.length === 0) return new Map();
  const rows = await seatsQuery(db).execute({ ids });
  const byBooking = new Map<string, BookedSeat[]>();
  for (const { seat, ticketId, ticketStatus } of rows) {
    const { bookingId, ticketType, ...snapshot } = seat;
    const list = byBooking.get(bookingId) ?? [];
    const typed = ticketType && { ticketType };
    byBooking.set(bookingId, [...list, { ...snapshot, ...typed, ticketId, ticketStatus }]);
  }
  return byBooking;
}

function withSeats(
  { askedAt: _askedAt, terms, charges, holds, ...row }: Row,
  seats: readonly BookedSeat[],
): Booking {
  const { holdId, pinId } = row;
  return {
    ...row,
    holds: holds ?? [{ holdId, pinId, seatIds: seats.map(({ seatId }) => seatId) }],
    terms: terms ?? NO_TERMS,
    lines: [...faceValues(seats), ...charges],
    seats,
  };
}
