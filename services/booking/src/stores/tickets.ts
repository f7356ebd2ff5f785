import { newId } from '@holdfast/shared/ids.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { and, eq, inArray, ne, sql } from 'drizzle-orm';
import type { Booking, TicketStatus } from '../booking.ts';
import { tickets } from './tables.ts';

export type TicketChange = {
  readonly id: string;
  readonly seatId: string;
  readonly oldStatus: TicketStatus | null;
  readonly newStatus: TicketStatus;
};

/**
 * Reserves a ticket for each seat of the booking, or none: undefined when another booking has
 * one of the seats (partial unique index one_ticket_a_seat, invariant 2). In the order of seat
 * ids, so that rivals meet at the same seat first and never wait for each other in a ring.
 */
export async function reserveTickets(
  tx: Transaction,
  booking: Booking,
): Promise<TicketChange[] | undefined> {
  const seatIds = booking.seats.map(({ seatId }) => seatId).sort();
  await tx.execute(sql`savepoint seats`);
  const reserved = await tx
    .insert(tickets)
    .values(
      seatIds.map((seatId) => ({
        id: newId(),
        bookingId: booking.id,
        eventId: booking.eventId,
        seatId,
        status: 'reserved' as const,
      })),
    )
    .onConflictDoNothing()
    .returning({ id: tickets.id, seatId: tickets.seatId });
  if (reserved.length < seatIds.length) {
    await tx.execute(sql`rollback to savepoint seats`);
    return undefined;
  }
  return reserved.map((ticket) => ({ ...ticket, oldStatus: null, newStatus: 'reserved' }));
}

/** Gives every ticket of the booking a new status; answers the changes. */
export async function changeTickets(
  tx: Transaction,
  booking: Booking,
  status: 'live' | 'void',
): Promise<TicketChange[]> {
  const from: TicketStatus[] = status === 'live' ? ['reserved'] : ['reserved', 'live'];
  const changed = await tx
    .update(tickets)
    .set({ status, version: sql`${tickets.version} + 1`, changedAt: sql`now()` })
    .where(
      and(
        eq(tickets.bookingId, booking.id),
        inArray(tickets.status, from),
        ne(tickets.status, status),
      ),
    )
    .returning({ id: tickets.id, seatId: tickets.seatId });
  const before = new Map(booking.seats.map((seat) => [seat.ticketId, seat.ticketStatus]));
  return changed.map((ticket) => ({
    ...ticket,
    oldStatus: before.get(ticket.id) ?? null,
    newStatus: status,
  }));
}
