import { currency, id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { type EventRevenue, revenueByEvent } from '../stores/reports.ts';

const count = () => Joi.number().integer().min(0).required();
const exampleRow: EventRevenue = {
  eventId: '0198c9d5-1111-7000-8000-3a5b7c9d1e2f',
  event: 'Beethoven: the late quartets',
  venue: 'Kammersaal am Fluss',
  city: 'Wien',
  startsAt: '2027-03-14T18:30:00.000Z',
  currency: 'EUR',
  bookings: 83,
  liveTickets: 190,
  grossMinor: 921_600,
  refundedMinor: 9_600,
  netMinor: 912_000,
  revenueRank: 1,
  organizerMinor: 860_000,
  feesMinor: 42_000,
  taxesMinor: 10_000,
};

/** The analysts' views over HTTP; docs/reports/ tells of them as SQL. */
export function reportRoutes(use: () => { db: Database }): Route[] {
  const revenue = route<{ query: { currency?: string; limit: number } }>({
    method: 'get',
    path: '/api/admin/reports/revenue-by-event',
    id: 'reportRevenueByEvent',
    tag: 'reports',
    summary: 'Money taken for each event, ranked within its currency',
    access: ['analyst', 'admin'],
    query: Joi.object({
      currency: currency(),
      limit: Joi.number().integer().min(1).max(1_000).default(100),
    }),
    responses: {
      200: {
        description: 'One row an event and currency, by rank',
        schema: Joi.object({
          rows: Joi.array()
            .items(
              Joi.object({
                eventId: id().required(),
                event: Joi.string().allow('').required(),
                venue: Joi.string().allow('').required(),
                city: Joi.string().allow('', null).required(),
                startsAt: instant().required(),
                currency: currency().required(),
                bookings: count(),
                liveTickets: count(),
                grossMinor: minor().required(),
                refundedMinor: minor().required(),
                netMinor: minor().required(),
                revenueRank: count(),
                organizerMinor: minor().required(),
                feesMinor: minor().required(),
                taxesMinor: minor().required(),
              }),
            )
            .required(),
        }),
        example: { rows: [exampleRow] },
      },
    },
    run: async ({ query }) => reply(200, { rows: await revenueByEvent(use().db, query) }),
  });
  return [revenue];
}
