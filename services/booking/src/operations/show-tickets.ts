import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import type { Booking } from '../booking.ts';
import { findBooking } from '../stores/bookings.ts';
import { findEvent, type KnownEvent } from '../stores/events.ts';
import type { TicketKeys } from '../stores/ticket-keys.ts';
import { findTicket, type Ticket, ticketsOf } from '../stores/tickets.ts';
import { writeCalendar } from '../tickets/calendar.ts';
import { writeCode } from '../tickets/code.ts';
import type { TicketPage } from '../tickets/sheet.ts';

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

/** What is printed of live tickets of a booking, by the event as it stands now. */
export async function pagesOf(
  { db, ticketKeys }: ShowDeps,
  booking: Booking,
  tickets: readonly Ticket[],
): Promise<TicketPage[] | Refusal> {
  const event = await findEvent(db, booking.eventId);
  const pages: TicketPage[] = [];
  for (const ticket of tickets) {
    const code = await codeOf(ticketKeys, ticket);
    if (isRefusal(code)) return code;
    const { label, category, ticketType, priceMinor } = seatOf(booking, ticket);
    pages.push({
      ...placeOf(booking, event),
      ticketId: ticket.id,
      ...{ label, category, ticketType: ticketType?.name ?? null },
      ...{ priceMinor: wasPassedOn(booking, ticket) ? null : priceMinor },
      ...{ currency: booking.currency, code },
    });
  }
  return pages;
}

/** A booking as a calendar file; it follows an event that is moved or cancelled. */
export async function calendarOf(db: Database, booking: Booking): Promise<string> {
  const event = await findEvent(db, booking.eventId);
  const isOff = event?.status === 'cancelled' || ['cancelled', 'failed'].includes(booking.status);
  const isOn = booking.status === 'confirmed' && event?.status !== 'postponed';
  return writeCalendar({
    ...placeOf(booking, event),
    bookingId: booking.id,
    sequence: booking.version + (event?.version ?? 0),
    status: isOff ? 'CANCELLED' : isOn ? 'CONFIRMED' : 'TENTATIVE',
    labels: booking.seats.flatMap(({ label, ticketStatus }) =>
      isOff || ticketStatus !== 'void' ? label : [],
    ),
    changedAt: booking.changedAt,
  });
}

/** Whether somebody else has it than who bought it: what it cost is the buyer's business. */
export function wasPassedOn({ userId }: Booking, { holderId }: Ticket): boolean {
  return holderId !== userId;
}

export function seatOf(booking: Booking, ticket: Ticket): Booking['seats'][number] {
  const seat = booking.seats.find(({ seatId }) => seatId === ticket.seatId);
  if (seat === undefined) throw new Error(`ticket ${ticket.id} is for no seat of its booking`);
  return seat;
}

function placeOf(booking: Booking, event: KnownEvent | undefined) {
  const { startsAt, timeZone, venueName } = event ?? booking;
  return {
    ...{ startsAt, timeZone, venueName },
    eventName: event?.name ?? booking.eventName,
    city: event?.city ?? null,
  };
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
