import { currency, id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { revenueByEvent } from '../stores/reports.ts';

const count = () => Joi.number().integer().min(0).required();

/** The analysts' views over HTTP; docs/reports.md tells of them as SQL. */
export function reportRoutes({ db }: { db: Database }): Route[] {
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
              }),
            )
            .required(),
        }),
      },
    },
    run: async ({ query }) => reply(200, { rows: await revenueByEvent(db, query) }),
  });
  return [revenue];
}
