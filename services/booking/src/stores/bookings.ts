import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { and, desc, eq, inArray, lt, type SQL, sql } from 'drizzle-orm';
import type { BookedSeat, Booking } from '../booking.ts';
import { type BookingStatus, OUTCOMES } from '../checkout.ts';
import { bookingSeats, bookings, holdClaims, tickets } from './tables.ts';

type Reader = Database | Transaction;
type Row = typeof bookings.$inferSelect;
export type NewBooking = Omit<Booking, 'status' | 'reason' | 'version' | 'createdAt' | 'changedAt'>;

/** Inserts a booking as pending, with its seats. */
export async function insertBooking(tx: Transaction, wanted: NewBooking): Promise<Booking> {
  const { seats, ...row } = wanted;
  const [[inserted]] = await Promise.all([
    tx
      .insert(bookings)
      .values({ ...row, status: 'pending' })
      .returning(),
    tx.insert(bookingSeats).values(
      seats.map(({ ticketId: _ticketId, ticketStatus: _ticketStatus, ...seat }) => ({
        bookingId: wanted.id,
        ...seat,
      })),
    ),
  ]);
  if (inserted === undefined) throw new Error(`booking ${wanted.id} was not inserted`);
  return withSeats(inserted, seats);
}

/**
 * The booking, locked until the transaction ends; every change of it begins here. Seats and
 * tickets are read after the lock is had: joined to it, they could be older than the booking.
 */
export async function lockBooking(tx: Transaction, id: string): Promise<Booking | undefined> {
  // `execute` sends it now; a query that is only awaited is sent after those of calls made here.
  const locked = tx.select().from(bookings).where(eq(bookings.id, id)).for('update').execute();
  const [[row], seats] = await Promise.all([locked, seatsOf(tx, [id])]);
  return row && withSeats(row, seats.get(id) ?? []);
}

export async function findBooking(db: Reader, id: string): Promise<Booking | undefined> {
  return (await readBookings(db, eq(bookings.id, id), 1))[0];
}

/** Those of the bookings that have reached their outcome. */
export async function findSettled(db: Database, ids: readonly string[]): Promise<string[]> {
  const found = await db
    .select({ id: bookings.id })
    .from(bookings)
    .where(and(inArray(bookings.id, [...ids]), inArray(bookings.status, [...OUTCOMES])));
  return found.map(({ id }) => id);
}

/** A user's bookings, newest first, after the booking `before` if given. */
export async function listBookings(
  db: Reader,
  wanted: { userId: string; status?: BookingStatus; before?: string; limit: number },
): Promise<Booking[]> {
  const { userId, status, before, limit } = wanted;
  const filter = and(
    eq(bookings.userId, userId),
    status && eq(bookings.status, status),
    before === undefined ? undefined : lt(bookings.id, before),
  );
  return readBookings(db, filter, limit);
}

/** Writes a new status; the row must be locked. Answers the booking as it is then, seats as given. */
export async function saveBooking(
  tx: Transaction,
  booking: Booking,
  to: { status: BookingStatus; reason: string | null },
): Promise<Booking> {
  const [row] = await tx
    .update(bookings)
    .set({
      ...to,
      version: booking.version + 1,
      changedAt: sql`now()`,
      ...(to.status === 'authorized' && { askedAt: sql`now()` }),
    })
    .where(eq(bookings.id, booking.id))
    .returning();
  if (row === undefined) throw new Error(`booking ${booking.id} has gone`);
  return withSeats(row, booking.seats);
}

/** False when a living booking has the hold already. */
export async function claimHold(
  tx: Transaction,
  holdId: string,
  bookingId: string,
): Promise<boolean> {
  const claimed = await tx
    .insert(holdClaims)
    .values({ holdId, bookingId })
    .onConflictDoNothing()
    .returning({ holdId: holdClaims.holdId });
  return claimed.length === 1;
}

export async function freeHold(tx: Transaction, bookingId: string): Promise<void> {
  await tx.delete(holdClaims).where(eq(holdClaims.bookingId, bookingId));
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
        eq(bookings.status, 'authorized'),
        sql`${bookings.askedAt} <= now() - make_interval(secs => ${olderThanSeconds})`,
      ),
    )
    .orderBy(bookings.askedAt)
    .limit(limit)
    .for('update', { skipLocked: true });
  const ids = due.map(({ id }) => id);
  if (ids.length === 0) return [];
  await tx.update(bookings).set({ askedAt: sql`now()` }).where(inArray(bookings.id, ids));
  return readBookings(tx, inArray(bookings.id, ids), limit);
}

/** Confirmed bookings of events that are cancelled. */
export async function findSoldOfCancelledEvents(db: Database, limit: number): Promise<string[]> {
  const { rows } = await db.execute<{ id: string }>(sql`
    select b.id from events e join bookings b on b.event_id = e.event_id
    where e.status = 'cancelled' and b.status = 'confirmed' order by b.id limit ${limit}`);
  return rows.map(({ id }) => id);
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
  const seats = await seatsOf(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => withSeats(row, seats.get(row.id) ?? []));
}

async function seatsOf(db: Reader, ids: readonly string[]): Promise<Map<string, BookedSeat[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .select({ seat: bookingSeats, ticketId: tickets.id, ticketStatus: tickets.status })
    .from(bookingSeats)
    .leftJoin(
      tickets,
      and(eq(tickets.bookingId, bookingSeats.bookingId), eq(tickets.seatId, bookingSeats.seatId)),
    )
    .where(inArray(bookingSeats.bookingId, [...ids]))
    .orderBy(bookingSeats.seatId);
  const byBooking = new Map<string, BookedSeat[]>();
  for (const { seat, ticketId, ticketStatus } of rows) {
    const { bookingId, ...snapshot } = seat;
    const list = byBooking.get(bookingId) ?? [];
    byBooking.set(bookingId, [...list, { ...snapshot, ticketId, ticketStatus }]);
  }
  return byBooking;
}

function withSeats({ askedAt: _askedAt, ...row }: Row, seats: readonly BookedSeat[]): Booking {
  return { ...row, seats };
}
