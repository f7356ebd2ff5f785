import { id, instant } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { findEvent } from '../stores/events.ts';
import { countCheckIns } from '../stores/passages.ts';
import { listRevoked, type RevokedCursor } from '../stores/revoked-tickets.ts';

type Use = () => { db: Database };
type ById = { eventId: string };

const byEvent = Joi.object<ById>({ eventId: id().lowercase().required() });
const count = () => Joi.number().integer().min(0).required();

/** What the people at the gates have to know of an event. */
export function gateRoutes(use: Use): Route[] {
  return [counts(use), revoked(use)];
}

function counts(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/check-in/events/:eventId',
    id: 'countCheckIns',
    tag: 'check-in',
    summary: 'How many have come to an event, in all and by gate',
    access: ['scanner', 'organizer', 'admin'],
    params: byEvent,
    responses: {
      200: {
        description: 'Live tickets, those used, those inside now, and passages by gate',
        schema: Joi.object({
          live: count(),
          entered: count(),
          inside: count(),
          gates: Joi.array()
            .items(Joi.object({ gate: Joi.string().required(), entries: count(), exits: count() }))
            .required(),
        }),
        example: {
          live: 190,
          entered: 131,
          inside: 128,
          gates: [{ gate: 'North 2', entries: 131, exits: 3 }],
        },
      },
    },
    async run({ params: { eventId }, actor }) {
      const { db } = use();
      const seesAll = actor.roles.some((role) => role === 'scanner' || role === 'admin');
      if (!seesAll && (await findEvent(db, eventId))?.ownerId !== actor.userId) {
        return refused(
          'forbidden',
          'Only the organizer of the event, scanners and admins see this.',
        );
      }
      return reply(200, await countCheckIns(db, eventId));
    },
  });
}

function revoked(use: Use): Route {
  return route<{ params: ById; query: { since?: string; limit: number } }>({
    method: 'get',
    path: '/api/check-in/events/:eventId/revoked-tickets',
    id: 'listRevokedTickets',
    tag: 'check-in',
    summary: 'Tickets whose codes let nobody in any more, for scanners without a connection',
    access: ['scanner', 'admin'],
    params: byEvent,
    query: Joi.object({
      since: Joi.string().max(300).description('`next` of the answer before'),
      limit: Joi.number().integer().min(1).max(5_000).default(1_000),
    }),
    responses: {
      200: {
        description:
          'Oldest first; some may come again. Ask on with `next`: at once while there is `more`',
        schema: Joi.object({
          tickets: Joi.array()
            .items(
              Joi.object({
                ticketId: id().required(),
                validFromEpoch: Joi.number()
                  .integer()
                  .min(1)
                  .allow(null)
                  .required()
                  .description('The first epoch whose code is good; null when none is'),
                revokedAt: instant().required(),
              }),
            )
            .required(),
          next: Joi.string().required(),
          more: Joi.boolean().required(),
        }),
        example: {
          tickets: [
            {
              ticketId: '0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71',
              validFromEpoch: 2,
              revokedAt: '2027-03-10T09:15:00.000Z',
            },
          ],
          next: 'WyIyMDI3LTAzLTE0IDE3OjAwOjAwKzAwIl0',
          more: false,
        },
      },
    },
    async run({ params: { eventId }, query: { since, limit } }) {
      const cursor = readCursor(since);
      if (isRefusal(cursor)) return cursor;
      const { db } = use();
      const { tickets, next, more } = await listRevoked(db, { eventId, since: cursor, limit });
      return reply(200, { tickets, next: writeCursor(next), more });
    },
  });
}

function writeCursor({ at, ticketId, floor }: RevokedCursor): string {
  return Buffer.from(JSON.stringify([at, ticketId, floor])).toString('base64url');
}

const cursorParts = Joi.array()
  .ordered(instant().required(), id().required(), instant().allow(null).required())
  .required();

function readCursor(cursor: string | undefined): RevokedCursor | undefined | Refusal {
  if (cursor === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const { value, error } = cursorParts.validate(parts, { convert: false });
    const [at, ticketId, floor] = error ? [] : value;
    if (at) return { at, ticketId, floor };
  } catch {
    // Not written here: refused below.
  }
  return refused('invalid_request', 'Send as `since` what an answer of this list had as `next`.');
}
