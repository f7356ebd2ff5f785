import { refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { SOCKET_PATH } from './sockets.ts';
import type { Tickets } from './tickets.ts';

/** Where a browser gets the ticket with which its socket proves whose it is. */
export function ticketRoute(tickets: Tickets, lifeSeconds: number): Route {
  return route({
    method: 'post',
    path: '/api/live/tickets',
    id: 'issueLiveTicket',
    tag: 'live',
    summary: 'A ticket for one WebSocket: connect to /api/live?ticket=...',
    access: 'login',
    responses: {
      201: {
        description: 'Good once, and for seconds',
        schema: Joi.object({
          ticket: Joi.string().required(),
          expiresInSeconds: Joi.number().integer().required(),
        }),
        example: {
          ticket: 'm5Ffqz0qRpu1yXG0bJd3mBq9u0c4o5mXk1m1cYvJr1E',
          expiresInSeconds: 30,
        },
      },
    },
    run: async ({ actor }) => {
      const ticket = await tickets.issue(actor.userId);
      const body = { ticket, expiresInSeconds: lifeSeconds };
      return reply(201, body, { 'cache-control': 'no-store' });
    },
  });
}

/** What the sockets' address says to a plain request; the sockets themselves never come here. */
export function socketRoute(): Route {
  return route({
    method: 'get',
    path: SOCKET_PATH,
    id: 'openLive',
    tag: 'live',
    summary: 'A WebSocket for changes of seats and of one’s own holds and bookings: docs/live.md',
    access: 'anyone',
    query: Joi.object({
      ticket: Joi.string()
        .max(128)
        .description('From POST /api/live/tickets; without it events only'),
    }),
    responses: { 101: { description: 'The socket is open' } },
    errors: ['upgrade_required', 'token_invalid', 'forbidden', 'too_many_requests'],
    run: async () =>
      refused('upgrade_required', 'Open a WebSocket here, or read /api/events/:eventId/live.'),
  });
}
