import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { EventStores } from '../operations/create-event.ts';
import { createSeries, type SeriesInput } from '../operations/create-series.ts';
import { STEPS } from '../recurrence.ts';
import type { Series, SeriesStore } from '../stores/series.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { EMPTY_EVENT, type EventBody } from './events.ts';
import { newSeriesExample } from './examples/events.ts';
import { cursor, limit, newSeriesEvent } from './schemas.ts';

const MOST_EVENTS = 100;
const LONGEST_MINUTES = 7 * 24 * 60;

const newSeries = Joi.object({
  recurrence: Joi.object({
    firstLocal: Joi.string()
      .pattern(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/)
      .required()
      .description("The first start by the clock on the venue's wall")
      .example('2027-03-14T19:30'),
    every: Joi.number().integer().min(1).max(52).required(),
    step: Joi.string()
      .valid(...STEPS)
      .required(),
    count: Joi.number().integer().min(1).max(MOST_EVENTS).required(),
  }).required(),
  durationMinutes: Joi.number().integer().min(1).max(LONGEST_MINUTES),
  event: newSeriesEvent.required(),
}).example(newSeriesExample);
const params = Joi.object({ seriesId: id().required() });

const EXAMPLE = {
  seriesId: '0198c9d4-0000-7000-8000-0000000000b1',
  name: newSeriesExample.event.name,
  venueId: newSeriesExample.event.venueId,
  timeZone: 'Europe/Vienna',
  recurrence: newSeriesExample.recurrence,
  eventIds: ['0198c9d4-0000-7000-8000-000000000001', '0198c9d4-0000-7000-8000-000000000002'],
};

function viewSeries({ _id, name, venueId, timeZone, recurrence, eventIds }: Series) {
  return { seriesId: _id, name, venueId, timeZone, recurrence, eventIds };
}

export function seriesRoutes(stores: EventStores & { series: SeriesStore }): Route[] {
  return [
    route<{ body: Omit<SeriesInput, 'event'> & { event: Omit<EventBody, 'startsAt'> } }>({
      method: 'post',
      path: '/api/series',
      id: 'createSeries',
      summary: 'Create events that come again; answers when all are there, a repeat goes on',
      tag: 'series',
      access: ['organizer', 'admin'],
      body: newSeries,
      responses: { 201: { description: 'The series', example: { series: EXAMPLE } } },
      errors: ['venue_not_found', 'prices_incomplete', 'idempotency_key_reused', 'forbidden'],
      async run({ body, actor, idempotencyKey, origin }) {
        const input = { ...body, event: { ...EMPTY_EVENT, ...body.event } };
        const created = await createSeries(stores, {
          input,
          owner: actor,
          idempotencyKey,
          origin,
        });
        if (isRefusal(created)) return created;
        const location = `/api/series/${created._id}`;
        return reply(201, { series: viewSeries(created) }, { location });
      },
    }),
    route<{ query: { cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/series',
      id: 'listSeries',
      summary: 'Series by name',
      tag: 'series',
      access: 'anyone',
      query: Joi.object({ cursor: cursor(), limit: limit(100, 50) }),
      responses: {
        200: { description: 'A page of series', example: { series: [EXAMPLE], next: null } },
      },
      async run({ query }) {
        const place = readCursor(query.cursor, 2);
        if (isRefusal(place)) return place;
        const after = place && { name: place[0] ?? '', id: place[1] ?? '' };
        const found = await stores.series.list(after, query.limit);
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return reply(200, {
          series: found.map(viewSeries),
          next: last ? writeCursor([last.name, last._id]) : null,
        });
      },
    }),
    route<{ params: { seriesId: string } }>({
      method: 'get',
      path: '/api/series/:seriesId',
      id: 'getSeries',
      summary: 'A series with the ids of its events',
      tag: 'series',
      access: 'anyone',
      params,
      responses: { 200: { description: 'The series', example: { series: EXAMPLE } } },
      errors: ['series_not_found'],
      async run({ params: { seriesId } }) {
        const found = await stores.series.find(seriesId);
        if (!found) return refused('series_not_found', `There is no series ${seriesId}.`);
        return reply(200, { series: viewSeries(found) });
      },
    }),
  ];
}
