import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import type { Booking } from '../booking.ts';
import { findBooking } from '../stores/bookings.ts';
import type { TicketKeys } from '../stores/ticket-keys.ts';
import { findTicket, type Ticket, ticketsOf } from '../stores/tickets.ts';
import { writeCode } from '../tickets/code.ts';

export type ShowDeps = { readonly db: Database; readonly ticketKeys: TicketKeys };

/** A ticket with the booking it was sold in. */
export type ShownTicket = { readonly ticket: Ticket; readonly booking: Booking };

/**
 * A ticket for its holder or an admin; to anybody else it is not there. Who bought it and passed it
 * on is told so.
 */
export async function findShown(
  db: Database,
  ticketId: string,
  actor: Actor,
): Promise<ShownTicket | Refusal> {
  const ticket = await findTicket(db, ticketId);
  const booking = ticket && (await findBooking(db, ticket.bookingId));
  const isKnown = ticket?.holderId === actor.userId || actor.roles.includes('admin');
  if (ticket !== undefined && booking !== undefined) {
    if (isKnown) return { ticket, booking };
    if (booking.userId === actor.userId) return passedOn(ticketId);
  }
  return refused('ticket_not_found', `There is no ticket ${ticketId} of this account.`);
}

/** Those tickets of a booking that its buyer still has and may show; a refusal if there are none. */
export async function findShowable(db: Database, booking: Booking): Promise<Ticket[] | Refusal> {
  const tickets = await ticketsOf(db, booking.id);
  const kept = tickets.filter(({ holderId }) => holderId === booking.userId);
  const showable = kept.filter((ticket) => !isRefusal(showsNothing(ticket)));
  if (showable.length > 0) return showable;
  const [first] = kept;
  if (first !== undefined) return showsNothing(first) ?? showable;
  const [other] = tickets;
  return other === undefined
    ? refused('ticket_not_live', 'The booking has no tickets yet: wait for its outcome.')
    : passedOn(other.id);
}

/** The code that the QR of a ticket shows; a refusal for a ticket that shows none. */
export async function codeOf(keys: TicketKeys, ticket: Ticket): Promise<string | Refusal> {
  const refusal = showsNothing(ticket);
  if (refusal) return refusal;
  const { kid, privateKey } = await keys.signer();
  const { id: ticketId, eventId, epoch, seatId } = ticket;
  return writeCode({ kid, ticketId, eventId, epoch, seatId }, privateKey);
}

function showsNothing({ id, status }: Ticket): Refusal | undefined {
  if (status === 'void') {
    return refused('ticket_void', `Ticket ${id} was cancelled and lets nobody in any more.`);
  }
  if (status === 'reserved') {
    return refused('ticket_not_live', `Ticket ${id} is not paid yet: wait for its booking.`);
  }
  return undefined;
}

function passedOn(ticketId: string): Refusal {
  return refused(
    'ticket_transferred',
    `Ticket ${ticketId} was passed on: only its new holder can show it.`,
  );
}
