import { id, instant, seatId } from '@holdfast/shared/contracts/fields.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { type HeldTicket, listHeldTickets } from '../stores/held-tickets.ts';

const text = () => Joi.string().allow('').required();

const heldTicketSchema = Joi.object({
  ticketId: id().required(),
  bookingId: id().required(),
  eventId: id().required(),
  eventName: text(),
  venueName: text(),
  startsAt: instant().required(),
  timeZone: text(),
  seatId: seatId().required(),
  label: text(),
  section: text(),
  row: text(),
  number: text(),
  category: text(),
  ticketType: Joi.object({ id: text(), name: text() }),
  wasTransferred: Joi.boolean().required().description('Whether it came from somebody else'),
});

const example = {
  ticketId: '0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71',
  bookingId: '0198c9d5-6a02-7f3e-8b10-2c4d5e6f7081',
  eventId: '0198c9d5-1111-7000-8000-3a5b7c9d1e2f',
  eventName: 'Beethoven: the late quartets',
  venueName: 'Kammersaal am Fluss',
  startsAt: '2027-03-14T18:30:00.000Z',
  timeZone: 'Europe/Vienna',
  seatId: 'STALLS-C-14',
  label: 'Stalls, row C, seat 14',
  section: 'Stalls',
  row: 'C',
  number: '14',
  category: 'Stalls',
  wasTransferred: false,
};

export function heldTicketRoutes(use: () => { db: Database }): Route[] {
  return [
    route<{ query: { cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/tickets',
      id: 'listHeldTickets',
      tag: 'tickets',
      summary: 'The live tickets that this account holds: bought, or accepted from somebody else',
      access: 'login',
      query: Joi.object({
        cursor: id().description('`next` of the page before'),
        limit: Joi.number().integer().min(1).max(100).default(20),
      }),
      responses: {
        200: {
          description: 'A page, the latest sold first; `next` leads to the one after',
          schema: Joi.object({
            tickets: Joi.array().items(heldTicketSchema).required(),
            next: id().allow(null).required(),
          }),
          example: { tickets: [example], next: null },
        },
      },
      async run({ query: { cursor, limit }, actor }) {
        const found = await listHeldTickets(use().db, {
          holderId: actor.userId,
          limit: limit + 1,
          ...(cursor && { before: cursor }),
        });
        const page = found.slice(0, limit);
        return reply(200, {
          tickets: page.map(presentHeld),
          next: found.length > limit ? (page.at(-1)?.ticketId ?? null) : null,
        });
      },
    }),
  ];
}

function presentHeld({ startsAt, ticketType, ...ticket }: HeldTicket) {
  return { ...ticket, startsAt: startsAt.toISOString(), ...(ticketType && { ticketType }) };
}
