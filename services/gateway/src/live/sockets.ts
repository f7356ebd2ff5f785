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
import type { KnownEvents } from './known-events.ts';
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
  known: KnownEvents;
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
      const { userId } = admitted;
      admission.enter(new LiveSocket(options, { webSocket, socket, address, userId }));
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

/** What sockets follow. */
type Followed = {
  maps: EventMaps;
  users: UserFeed;
  known: KnownEvents;
  admission: Admission;
  mostEvents: number;
};

/**
 * A socket that was let in, until it closes. A class, as there are thousands of them: one object
 * each, and its functions once.
 */
class LiveSocket implements Subscriber, Connection {
  readonly userId: string | undefined;
  readonly address: string;
  readonly events = new Set<string>();
  readonly #followed: Followed;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #frames = createWindow(1_000);
  readonly #faults = createWindow(60_000);
  #isAlive = true;
  #wasIdle = false;

  constructor(followed: Followed, { webSocket, socket, address, userId }: Parts) {
    this.#followed = followed;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.address = address;
    this.userId = userId;
    webSocket.on('message', (bytes: RawData, isBinary: boolean) => this.#hear(bytes, isBinary));
    webSocket.on('pong', () => {
      this.#isAlive = true;
    });
    // ws closes the socket after an error; nothing else is to be done.
    webSocket.on('error', () => undefined);
    webSocket.on('close', () => this.#leave());
  }

  get subscriber(): Subscriber {
    return this;
  }

  unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Writes bytes that are framed already past ws, which would frame them for each socket. */
  write(frames: readonly Frame[]): void {
    const [first] = frames;
    if (first === undefined || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#socket.write(
      frames.length === 1 ? first.forSocket() : webSocketText(frames.map(({ json }) => json)),
    );
  }

  end(code: number, reason: string): void {
    this.#webSocket.close(code, reason);
  }

  cut(): void {
    this.#webSocket.terminate();
  }

  beat(): void {
    const isIdle = this.events.size === 0 && !this.#followed.users.follows(this);
    if (!this.#isAlive) {
      this.cut();
    } else if (isIdle && this.#wasIdle) {
      this.end(...ENDINGS.idle);
    } else {
      this.#webSocket.ping();
    }
    this.#isAlive = false;
    this.#wasIdle = isIdle;
  }

  #say(frame: ServerFrame): void {
    this.write([encode(frame)]);
  }

  #hear(bytes: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    const refusal = this.#refuseOrObey(bytes, isBinary);
    if (refusal !== undefined) this.#refuse(refusal);
  }

  #refuse(refusal: Refusal): void {
    this.#say({ type: 'ERROR', code: refusal.code, detail: refusal.detail });
    if (this.#faults.count() >= MOST_FAULTS) this.end(...ENDINGS.misbehaved);
  }

  #refuseOrObey(bytes: RawData, isBinary: boolean): Refusal | undefined {
    if (this.#frames.count() > FRAMES_A_SECOND) {
      return refused('too_many_requests', `Send ${FRAMES_A_SECOND} frames a second at most.`);
    }
    if (isBinary) return refused('malformed_body', 'Frames are text.');
    const frame = readClientFrame(bytes.toString());
    return isRefusal(frame) ? frame : this.#obey(frame);
  }

  #obey(frame: ClientFrame): Refusal | undefined {
    const { maps, users, mostEvents } = this.#followed;
    switch (frame.type) {
      case 'PING':
        this.#say({ type: 'PONG' });
        return undefined;
      case 'SUBSCRIBE_USER':
        if (this.userId === undefined) return refused('login_required', NO_LOGIN);
        users.subscribe(this, this.userId);
        return undefined;
      case 'UNSUBSCRIBE_EVENT':
        maps.unsubscribe(this, frame.eventId);
        this.#say({ type: 'UNSUBSCRIBED', eventId: frame.eventId });
        return undefined;
      case 'SUBSCRIBE_EVENT':
        if (this.events.size >= mostEvents && !this.events.has(frame.eventId)) {
          const detail = `A connection follows ${mostEvents} events at most: unsubscribe from one first.`;
          return refused('too_many_requests', detail);
        }
        maps.subscribe(this, frame.eventId, frame.since);
        void this.#leaveUnknown(frame.eventId);
        return undefined;
    }
  }

  /** Frames are obeyed in their order, so the event is followed until catalog has answered. */
  async #leaveUnknown(eventId: string): Promise<void> {
    const { known, maps } = this.#followed;
    const refusal = await known.refuse(eventId);
    if (refusal === undefined || !this.events.has(eventId)) return;
    maps.unsubscribe(this, eventId);
    this.#refuse(refusal);
  }

  #leave(): void {
    const { admission, maps, users } = this.#followed;
    admission.leave(this);
    maps.leave(this);
    users.leave(this);
  }
}

const NO_LOGIN =
  'Connect with a ticket from POST /api/live/tickets to follow your own holds and bookings.';

/** Counts within a time that begins anew once it is over. */
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
