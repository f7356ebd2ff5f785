import { id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import {
  codeOf,
  findShown,
  type ShowDeps,
  type ShownTicket,
  seatOf,
  wasPassedOn,
} from '../operations/show-tickets.ts';
import type { Drawings } from '../tickets/drawings.ts';
import { exampleTicketAnswer, presentTicket, ticketSchema } from './presenters.ts';
import { ticketFileRoutes } from './ticket-files.ts';
import { ticketKeyRoutes } from './ticket-keys.ts';

type Use = () => ShowDeps & { drawings: Drawings };
type ById = { ticketId: string };

const byId = Joi.object<ById>({ ticketId: id().lowercase().required() });

/** Tickets for who may show them, as files too, and the keys that their codes verify by. */
export function ticketRoutes(use: Use): Route[] {
  return [...ticketKeyRoutes(use), show(use), ...ticketFileRoutes(use)];
}

function show(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/tickets/:ticketId',
    id: 'getTicket',
    tag: 'tickets',
    summary: 'A ticket for its holder, with what its QR says',
    access: 'login',
    params: byId,
    responses: {
      200: {
        description: 'The ticket; `payload` is null unless it is live',
        schema: Joi.object({
          ticket: ticketSchema
            .keys({
              priceMinor: minor().description('For its buyer; not for whom it was passed on to'),
              holderId: id().required(),
              epoch: Joi.number().integer().min(1).required(),
              firstEnteredAt: instant().allow(null).required(),
              isInside: Joi.boolean().required(),
              payload: Joi.string()
                .allow(null)
                .required()
                .description('What the QR says; docs/tickets.md tells how to read it'),
            })
            .required(),
        }),
        example: {
          ticket: {
            ...exampleTicketAnswer,
            holderId: '0198c9d4-0c3d-7b22-9f83-1a2b3c4d5e6f',
            epoch: 1,
            firstEnteredAt: null,
            isInside: false,
            payload: 'HF1:...',
          },
        },
      },
    },
    errors: ['ticket_not_found', 'ticket_transferred'],
    async run({ params: { ticketId }, actor }) {
      const { db, ticketKeys } = use();
      const shown = await findShown(db, ticketId, actor);
      if (isRefusal(shown)) return shown;
      return reply(200, { ticket: present(shown, await codeOf(ticketKeys, shown.ticket)) });
    },
  });
}

function present({ ticket, booking }: ShownTicket, code: string | Refusal) {
  const { holderId, epoch, firstEnteredAt, isInside } = ticket;
  return {
    ...presentTicket(booking, seatOf(booking, ticket)),
    ...(wasPassedOn(booking, ticket) && { priceMinor: undefined }),
    ...{ holderId, epoch, isInside },
    firstEnteredAt: firstEnteredAt?.toISOString() ?? null,
    payload: isRefusal(code) ? null : code,
  };
}
