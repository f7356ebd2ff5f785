import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { changeVenue, type VenueStores } from '../operations/create-venue.ts';
import { writeSections } from '../plans/plan-sections.ts';
import { writePretix } from '../plans/pretix-note.ts';
import { planBodyExample, replannedVenueExample } from './examples/venues.ts';
import { plan, venueParams } from './schemas.ts';
import { viewVenue } from './views.ts';

/** Bodies with a seat plan: 100,000 seats of pretix's JSON are about 20 MB. */
export const PLAN_LIMIT = 32 * 1024 * 1024;
const FORMATS = ['seats', 'sections', 'pretix'] as const;

export function planRoutes(deps: VenueStores): Route[] {
  return [
    route<{
      params: { venueId: string };
      query: { format: (typeof FORMATS)[number]; version?: number };
    }>({
      method: 'get',
      path: '/api/venues/:venueId/plan',
      id: 'getPlan',
      summary: "A version of the venue's seat plan: its seats, our own form, or pretix's file",
      tag: 'venues',
      access: 'anyone',
      params: venueParams,
      query: Joi.object({
        format: Joi.string()
          .valid(...FORMATS)
          .default('seats')
          .description('`sections` and `pretix` can be imported again and give the same seats'),
        version: Joi.number().integer().min(1).description('The current one if not given'),
      }),
      responses: { 200: { description: 'The plan', example: EXAMPLE } },
      errors: ['venue_not_found', 'plan_not_found'],
      async run({ params, query }) {
        const venue = await deps.venues.find(params.venueId);
        if (!venue) return refused('venue_not_found', `There is no venue ${params.venueId}.`);
        const version = query.version ?? venue.planVersion;
        const found = await deps.plans.find(venue._id, version);
        if (!found) {
          return refused(
            'plan_not_found',
            `${venue.name} has no plan of version ${version}; its newest is ${venue.planVersion}.`,
          );
        }
        if (query.format === 'pretix') {
          return reply(200, writePretix(venue.name, found), {
            'content-type': 'application/json; charset=utf-8',
          });
        }
        if (query.format === 'sections') return reply(200, writeSections(found));
        const { planVersion, categories, sections, seats } = found;
        return reply(200, { venueId: venue._id, planVersion, categories, sections, seats });
      },
    }),
    route<{
      params: { venueId: string };
      body: { plan: Record<string, unknown>; version?: number };
    }>({
      method: 'put',
      path: '/api/venues/:venueId/plan',
      id: 'putPlan',
      summary: 'Give a venue another seat plan, as its next version; events keep theirs',
      tag: 'venues',
      access: ['organizer', 'admin'],
      params: venueParams,
      body: Joi.object({
        plan: plan().required(),
        version: Joi.number()
          .integer()
          .min(1)
          .description('The version of the venue that it is for'),
      }).example(planBodyExample),
      bodyLimit: PLAN_LIMIT,
      responses: {
        200: {
          description: 'The venue; `planVersion` is that of its plan',
          example: { venue: replannedVenueExample },
        },
      },
      errors: ['venue_not_found', 'plan_invalid', 'version_conflict', 'forbidden'],
      async run({ params, body, actor, origin }) {
        const venue = await changeVenue(deps, { ...params, input: body, actor, origin });
        return isRefusal(venue) ? venue : reply(200, { venue: viewVenue(venue) });
      },
    }),
  ];
}

const EXAMPLE = {
  venueId: '0198c9d4-0000-7000-8000-0000000000f1',
  planVersion: 2,
  categories: ['Stalls', 'Floor'],
  sections: [
    { name: 'Stalls', kind: 'seated', seats: 1, rows: [{ name: 'A', seats: 1 }] },
    { name: 'Floor', kind: 'standing', seats: 1, rows: [] },
  ],
  seats: [
    {
      seatId: 'Stalls-A-1',
      label: 'Stalls, row A, seat 1',
      section: 'Stalls',
      row: 'A',
      number: '1',
      order: 0,
      position: { x: 12, y: 40 },
      category: 'Stalls',
      flags: ['aisle'],
    },
    {
      seatId: 'Floor-1',
      label: 'Floor, place 1',
      section: 'Floor',
      row: '',
      number: '1',
      order: 1,
      category: 'Floor',
      flags: [],
    },
  ],
};
