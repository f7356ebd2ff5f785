import { systemClock } from '@holdfast/shared/clock.ts';
import { id, zonedInstant } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { Remembered } from '../cache.ts';
import type { Caps, Event } from '../event.ts';
import { languageOf } from '../languages.ts';
import { changeEvent, type EventEdit } from '../operations/change-event.ts';
import { createEvent, type EventInput, type EventStores } from '../operations/create-event.ts';
import type { EventFilter } from '../stores/events.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { event, eventExample } from './examples/events.ts';
import { keepEvent, keepEvents } from './keeping.ts';
import {
  cursor,
  eventEdit,
  eventParams,
  limit,
  newEvent,
  refuseInverted,
  text,
} from './schemas.ts';
import { type EventView, showEvent, viewEvent } from './views.ts';

type EventQuery = {
  category?: string;
  city?: string;
  tag?: string;
  venueId?: string;
  q?: string;
  from?: string;
  to?: string;
  cursor?: string;
  limit: number;
};

const OWN_EVENTS = 500;
/** What an event has where its request names nothing. */
export const EMPTY_EVENT = {
  description: '',
  artists: [],
  tags: [],
  metadata: {},
  status: 'draft',
} satisfies Partial<EventInput>;

export type EventBody = Omit<EventInput, keyof typeof EMPTY_EVENT> & Partial<EventInput>;

export function eventRoutes(
  stores: EventStores,
  remembered: Remembered<EventView>,
  /** Seats left of an event, as far as they were counted. */
  leftOf: (eventId: string) => Promise<number | undefined>,
): Route[] {
  const answer = (one: Event, status: number) =>
    reply(status, { event: viewNow(one, stores.limits) }, { location: `/api/events/${one._id}` });

  return [
    route<{ body: EventBody }>({
      method: 'post',
      path: '/api/events',
      id: 'createEvent',
      summary: "Create an event with a seat for each of its venue's; answers when all are there",
      tag: 'events',
      access: ['organizer', 'admin'],
      body: newEvent,
      responses: { 201: event },
      errors: [
        'venue_not_found',
        'artist_not_found',
        'prices_incomplete',
        'idempotency_key_reused',
        'forbidden',
      ],
      async run({ body, actor, origin, idempotencyKey }) {
        const input = { ...EMPTY_EVENT, ...body };
        const created = await createEvent(stores, { input, owner: actor, idempotencyKey, origin });
        return isRefusal(created) ? created : answer(created, 201);
      },
    }),
    route<{ query: EventQuery }>({
      method: 'get',
      path: '/api/events',
      id: 'listEvents',
      shared: true,
      summary: 'Published events, soonest first',
      tag: 'events',
      access: 'anyone',
      query: Joi.object({
        category: text(60),
        city: text(120),
        tag: text(60),
        venueId: id(),
        q: text(120).description('Words in name, artists, tags or venue'),
        from: zonedInstant(),
        to: zonedInstant(),
        cursor: cursor(),
        limit: limit(100, 50),
      }),
      responses: {
        200: {
          description: 'A page of events; `next` leads to the one after',
          example: { events: [eventExample], next: null },
        },
      },
      run: ({ query }) => listEvents(stores, query),
    }),
    route({
      method: 'get',
      path: '/api/events/mine',
      id: 'listOwnEvents',
      summary: "An organizer's own events, drafts too",
      tag: 'events',
      access: ['organizer', 'admin'],
      responses: {
        200: {
          description: 'The events',
          example: { events: [{ ...eventExample, status: 'draft', shownStatus: 'draft' }] },
        },
      },
      async run({ actor }) {
        const own = await stores.events.listOwn(actor.userId, OWN_EVENTS);
        return reply(200, { events: own.map((one) => viewNow(one, stores.limits)) });
      },
    }),
    route<{ params: { eventId: string } }>({
      method: 'get',
      path: '/api/events/:eventId',
      id: 'getEvent',
      shared: true,
      summary: 'An event that is published or was',
      tag: 'events',
      access: 'anyone',
      params: eventParams,
      responses: { 200: event },
      errors: ['event_not_found'],
      async run({ params, headers }) {
        const [found, left] = await Promise.all([
          remembered.read(params.eventId),
          leftOf(params.eventId),
        ]);
        if (!found) return refused('event_not_found', `There is no event ${params.eventId}.`);
        const now = systemClock.now();
        const wanted = headers['accept-language']?.toString();
        const language = languageOf(wanted, Object.keys(found.translations));
        const shown = showEvent(found, now, { left, language });
        return reply(200, { event: shown }, undefined, keepEvent(shown, now, left));
      },
    }),
    route<{ params: { eventId: string }; body: EventEdit }>({
      method: 'patch',
      path: '/api/events/:eventId',
      id: 'changeEvent',
      summary: 'Change, publish or cancel an event; holds keep their prices',
      tag: 'events',
      access: ['organizer', 'admin'],
      params: eventParams,
      body: eventEdit,
      responses: { 200: event },
      errors: [
        'event_not_found',
        'event_cancelled',
        'artist_not_found',
        'prices_incomplete',
        'version_conflict',
        'request_in_flight',
        'seats_in_use',
        'forbidden',
      ],
      async run({ params, body, actor, origin }) {
        const changed = await changeEvent(stores, {
          eventId: params.eventId,
          edit: body,
          actor,
          origin,
        });
        if (isRefusal(changed)) return changed;
        return answer(changed, 200);
      },
    }),
  ];
}

const viewNow = (event: Event, caps: Caps) => showEvent(viewEvent(event, caps), systemClock.now());

async function listEvents(stores: EventStores, query: EventQuery): Promise<Reply | Refusal> {
  const place = readCursor(query.cursor, 2);
  if (isRefusal(place)) return place;
  const { cursor: _cursor, from, to, ...plain } = query;
  const instants = [from, to, place?.[0]].map((one) => one !== undefined && new Date(one));
  const [fromDate, toDate, startsAt] = instants;
  if (startsAt && Number.isNaN(startsAt.getTime())) {
    return refused('invalid_request', 'The cursor is not one of a page of this list.');
  }
  const inverted = refuseInverted(fromDate || undefined, toDate || undefined);
  if (inverted) return inverted;
  const filter: EventFilter = {
    ...plain,
    ...(fromDate && { from: fromDate }),
    ...(toDate && { to: toDate }),
    ...(startsAt && { after: { startsAt, id: place?.[1] ?? '' } }),
  };
  const found = await stores.events.listPublished(filter);
  const last = found.length === query.limit ? found.at(-1) : undefined;
  const page = {
    events: found.map((one) => viewNow(one, stores.limits)),
    next: last ? writeCursor([last.startsAt.toISOString(), last._id]) : null,
  };
  return reply(200, page, undefined, keepEvents(page.events));
}
