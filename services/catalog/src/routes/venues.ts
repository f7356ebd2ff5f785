import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { Remembered } from '../cache.ts';
import type { Venue } from '../event.ts';
import {
  changeVenue,
  createVenue,
  type VenueInput,
  type VenueStores,
} from '../operations/create-venue.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { venue, venueExample } from './examples/venues.ts';
import { keepVenue, keepVenues } from './keeping.ts';
import { PLAN_LIMIT } from './plans.ts';
import { cursor, limit, newVenue, text, venueEdit, venueParams } from './schemas.ts';
import { type VenueView, viewVenue } from './views.ts';

export function venueRoutes(deps: VenueStores & { remembered: Remembered<VenueView> }): Route[] {
  const answer = (one: Venue, status: number) =>
    reply(status, { venue: viewVenue(one) }, { location: `/api/venues/${one._id}` });

  return [
    route<{ body: Partial<VenueInput> & Pick<VenueInput, 'name' | 'timeZone' | 'plan'> }>({
      method: 'post',
      path: '/api/venues',
      id: 'createVenue',
      summary: 'Create a venue with its seat plan',
      tag: 'venues',
      access: ['organizer', 'admin'],
      body: newVenue,
      bodyLimit: PLAN_LIMIT,
      responses: { 201: venue },
      errors: ['plan_invalid', 'idempotency_key_reused'],
      async run({ body, actor, origin, idempotencyKey }) {
        const created = await createVenue(deps, {
          input: { address: '', city: '', country: '', amenities: [], rules: [], ...body },
          owner: actor,
          idempotencyKey,
          origin,
        });
        return isRefusal(created) ? created : answer(created, 201);
      },
    }),
    route<{ query: { city?: string; cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/venues',
      id: 'listVenues',
      shared: true,
      summary: 'Venues by name',
      tag: 'venues',
      access: 'anyone',
      query: Joi.object({ city: text(120), cursor: cursor(), limit: limit(100, 50) }),
      responses: {
        200: {
          description: 'A page of venues; `next` leads to the one after',
          example: { venues: [venueExample], next: null },
        },
      },
      async run({ query }) {
        const place = readCursor(query.cursor, 2);
        if (isRefusal(place)) return place;
        const [name, id] = place ?? [];
        const found = await deps.venues.list({
          ...(query.city !== undefined && { city: query.city }),
          ...(name !== undefined && id !== undefined && { after: { name, id } }),
          limit: query.limit,
        });
        const last = found.length === query.limit ? found.at(-1) : undefined;
        const page = {
          venues: found.map(viewVenue),
          next: last ? writeCursor([last.name, last._id]) : null,
        };
        return reply(200, page, undefined, keepVenues);
      },
    }),
    route<{ params: { venueId: string } }>({
      method: 'get',
      path: '/api/venues/:venueId',
      id: 'getVenue',
      shared: true,
      summary: 'A venue',
      tag: 'venues',
      access: 'anyone',
      params: venueParams,
      responses: { 200: venue },
      errors: ['venue_not_found'],
      async run({ params }) {
        const found = await deps.remembered.read(params.venueId);
        if (!found) return refused('venue_not_found', `There is no venue ${params.venueId}.`);
        return reply(200, { venue: found }, undefined, keepVenue(found.venueId));
      },
    }),
    route<{
      params: { venueId: string };
      body: Partial<VenueInput> & { version?: number };
    }>({
      method: 'patch',
      path: '/api/venues/:venueId',
      id: 'changeVenue',
      summary:
        'Change a venue or its plan; events to come follow its name and place, and keep their seats',
      tag: 'venues',
      access: ['organizer', 'admin'],
      params: venueParams,
      body: venueEdit,
      bodyLimit: PLAN_LIMIT,
      responses: { 200: venue },
      errors: ['venue_not_found', 'plan_invalid', 'version_conflict', 'venue_in_use', 'forbidden'],
      async run({ params, body, actor, origin }) {
        const changed = await changeVenue(deps, {
          venueId: params.venueId,
          input: body,
          actor,
          origin,
        });
        if (isRefusal(changed)) return changed;
        return answer(changed, 200);
      },
    }),
  ];
}
