import { SEAT_STATUSES, type SeatStatus } from '@holdfast/shared/contracts/holds.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { countSeats } from '../seat-map/board.ts';
import type { Boards } from '../seat-map/boards.ts';
import { createShare } from '../stores/gather.ts';
import type { SeatViews } from '../stores/seat-views.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { availabilityExample, seatExample, seatsExample } from './examples/seats.ts';
import { cursor, eventParams, seatParams, seatView, text } from './schemas.ts';
import type { SeeEvent } from './visible-events.ts';

const MOST_SEATS_A_PAGE = 5_000;

export function seatRoutes(deps: {
  seats: SeatViews;
  boards: Boards;
  seeEvent: SeeEvent;
}): Route[] {
  /** Many look at one event at once: equal lists are read and written out once for all of them. */
  const shared = createShare<Buffer>();
  const noEvent = (eventId: string) => refused('event_not_found', `There is no event ${eventId}.`);

  return [
    route<{
      params: { eventId: string };
      query: { status?: SeatStatus; section?: string; cursor?: string; limit?: number };
    }>({
      method: 'get',
      path: '/api/events/:eventId/seats',
      id: 'listSeats',
      summary: "Seats of an event in the plan's order, with live status; all of them without limit",
      tag: 'seats',
      access: 'anyone',
      params: eventParams,
      query: Joi.object({
        status: Joi.string().valid(...SEAT_STATUSES),
        section: text(120),
        cursor: cursor(),
        limit: Joi.number().integer().min(1).max(MOST_SEATS_A_PAGE),
      }),
      responses: {
        200: {
          description: 'The seats; `next` leads to the page after',
          schema: Joi.object({
            seats: Joi.array().items(seatView).required(),
            next: Joi.string().allow(null).required(),
          }),
          example: seatsExample,
        },
      },
      errors: ['event_not_found'],
      owned: true,
      async run({ params, query, actor }) {
        const place = readCursor(query.cursor, 1);
        if (isRefusal(place)) return place;
        const afterOrder = place === undefined ? -1 : Number(place[0]);
        if (!Number.isInteger(afterOrder)) {
          return refused('invalid_request', 'The cursor is not one of a page of this list.');
        }
        if (!(await deps.seeEvent(params.eventId, actor))) return noEvent(params.eventId);
        const bytes = await shared(JSON.stringify([params.eventId, query]), async () => {
          const seats = await deps.seats.list(params.eventId, {
            ...(query.status !== undefined && { status: query.status }),
            ...(query.section !== undefined && { section: query.section }),
            afterOrder,
            limit: query.limit ?? 0,
          });
          const last = seats.length === query.limit ? seats.at(-1) : undefined;
          const next = last ? writeCursor([String(last.order)]) : null;
          return Buffer.from(JSON.stringify({ seats, next }));
        });
        return reply(200, bytes, { 'content-type': 'application/json; charset=utf-8' });
      },
    }),
    route<{ params: { eventId: string; seatId: string } }>({
      method: 'get',
      path: '/api/events/:eventId/seats/:seatId',
      id: 'getSeat',
      summary: 'One seat with its live status',
      tag: 'seats',
      access: 'anyone',
      params: seatParams,
      responses: {
        200: {
          description: 'The seat',
          schema: Joi.object({ seat: seatView }),
          example: seatExample,
        },
      },
      errors: ['event_not_found', 'seat_not_found'],
      owned: true,
      async run({ params, actor }) {
        if (!(await deps.seeEvent(params.eventId, actor))) return noEvent(params.eventId);
        const seat = await deps.seats.find(params.eventId, params.seatId);
        if (!seat) return refused('seat_not_found', `The event has no seat ${params.seatId}.`);
        return reply(200, { seat });
      },
    }),
    route<{ params: { eventId: string } }>({
      method: 'get',
      path: '/api/events/:eventId/availability',
      id: 'getAvailability',
      summary: 'How many seats are free, held and sold, by category',
      tag: 'seats',
      access: 'anyone',
      params: eventParams,
      responses: {
        200: { description: 'Counts by category and live status', example: availabilityExample },
      },
      errors: ['event_not_found'],
      owned: true,
      async run({ params, actor }) {
        const event = (await deps.seeEvent(params.eventId, actor))?.view;
        if (!event) return noEvent(params.eventId);
        const board = await deps.boards.get(params.eventId);
        if (!board) return noEvent(params.eventId);
        const nowMs = deps.boards.nowMs();
        const byCategory = countSeats(board, nowMs, (face) => face.category);
        return reply(200, {
          eventId: params.eventId,
          seatCount: event.seatCount,
          totals: sumCounts([...byCategory.values()]),
          categories: event.prices.map(({ category, priceMinor }) => ({
            category,
            priceMinor,
            ...sumCounts([byCategory.get(category) ?? {}]),
          })),
        });
      },
    }),
  ];
}

/** Counts of several groups together, every status named. */
function sumCounts(groups: readonly Partial<Record<SeatStatus, number>>[]) {
  return Object.fromEntries(
    SEAT_STATUSES.map((status) => [
      status,
      groups.reduce((sum, counts) => sum + (counts[status] ?? 0), 0),
    ]),
  );
}
