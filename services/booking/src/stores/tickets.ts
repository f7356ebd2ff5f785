import { newId } from '@holdfast/shared/ids.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { eq, sql } from 'drizzle-orm';
import type { Booking, TicketStatus } from '../booking.ts';
import { tickets } from './tables.ts';

/** The right to one seat, and who has it. */
export type Ticket = {
  readonly id: string;
  readonly bookingId: string;
  readonly eventId: string;
  readonly seatId: string;
  readonly status: TicketStatus;
  /** Grows with each new holder; codes of earlier epochs let nobody in. */
  readonly epoch: number;
  readonly holderId: string;
  /** Set once the ticket has been used. */
  readonly firstEnteredAt: Date | null;
  readonly isInside: boolean;
  readonly version: number;
};

const ticketColumns = {
  id: tickets.id,
  bookingId: tickets.bookingId,
  eventId: tickets.eventId,
  seatId: tickets.seatId,
  status: tickets.status,
  epoch: tickets.epoch,
  holderId: tickets.holderId,
  firstEnteredAt: tickets.firstEnteredAt,
  isInside: tickets.isInside,
  version: tickets.version,
};

export type TicketChange = {
  readonly id: string;
  readonly bookingId: string;
  readonly seatId: string;
  readonly oldStatus: TicketStatus | null;
  readonly newStatus: TicketStatus;
};

/**
 * Reserves a ticket for each seat of each booking, all or none of a booking: one is missing from the
 * answer when another booking has one of its seats (partial unique index one_ticket_a_seat,
 * invariant 2). In the order of seats, so that rivals meet at the same seat first and never wait
 * for each other in a ring.
 */
export async function reserveTickets(
  tx: Transaction,
  bookings: readonly Booking[],
): Promise<Map<string, TicketChange[]>> {
  let wanted = bookings;
  for (;;) {
    if (wanted.length === 0) return new Map();
    const rows = wanted.flatMap((booking) =>
      booking.seats.map(({ seatId }) => ({
        id: newId(),
        booking_id: booking.id,
        event_id: booking.eventId,
        seat_id: seatId,
        holder_id: booking.userId,
      })),
    );
    const [, { rows: reserved }] = await Promise.all([
      tx.execute(sql`savepoint seats`),
      tx.execute<Pick<TicketChange, 'id' | 'bookingId' | 'seatId'>>(sql`
        insert into tickets (id, booking_id, event_id, seat_id, holder_id, status)
        select id, booking_id, event_id, seat_id, holder_id, 'reserved'
        from ${rowsOf('tickets', rows)} order by event_id, seat_id
        on conflict do nothing returning id, booking_id as "bookingId", seat_id as "seatId"`),
    ]);
    if (reserved.length === rows.length) {
      const changes = reserved.map((ticket) => ({
        ...ticket,
        oldStatus: null,
        newStatus: 'reserved' as const,
      }));
      return Map.groupBy(changes, ({ bookingId }) => bookingId);
    }
    // Those that miss a seat are out; the others are asked for again without them.
    await tx.execute(sql`rollback to savepoint seats`);
    const counts = Map.groupBy(reserved, ({ bookingId }) => bookingId);
    wanted = wanted.filter(({ id, seats }) => counts.get(id)?.length === seats.length);
  }
}

/**
 * What a new status of the tickets of a booking, or of those of some seats, changes; by the booking as
 * it was locked.
 */
export function ticketChanges(
  booking: Booking,
  status: 'live' | 'void',
  seatIds: readonly string[] = booking.seats.map(({ seatId }) => seatId),
): TicketChange[] {
  const from: (TicketStatus | null)[] = status === 'live' ? ['reserved'] : ['reserved', 'live'];
  return booking.seats.flatMap(({ seatId, ticketId, ticketStatus }) =>
    ticketId !== null && from.includes(ticketStatus) && seatIds.includes(seatId)
      ? [
          {
            id: ticketId,
            bookingId: booking.id,
            seatId,
            oldStatus: ticketStatus,
            newStatus: status,
          },
        ]
      : [],
  );
}

/** Writes new statuses of tickets whose bookings are locked. */
export async function saveTickets(
  tx: Transaction,
  changes: readonly TicketChange[],
): Promise<void> {
  const rows = changes.map(({ id, newStatus }) => ({ id, status: newStatus }));
  const { rowCount } = await tx.execute(sql`
    update tickets t set status = r.status, version = t.version + 1, changed_at = now()
    from ${rowsOf('tickets', rows)} r where t.id = r.id`);
  if (rowCount !== changes.length) throw new Error('a ticket of a locked booking has gone');
}

/**
 * The tickets, locked until the transaction ends, by their ids and in the order of them: a check-in
 * waits, and what they say here stays true. The locks of their bookings are to be had first.
 */
export async function lockTickets(
  tx: Transaction,
  ids: readonly string[],
): Promise<Map<string, Ticket>> {
  const rows = await tx
    .select(ticketColumns)
    .from(tickets)
    .where(sql`${tickets.id} = any(${sql.param([...ids])}::uuid[])`)
    .orderBy(tickets.id)
    .for('update');
  return new Map(rows.map((ticket) => [ticket.id, ticket]));
}

/** Gives locked tickets to new holders; the codes that the old ones have end with it. */
export async function saveHolders(
  tx: Transaction,
  changes: readonly { ticketId: string; holderId: string }[],
): Promise<void> {
  const rows = changes.map(({ ticketId, holderId }) => ({ id: ticketId, holder_id: holderId }));
  const { rowCount } = await tx.execute(sql`
    update tickets t set holder_id = r.holder_id, epoch = t.epoch + 1, version = t.version + 1,
      changed_at = now()
    from ${rowsOf('tickets', rows)} r where t.id = r.id`);
  if (rowCount !== changes.length) throw new Error('a locked ticket has gone');
}

export async function findTicket(db: Database, id: string): Promise<Ticket | undefined> {
  const [ticket] = await db.select(ticketColumns).from(tickets).where(eq(tickets.id, id));
  return ticket;
}

/** The tickets of a booking, in the order of their seats. */
export async function ticketsOf(db: Database | Transaction, bookingId: string): Promise<Ticket[]> {
  return db
    .select(ticketColumns)
    .from(tickets)
    .where(eq(tickets.bookingId, bookingId))
    .orderBy(tickets.seatId);
}
