import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Upgrades } from '@holdfast/shared/http/listener.ts';
import { PROBLEM_TYPE, problemOfRefusal } from '@holdfast/shared/http/problem.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Admission, Connection } from './admission.ts';
import { clientAddress } from './client-address.ts';
import type { EventMaps } from './event-maps.ts';
import {
  type ClientFrame,
  encode,
  type Frame,
  readClientFrame,
  type ServerFrame,
  webSocketText,
} from './frames.ts';
import { ENDINGS, type Subscriber } from './subscriber.ts';
import type { Tickets } from './tickets.ts';
import type { UserFeed } from './user-feed.ts';

export const SOCKET_PATH = '/api/live';

const LARGEST_FRAME_BYTES = 4_096;
const FRAMES_A_SECOND = 20;
const MOST_FAULTS = 5;

/** Takes WebSockets, reads their frames and ends those that are dead, idle or misbehave. */
export function createSockets(options: {
  maps: EventMaps;
  users: UserFeed;
  tickets: Tickets;
  admission: Admission;
  mostEvents: number;
  /** Origins of pages that may connect; empty lets all. */
  origins: readonly string[];
  trustedProxies: number;
}): Upgrades {
  const { tickets, admission, origins, trustedProxies } = options;
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: LARGEST_FRAME_BYTES,
  });

  /** Whose socket it will be, or why there will be none. */
  async function admit(request: IncomingMessage, address: string) {
    const { origin } = request.headers;
    if (origin !== undefined && origins.length > 0 && !origins.includes(origin)) {
      return refused('forbidden', `Pages of ${origin} may not connect here.`);
    }
    const ticket = new URL(request.url ?? '', 'http://gateway').searchParams.get('ticket');
    const userId = ticket === null ? undefined : await tickets.redeem(ticket);
    if (ticket !== null && userId === undefined) {
      return refused(
        'token_invalid',
        'The ticket is used, too old or was not issued here: get a new one at POST /api/live/tickets.',
      );
    }
    return admission.refuse(userId, address) ?? { userId };
  }

  async function take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const drop = () => socket.destroy();
    socket.on('error', drop);
    const peer = request.socket.remoteAddress ?? 'unknown';
    const address = clientAddress(peer, request.headers['x-forwarded-for'], trustedProxies);
    const admitted = await admit(request, address);
    if (isRefusal(admitted)) return refuseUpgrade(socket, admitted);
    socket.off('error', drop);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      serveSocket(options, { webSocket, socket, address, userId: admitted.userId });
    });
  }

  return {
    accepts: ({ url = '' }) => url === SOCKET_PATH || url.startsWith(`${SOCKET_PATH}?`),
    take: (request, socket, head) => void take(request, socket, head),
  };
}

function refuseUpgrade(socket: Duplex, refusal: Refusal): void {
  const problem = problemOfRefusal(refusal, newId());
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} Refused`,
      `content-type: ${PROBLEM_TYPE}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

type Parts = {
  webSocket: WebSocket;
  socket: Duplex;
  address: string;
  userId: string | undefined;
};

/** Ties a socket that was let in to what it may follow, until it closes. */
function serveSocket(
  options: { maps: EventMaps; users: UserFeed; admission: Admission; mostEvents: number },
  { webSocket, socket, address, userId }: Parts,
): void {
  const { maps, users, admission } = options;
  const subscriber = createSocketSubscriber(webSocket, socket, userId);
  const say = (frame: ServerFrame) => subscriber.write([encode(frame)]);
  const limit = createLimit();
  let isAlive = true;
  let wasIdle = false;

  const connection: Connection = {
    subscriber,
    address,
    beat() {
      const isIdle = subscriber.events.size === 0 && !users.follows(subscriber);
      if (!isAlive) return webSocket.terminate();
      if (isIdle && wasIdle) return subscriber.end(...ENDINGS.idle);
      isAlive = false;
      wasIdle = isIdle;
      webSocket.ping();
    },
    cut: () => webSocket.terminate(),
  };

  function obey(frame: ClientFrame): Refusal | undefined {
    switch (frame.type) {
      case 'PING':
        say({ type: 'PONG' });
        return undefined;
      case 'SUBSCRIBE_USER':
        if (userId === undefined) return refused('login_required', NO_LOGIN);
        users.subscribe(subscriber, userId);
        return undefined;
      case 'UNSUBSCRIBE_EVENT':
        maps.unsubscribe(subscriber, frame.eventId);
        say({ type: 'UNSUBSCRIBED', eventId: frame.eventId });
        return undefined;
      case 'SUBSCRIBE_EVENT':
        if (subscriber.events.size >= options.mostEvents && !subscriber.events.has(frame.eventId)) {
          const most = options.mostEvents;
          const detail = `A connection follows ${most} events at most: unsubscribe from one first.`;
          return refused('too_many_requests', detail);
        }
        maps.subscribe(subscriber, frame.eventId, frame.since);
        return undefined;
    }
  }

  webSocket.on('message', (bytes: RawData, isBinary: boolean) => {
    isAlive = true;
    const excess = limit.spend();
    const frame = isBinary
      ? refused('malformed_body', 'Frames are text.')
      : readClientFrame(bytes.toString());
    const refusal = excess ?? (isRefusal(frame) ? frame : obey(frame));
    if (refusal === undefined) return;
    say({ type: 'ERROR', code: refusal.code, detail: refusal.detail });
    if (limit.isFault()) subscriber.end(...ENDINGS.misbehaved);
  });
  webSocket.on('pong', () => {
    isAlive = true;
  });
  // ws closes the socket after an error; nothing else is to be done.
  webSocket.on('error', () => undefined);
  webSocket.on('close', () => {
    admission.leave(connection);
    maps.leave(subscriber);
    users.leave(subscriber);
  });
  admission.enter(connection);
}

const NO_LOGIN =
  'Connect with a ticket from POST /api/live/tickets to follow your own holds and bookings.';

/** Writes bytes that are framed already past the library, which would frame them for each socket. */
function createSocketSubscriber(
  webSocket: WebSocket,
  socket: Duplex,
  userId: string | undefined,
): Subscriber {
  return {
    userId,
    events: new Set(),
    unsentBytes: () => socket.writableLength,
    write(frames: readonly Frame[]) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      const [first] = frames;
      if (first === undefined) return;
      socket.write(
        frames.length === 1 ? first.forSocket() : webSocketText(frames.map(({ json }) => json)),
      );
    },
    end: (code, reason) => webSocket.close(code, reason),
  };
}

/** Counts a client's frames a second, and those refused a minute. */
function createLimit() {
  const frames = createWindow(1_000);
  const faults = createWindow(60_000);
  return {
    spend(): Refusal | undefined {
      if (frames.count() <= FRAMES_A_SECOND) return undefined;
      return refused('too_many_requests', `Send ${FRAMES_A_SECOND} frames a second at most.`);
    },
    /** Notes a refused frame; true when there were too many of them. */
    isFault: () => faults.count() >= MOST_FAULTS,
  };
}

function createWindow(lengthMs: number) {
  let sinceMs = monotonicMs();
  let counted = 0;
  return {
    count(): number {
      const nowMs = monotonicMs();
      if (nowMs - sinceMs > lengthMs) {
        sinceMs = nowMs;
        counted = 0;
      }
      counted += 1;
      return counted;
    },
  };
}
