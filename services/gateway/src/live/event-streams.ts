import { Readable } from 'node:stream';
import { id } from '@holdfast/shared/contracts/fields.ts';
import { readSeatMapId } from '@holdfast/shared/contracts/seat-map.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import {
  type Reply,
  type Route,
  type RouteRequest,
  reply,
  route,
} from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import type { Admission, Connection } from './admission.ts';
import { clientAddress } from './client-address.ts';
import type { EventMaps } from './event-maps.ts';
import { encode } from './frames.ts';
import type { KnownEvents } from './known-events.ts';
import { ENDINGS, type Subscriber } from './subscriber.ts';
import type { UserFeed } from './user-feed.ts';

const EVENT_STREAM = 'text/event-stream';
const HEADERS = {
  'content-type': `${EVENT_STREAM}; charset=utf-8`,
  'cache-control': 'no-store, no-transform',
  // nginx would collect events before it passes them on.
  'x-accel-buffering': 'no',
};
/** A comment, which clients pass over. */
const BEAT = ':\n\n';
/** How long a client waits before it connects again, in milliseconds. */
const RETRY = 'retry: 2000\n\n';

const FRAMES = Joi.string().description(
  'Server-sent events; the data of each is a frame as a WebSocket gets it, and its id is what Last-Event-ID resumes from',
);
const SINCE = Joi.string().max(128).description('Id of a snapshot or a frame to go on from');

/** The same frames for clients without WebSockets: one event's map, or a user's own changes. */
export function eventStreamRoutes(options: {
  maps: EventMaps;
  users: UserFeed;
  known: KnownEvents;
  admission: Admission;
  trustedProxies: number;
}): Route[] {
  const { maps, users, known, admission, trustedProxies } = options;

  /** Answers with a stream that lasts until the client leaves or the service stops. */
  function open(
    request: Pick<RouteRequest<unknown, unknown, unknown>, 'headers' | 'peer' | 'signal'>,
    userId: string | undefined,
    subscribe: (subscriber: Subscriber) => void,
  ): Reply | Refusal {
    const forwardedFor = request.headers['x-forwarded-for'];
    const address = clientAddress(request.peer, forwardedFor, trustedProxies);
    const refusal = admission.refuse(userId, address);
    if (refusal) return refusal;
    const { stream, connection } = createStream(userId, address);
    const leave = () => {
      admission.leave(connection);
      maps.leave(connection.subscriber);
      users.leave(connection.subscriber);
    };
    stream.once('close', leave);
    request.signal.addEventListener('abort', () => stream.destroy(), { once: true });
    admission.enter(connection);
    subscribe(connection.subscriber);
    return reply(200, stream, HEADERS);
  }

  return [
    route<{ params: { eventId: string }; query: { since?: string } }>({
      method: 'get',
      path: '/api/events/:eventId/live',
      id: 'streamEvent',
      tag: 'live',
      summary: 'Changes of seats as server-sent events',
      access: 'anyone',
      params: Joi.object({ eventId: id().required() }),
      query: Joi.object({ since: SINCE }),
      responses: {
        200: {
          description: 'Frames until the client leaves',
          schema: FRAMES,
          mediaType: EVENT_STREAM,
          example: `id: ${EXAMPLE.id}\ndata: ${JSON.stringify(EXAMPLE)}\n\n`,
        },
      },
      errors: ['too_many_requests', 'event_not_found'],
      run: async ({ params, query, ...request }) => {
        const since = request.headers['last-event-id'] ?? query.since;
        if (since !== undefined && !readSeatMapId(String(since))) {
          return refused('invalid_request', 'since must be an id of a frame or of a snapshot.');
        }
        const unknown = await known.refuse(params.eventId);
        if (unknown) return unknown;
        return open(request, undefined, (subscriber) =>
          maps.subscribe(subscriber, params.eventId, since === undefined ? since : String(since)),
        );
      },
    }),
    route({
      method: 'get',
      path: '/api/live/me',
      id: 'streamMine',
      tag: 'live',
      summary: 'Changes of one’s own holds and bookings as server-sent events',
      access: 'login',
      responses: {
        200: {
          description: 'Frames until the client leaves',
          schema: FRAMES,
          mediaType: EVENT_STREAM,
          example: `data: ${JSON.stringify(OWN_EXAMPLE)}\n\n`,
        },
      },
      errors: ['too_many_requests'],
      run: async ({ actor, ...request }) =>
        open(request, actor.userId, (subscriber) => users.subscribe(subscriber, actor.userId)),
    }),
  ];
}

const EXAMPLE = {
  type: 'SEAT_CHANGES',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  id: '0198c9d4-aaaa-7000-8000-000000000002~1803668400000-0',
  changes: [
    [17, 1],
    [18, 1],
  ],
};

const OWN_EXAMPLE = {
  type: 'HOLD_CHANGED',
  change: 'expired',
  version: 3,
  time: '2027-03-14T19:40:00.000Z',
  hold: {
    holdId: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
    eventId: '0198c9d4-0000-7000-8000-000000000001',
    seats: [{ seatId: 'STALLS-C-14', version: 3, status: 'available' }],
    expiresAt: null,
  },
};

function createStream(userId: string | undefined, address: string) {
  const stream = new Readable({ read: () => undefined });
  stream.push(RETRY);
  const subscriber: Subscriber = {
    userId,
    events: new Set(),
    unsentBytes: () => stream.readableLength,
    write(frames) {
      for (const frame of frames) stream.push(frame.forStream());
    },
    // A stream ends without a code, and its client comes back by itself: only who should not is told.
    end(code, detail) {
      if (code === ENDINGS.replaced[0]) {
        stream.push(encode({ type: 'ERROR', code: 'too_many_requests', detail }).forStream());
      }
      stream.push(null);
    },
  };
  const connection: Connection = {
    subscriber,
    address,
    beat: () => stream.push(BEAT),
    cut: () => stream.destroy(),
  };
  return { stream, connection };
}
