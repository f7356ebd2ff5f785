import { currency, id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { refuseStranger } from '../operations/ownership.ts';
import type { SeatCounts } from '../search/listing.ts';
import type { Events } from '../stores/events.ts';
import { RECENT_MINUTES, type SalesStore } from '../stores/sales.ts';
import { eventParams } from './schemas.ts';

const count = () => Joi.number().integer().min(0).required();

const statsView = Joi.object({
  eventId: id().required(),
  asOf: instant().required(),
  currency: currency().required(),
  seatCount: count(),
  left: count(),
  held: count(),
  sold: count().description('Sold, or being paid'),
  byCategory: Joi.array()
    .items(
      Joi.object({
        category: Joi.string().required(),
        left: count(),
        held: count(),
        sold: count(),
      }),
    )
    .required(),
  orders: count().description('Confirmed and not returned'),
  revenueMinor: minor().required().description('Of these orders, at the prices they were made at'),
  perMinute: Joi.object({ seats: Joi.number().required(), revenueMinor: Joi.number().required() })
    .required()
    .description(`What was confirmed a minute, over the last ${RECENT_MINUTES}`),
});

const example = {
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  asOf: '2026-12-01T09:04:11.000Z',
  currency: 'EUR',
  seatCount: 248,
  left: 17,
  held: 21,
  sold: 210,
  byCategory: [{ category: 'Stalls', left: 17, held: 21, sold: 210 }],
  orders: 98,
  revenueMinor: 982_800,
  perMinute: { seats: 12.4, revenueMinor: 58_032 },
};

/** Live figures of an event, for those who run it. */
export function statsRoutes(deps: {
  events: Events;
  sales: SalesStore;
  countSeats: (eventId: string) => Promise<(SeatCounts & { asOf: Date }) | undefined>;
}): Route[] {
  return [
    route<{ params: { eventId: string } }>({
      method: 'get',
      path: '/api/events/:eventId/stats',
      id: 'getEventStats',
      summary: 'What an event has sold and how fast; for its organizer and admins',
      tag: 'events',
      access: ['organizer', 'admin'],
      params: eventParams,
      responses: { 200: { description: 'The figures', schema: statsView, example } },
      errors: ['event_not_found', 'forbidden'],
      async run({ params: { eventId }, actor }) {
        const event = await deps.events.find(eventId);
        if (event === undefined) return refused('event_not_found', `No event ${eventId}.`);
        const stranger = refuseStranger(event, actor);
        if (stranger) return stranger;
        const [counts, sales] = await Promise.all([
          deps.countSeats(eventId),
          deps.sales.of(eventId),
        ]);
        if (counts === undefined) return refused('event_not_found', `${eventId} has no seats yet.`);
        const { asOf, left, held, sold, byCategory } = counts;
        return reply(200, {
          eventId,
          asOf: asOf.toISOString(),
          currency: event.currency,
          seatCount: event.seatCount,
          ...{ left, held, sold, byCategory },
          orders: sales.orders,
          revenueMinor: sales.revenueMinor,
          perMinute: {
            seats: sales.recentSeats / RECENT_MINUTES,
            revenueMinor: sales.recentMinor / RECENT_MINUTES,
          },
        });
      },
    }),
  ];
}
