import { id } from '@holdfast/shared/contracts/fields.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { type HeldTicket, listHeldTickets } from '../stores/held-tickets.ts';
import {
  exampleOccasion,
  exampleSeat,
  exampleTicketId,
  occasionFields,
  seatFields,
} from './presenters.ts';

const heldTicketSchema = Joi.object({
  ticketId: id().required(),
  bookingId: id().required(),
  ...occasionFields,
  ...seatFields,
  wasTransferred: Joi.boolean().required().description('Whether it came from somebody else'),
});

const example = {
  ticketId: exampleTicketId,
  ...exampleOccasion,
  ...exampleSeat,
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
