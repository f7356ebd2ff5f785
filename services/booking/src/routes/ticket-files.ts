import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import {
  type Reply,
  type Route,
  type RouteRequest,
  reply,
  route,
} from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import QRCode from 'qrcode';
import type { Booking } from '../booking.ts';
import {
  calendarOf,
  codeOf,
  findShowable,
  findShown,
  pagesOf,
  type ShowDeps,
} from '../operations/show-tickets.ts';
import { findBooking } from '../stores/bookings.ts';
import type { Ticket } from '../stores/tickets.ts';
import type { Drawings } from '../tickets/drawings.ts';
import { visible } from './visible.ts';

type Use = () => ShowDeps & { drawings: Drawings };
type OfTicket = { ticketId: string };
type OfBooking = { bookingId: string };
type Asked<P> = RouteRequest<undefined, Record<string, never>, P>;
type Answer = Promise<Reply | Refusal>;

const TICKET = {
  path: '/api/tickets/:ticketId',
  params: Joi.object<OfTicket>({ ticketId: id().lowercase().required() }),
};
const BOOKING = {
  path: '/api/bookings/:bookingId',
  params: Joi.object<OfBooking>({ bookingId: id().lowercase().required() }),
};
const SVG = 'image/svg+xml';
const PNG = 'image/png';
const PDF = 'application/pdf';
const CALENDAR = 'text/calendar; charset=utf-8';

/** Tickets as images and files. */
export function ticketFileRoutes(use: Use): Route[] {
  return [qrSvg(use), qrPng(use), ticketPdf(use), ticketsPdf(use), calendar(use)];
}

function qrSvg(use: Use): Route {
  const about = { name: 'qr.svg', id: 'getTicketQrSvg', summary: 'The QR of a ticket as SVG' };
  return fileRoute(TICKET, { ...about, mediaType: SVG }, async (asked) => {
    const code = await shownCode(use(), asked);
    if (isRefusal(code)) return code;
    return file(await QRCode.toString(code, { type: 'svg', errorCorrectionLevel: 'M' }), SVG);
  });
}

function qrPng(use: Use): Route {
  const about = { name: 'qr.png', id: 'getTicketQrPng', summary: 'The QR of a ticket as PNG' };
  return fileRoute(TICKET, { ...about, mediaType: PNG }, async (asked) => {
    const code = await shownCode(use(), asked);
    if (isRefusal(code)) return code;
    const png = await use().drawings.png(code);
    return isRefusal(png) ? png : file(png, PNG);
  });
}

function ticketPdf(use: Use): Route {
  const about = { name: 'ticket.pdf', id: 'getTicketPdf', summary: 'A ticket to print' };
  return fileRoute(TICKET, { ...about, mediaType: PDF }, async ({ params, actor }) => {
    const shown = await findShown(use().db, params.ticketId, actor);
    if (isRefusal(shown)) return shown;
    return print(use(), { ...shown, tickets: [shown.ticket] });
  });
}

function ticketsPdf(use: Use): Route {
  const summary = 'The live tickets of a booking to print, but those passed on; a page each';
  const about = { name: 'tickets.pdf', id: 'getBookingTicketsPdf', summary };
  return fileRoute(BOOKING, { ...about, mediaType: PDF }, async (asked) => {
    const booking = await findVisible(use(), asked);
    if (isRefusal(booking)) return booking;
    const tickets = await findShowable(use().db, booking);
    return isRefusal(tickets) ? tickets : print(use(), { booking, tickets });
  });
}

function calendar(use: Use): Route {
  const summary = 'A booking as a calendar file, which follows its event';
  const about = { name: 'calendar.ics', id: 'getBookingCalendar', summary };
  return fileRoute(BOOKING, { ...about, mediaType: CALENDAR }, async (asked) => {
    const booking = await findVisible(use(), asked);
    if (isRefusal(booking)) return booking;
    return file(await calendarOf(use().db, booking), CALENDAR, `booking-${booking.id}.ics`);
  });
}

function fileRoute<P>(
  of: { path: string; params: Joi.ObjectSchema<P> },
  about: { name: string; id: string; summary: string; mediaType: string },
  run: (asked: Asked<P>) => Answer,
): Route {
  const { name, mediaType, ...named } = about;
  return route<{ params: P }>({
    ...named,
    method: 'get',
    path: `${of.path}/${name}`,
    tag: 'tickets',
    access: 'login',
    params: of.params,
    responses: { 200: { description: 'The file', mediaType, schema: Joi.string() } },
    errors: [
      'booking_not_found',
      'ticket_not_found',
      'ticket_transferred',
      'ticket_void',
      'ticket_not_live',
      'too_many_requests',
    ],
    run,
  });
}

async function shownCode(
  deps: ShowDeps,
  { params, actor }: Asked<OfTicket>,
): Promise<string | Refusal> {
  const shown = await findShown(deps.db, params.ticketId, actor);
  return isRefusal(shown) ? shown : codeOf(deps.ticketKeys, shown.ticket);
}

async function findVisible(
  { db }: ShowDeps,
  { params, actor }: Asked<OfBooking>,
): Promise<Booking | Refusal> {
  return visible(await findBooking(db, params.bookingId), params.bookingId, actor);
}

async function print(
  deps: ShowDeps & { drawings: Drawings },
  { booking, tickets }: { booking: Booking; tickets: readonly Ticket[] },
): Answer {
  const pages = await pagesOf(deps, booking, tickets);
  if (isRefusal(pages)) return pages;
  const pdf = await deps.drawings.pdf(pages);
  return isRefusal(pdf) ? pdf : file(pdf, PDF, `tickets-${booking.id}.pdf`);
}

/** Nobody on the way keeps it: a ticket may be void or somebody else's the next moment. */
function file(body: string | Buffer, mediaType: string, name?: string): Reply {
  return reply(200, body, {
    'content-type': mediaType,
    'cache-control': 'private, no-store',
    ...(name !== undefined && { 'content-disposition': `attachment; filename="${name}"` }),
  });
}
