import { systemClock } from '@holdfast/shared/clock.ts';
import { id, zonedInstant } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
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
import { showEvent, viewEvent } from './views.ts';
import type { SeeEvent } from './visible-events.ts';

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
  seeEvent: SeeEvent,
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
    route<{ query: { ownerId?: string; cursor?: string; limit: number } }>({
      method: 'get',
      path: '/api/events/mine',
      id: 'listOwnEvents',
      summary: "An organizer's own events, drafts too; an admin may ask for those of others",
      tag: 'events',
      access: ['organizer', 'admin'],
      query: Joi.object({
        ownerId: Joi.alternatives()
          .try(id(), Joi.valid('all'))
          .description('For admins: whose events, or `all`'),
        cursor: cursor(),
        limit: limit(OWN_EVENTS, OWN_EVENTS),
      }),
      responses: {
        200: {
          description: 'A page of events; `next` leads to the one after',
          example: {
            events: [{ ...eventExample, status: 'draft', shownStatus: 'draft' }],
            next: null,
          },
        },
      },
      errors: ['forbidden'],
      async run({ actor, query: { ownerId = actor.userId, cursor, limit } }) {
        if (ownerId !== actor.userId && !actor.roles.includes('admin')) {
          return refused(
            'forbidden',
            'Only admins may ask for the events of others: leave ownerId out.',
          );
        }
        const place = readPlace(cursor);
        if (isRefusal(place)) return place;
        const found = await stores.events.listOwn({
          ...(ownerId !== 'all' && { ownerId }),
          ...(place && { after: place }),
          limit,
        });
        return reply(200, {
          events: found.map((one) => viewNow(one, stores.limits)),
          next: nextOf(found, limit),
        });
      },
    }),
    route<{ params: { eventId: string } }>({
      method: 'get',
      path: '/api/events/:eventId',
      id: 'getEvent',
      shared: true,
      summary: 'An event that is published or was; a draft for its organizer and admins only',
      owned: true,
      tag: 'events',
      access: 'anyone',
      params: eventParams,
      responses: { 200: event },
      errors: ['event_not_found'],
      async run({ params, headers, actor }) {
        const [seen, left] = await Promise.all([
          seeEvent(params.eventId, actor),
          leftOf(params.eventId),
        ]);
        const found = seen?.view;
        if (!found) return refused('event_not_found', `There is no event ${params.eventId}.`);
        const now = systemClock.now();
        const wanted = headers['accept-language']?.toString();
        const language = languageOf(wanted, Object.keys(found.translations), found.language);
        const shown = showEvent(found, now, { left, language });
        const told = shown.language ? { 'content-language': shown.language } : undefined;
        return reply(200, { event: shown }, told, keepEvent(shown, now, left));
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

/** Where a page by time begins; undefined is the first one. */
function readPlace(cursor: string | undefined): EventFilter['after'] | Refusal {
  const place = readCursor(cursor, 2);
  if (place === undefined || isRefusal(place)) return place;
  const [instant = '', id = ''] = place;
  const startsAt = new Date(instant);
  return Number.isNaN(startsAt.getTime())
    ? refused('invalid_request', 'The cursor is not one of a page of this list.')
    : { startsAt, id };
}

function nextOf(found: readonly Event[], limit: number): string | null {
  const last = found.length === limit ? found.at(-1) : undefined;
  return last ? writeCursor([last.startsAt.toISOString(), last._id]) : null;
}

async function listEvents(stores: EventStores, query: EventQuery): Promise<Reply | Refusal> {
  const after = readPlace(query.cursor);
  if (isRefusal(after)) return after;
  const { cursor: _cursor, from, to, ...plain } = query;
  const instants = [from, to].map((one) => (one === undefined ? undefined : new Date(one)));
  const [fromDate, toDate] = instants;
  const inverted = refuseInverted(fromDate, toDate);
  if (inverted) return inverted;
  const filter: EventFilter = {
    ...plain,
    ...(fromDate && { from: fromDate }),
    ...(toDate && { to: toDate }),
    ...(after && { after }),
  };
  const found = await stores.events.listPublished(filter);
  const page = {
    events: found.map((one) => viewNow(one, stores.limits)),
    next: nextOf(found, query.limit),
  };
  return reply(200, page, undefined, keepEvents(page.events));
}
