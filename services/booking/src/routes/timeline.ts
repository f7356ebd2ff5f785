import { currency, id, instant, minor, seatId } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { findBooking } from '../stores/bookings.ts';
import { readTimeline } from '../stores/timeline.ts';
import { cursorOf, INNER_ACTIONS, readCursor, tellInFull, tellPlainly } from '../timeline.ts';
import { visible } from './visible.ts';

const text = () => Joi.string().allow(null);

/** `by` is for the buyer, the fields after it for an admin. */
const entrySchema = Joi.object({
  at: instant().required(),
  action: Joi.string().required().description('`<what it happened to>.<what happened>`'),
  seatId: seatId().allow(null).required(),
  amountMinor: minor().allow(null).required(),
  currency: currency().allow(null).required(),
  reason: text().required(),
  by: Joi.string().valid('you', 'somebody_else', 'holdfast'),
  source: Joi.string().valid('audit', 'provider', 'outbox'),
  subject: Joi.string(),
  subjectId: id(),
  before: text().description('Status before'),
  after: text().description('Status after'),
  actor: Joi.string(),
  requestId: text(),
  correlationId: text(),
  details: Joi.object(),
});

export function timelineRoutes(use: () => { db: Database }): Route[] {
  return [
    route<{ params: { bookingId: string }; query: { cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/bookings/:bookingId/timeline',
      id: 'getBookingTimeline',
      tag: 'bookings',
      summary: 'All that became of a booking, oldest first; for an admin with who, why and how',
      access: 'login',
      params: Joi.object({ bookingId: id().lowercase().required() }),
      query: Joi.object({
        cursor: Joi.string().max(200).description('`next` of the page before'),
        limit: Joi.number().integer().min(1).max(500).default(100),
      }),
      responses: {
        200: {
          description: 'A page of entries; `next` leads to the one after',
          schema: Joi.object({
            entries: Joi.array().items(entrySchema).required(),
            next: Joi.string().allow(null).required(),
          }),
          example: {
            entries: [
              {
                at: '2027-01-08T10:00:00.412345Z',
                action: 'booking.confirmed',
                seatId: null,
                amountMinor: 4_800,
                currency: 'EUR',
                reason: null,
                by: 'holdfast',
              },
            ],
            next: null,
          },
        },
      },
      errors: ['booking_not_found'],
      async run({ params: { bookingId }, query: { cursor, limit }, actor }) {
        const { db } = use();
        const booking = visible(await findBooking(db, bookingId), bookingId, actor);
        if (isRefusal(booking)) return booking;
        const after = cursor === undefined ? undefined : readCursor(cursor);
        if (cursor !== undefined && after === undefined) {
          return refused('invalid_request', `The cursor ${cursor} is not one: give \`next\`.`);
        }
        const inFull = actor.roles.includes('admin');
        const found = await readTimeline(db, bookingId, {
          after,
          limit: limit + 1,
          ...(!inFull && { withoutActions: INNER_ACTIONS }),
        });
        const page = found.slice(0, limit);
        const last = found.length > limit ? page.at(-1) : undefined;
        return reply(200, {
          entries: page.map((one) => (inFull ? tellInFull(one) : tellPlainly(one, actor.userId))),
          next: last ? cursorOf(last) : null,
        });
      },
    }),
  ];
}
