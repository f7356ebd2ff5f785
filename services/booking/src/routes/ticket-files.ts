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
import type { Drawings } from '../tickets/drawings.ts';
import { visible } from './visible.ts';

type Use = () => ShowDeps & { drawings: Drawings };
type OfTicket = { ticketId: string };
type OfBooking = { bookingId: string };
type Asked<P> = RouteRequest<undefined, Record<string, never>, P>;
type Answer = Promise<Reply | Refusal>;

const byTicket = Joi.object<OfTicket>({ ticketId: id().lowercase().required() });
const byBooking = Joi.object<OfBooking>({ bookingId: id().lowercase().required() });
const TICKET_ERRORS = [
  'ticket_not_found',
  'ticket_transferred',
  'ticket_void',
  'ticket_not_live',
] as const;

/** Tickets as images and files. */
export function ticketFileRoutes(use: Use): Route[] {
  return [
    ofTicket('qr.svg', 'image/svg+xml', 'The QR of a ticket as SVG', async (asked) => {
      const code = await shownCode(use(), asked);
      if (isRefusal(code)) return code;
      const svg = await QRCode.toString(code, { type: 'svg', errorCorrectionLevel: 'M' });
      return file(svg, 'image/svg+xml');
    }),
    ofTicket('qr.png', 'image/png', 'The QR of a ticket as PNG', async (asked) => {
      const code = await shownCode(use(), asked);
      if (isRefusal(code)) return code;
      const png = await use().drawings.png(code, asked.signal);
      return isRefusal(png) ? png : file(png, 'image/png');
    }),
    ofTicket('ticket.pdf', 'application/pdf', 'A ticket to print', async (asked) => {
      const { ticketId } = asked.params;
      const shown = await findShown(use().db, ticketId, asked.actor);
      if (isRefusal(shown)) return shown;
      const pages = await pagesOf(use(), shown.booking, [shown.ticket]);
      return isRefusal(pages) ? pages : print(use(), pages, `ticket-${ticketId}`, asked.signal);
    }),
    ofBooking(
      'tickets.pdf',
      'application/pdf',
      'The live tickets of a booking to print, but those passed on; a page each',
      async (asked) => {
        const booking = await findVisible(use(), asked);
        if (isRefusal(booking)) return booking;
        const tickets = await findShowable(use().db, booking);
        if (isRefusal(tickets)) return tickets;
        const pages = await pagesOf(use(), booking, tickets);
        return isRefusal(pages)
          ? pages
          : print(use(), pages, `tickets-${booking.id}`, asked.signal);
      },
    ),
    ofBooking(
      'calendar.ics',
      'text/calendar; charset=utf-8',
      'A booking for calendars',
      async (asked) => {
        const booking = await findVisible(use(), asked);
        if (isRefusal(booking)) return booking;
        const name = `booking-${booking.id}.ics`;
        return file(await calendarOf(use().db, booking), 'text/calendar; charset=utf-8', name);
      },
    ),
  ];
}

function ofTicket(
  name: string,
  mediaType: string,
  summary: string,
  run: (asked: Asked<OfTicket>) => Answer,
): Route {
  return route<{ params: OfTicket }>({
    method: 'get',
    path: `/api/tickets/:ticketId/${name}`,
    id: `getTicket${idOf(name)}`,
    tag: 'tickets',
    summary,
    access: 'login',
    params: byTicket,
    responses: { 200: { description: 'The file', mediaType, schema: Joi.string() } },
    errors: [...TICKET_ERRORS, 'too_many_requests'],
    run,
  });
}

function ofBooking(
  name: string,
  mediaType: string,
  summary: string,
  run: (asked: Asked<OfBooking>) => Answer,
): Route {
  return route<{ params: OfBooking }>({
    method: 'get',
    path: `/api/bookings/:bookingId/${name}`,
    id: `getBooking${idOf(name)}`,
    tag: 'tickets',
    summary,
    access: 'login',
    params: byBooking,
    responses: { 200: { description: 'The file', mediaType, schema: Joi.string() } },
    errors: ['booking_not_found', ...TICKET_ERRORS, 'too_many_requests'],
    run,
  });
}

/** `QrSvg` of `qr.svg`. */
function idOf(name: string): string {
  return name
    .split('.')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
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
  { drawings }: { drawings: Drawings },
  pages: Parameters<Drawings['pdf']>[0],
  name: string,
  signal: AbortSignal,
): Answer {
  const pdf = await drawings.pdf(pages, signal);
  return isRefusal(pdf) ? pdf : file(pdf, 'application/pdf', `${name}.pdf`);
}

/** Nobody on the way keeps it: a ticket may be void or somebody else's the next moment. */
function file(body: string | Buffer, mediaType: string, name?: string): Reply {
  return reply(200, body, {
    'content-type': mediaType,
    'cache-control': 'private, no-store',
    ...(name !== undefined && { 'content-disposition': `attachment; filename="${name}"` }),
  });
}
