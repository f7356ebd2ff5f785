import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import {
  SEAT_MAP_STREAM_LENGTH,
  type SeatDelta,
  seatMapEpochKey,
  seatMapKey,
  writeSeatMapEntry,
  writeSeatMapId,
} from '@holdfast/shared/contracts/seat-map.ts';
import type { Role } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { closeAll } from '@holdfast/shared/lifecycle.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@holdfast/shared/tokens.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { Redis } from 'ioredis';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type ClientOptions, WebSocket } from 'ws';
import { startGateway, startUpstream } from './upstream.ts';

/** A frame as a client reads it. */
export type Seen = { type: string; id?: string } & Record<string, unknown>;

/** A store's URL from the environment; a missing store is a failure. */
export function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: bring up the stores and name them`);
  return value;
}

export type LiveWorld = Awaited<ReturnType<typeof startLiveWorld>>;

/** A gateway whose streams, messages and logins the test makes itself. */
export async function startLiveWorld(settings: Record<string, string> = {}) {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const jwk = { ...(await exportJWK(publicKey)), kid: newId(), alg: 'EdDSA', use: 'sig' };
  const topicPrefix = `live-${newId().slice(-12)}.`;
  const auth = await startUpstream('auth');
  auth.answerWith((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  const catalog = await startUpstream('catalog');
  const gateway = await startGateway(
    { auth: auth.url, catalog: catalog.url, booking: catalog.url },
    5_000,
    { TOPIC_PREFIX: topicPrefix, ...settings },
  );
  const redis = new Redis(given('REDIS_URL'));
  const bus = createKafkaBus({
    brokers: given('KAFKA_BROKERS'),
    clientId: 'live-test',
    topicPrefix,
    log: createLogger('test', 'silent'),
  });
  const epochKey = seatMapEpochKey(topicPrefix);
  let epoch = newId();
  await redis.set(epochKey, epoch);
  const clients = new Set<Client>();

  /** Writes an entry as catalog does; answers its position. */
  async function change(eventId: string, changes: readonly SeatDelta[]): Promise<string> {
    const fields = writeSeatMapEntry({ epoch, changes });
    const key = seatMapKey(topicPrefix, eventId);
    const streamId = await redis.xadd(key, 'MAXLEN', '~', SEAT_MAP_STREAM_LENGTH, '*', ...fields);
    return writeSeatMapId({ epoch, streamId: String(streamId) });
  }

  async function connect(ticket?: string, options: ClientOptions = {}): Promise<Client> {
    const query = ticket === undefined ? '' : `?ticket=${ticket}`;
    const client = await openClient(`${gateway.url}/api/live${query}`, options);
    clients.add(client);
    return client;
  }

  async function login(userId = newId(), roles: Role[] = ['user']) {
    const token = await new SignJWT({ roles })
      .setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid })
      .setSubject(userId)
      .setIssuer(TOKEN_ISSUER)
      .setAudience(TOKEN_AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(privateKey);
    return { userId, headers: { authorization: `Bearer ${token}` } };
  }

  async function ticketFor({ headers }: { headers: Record<string, string> }): Promise<string> {
    const response = await fetch(`${gateway.url}/api/live/tickets`, { method: 'POST', headers });
    const { ticket } = (await response.json()) as { ticket: string };
    return ticket;
  }

  return {
    gateway,
    catalog,
    redis,
    bus,
    topicPrefix,
    change,
    connect,
    login,
    ticketFor,
    /** As when Redis lost what it had: the streams are gone, the epoch is another. */
    async loseStreams(...eventIds: readonly string[]): Promise<void> {
      epoch = newId();
      await redis.del(...eventIds.map((eventId) => seatMapKey(topicPrefix, eventId)));
      await redis.set(epochKey, epoch);
    },
    /** A socket that follows an event and was told so. */
    async follow(eventId: string, since?: string): Promise<Client> {
      const client = await connect();
      client.send({ type: 'SUBSCRIBE_EVENT', eventId, ...(since && { since }) });
      await client.sees('SUBSCRIBED');
      return client;
    },
    async stop(): Promise<void> {
      for (const client of clients) client.socket.terminate();
      const keys = await redis.keys(`${topicPrefix}*`);
      if (keys.length > 0) await redis.del(...keys);
      await closeAll(bus.close, gateway.stop, auth.stop, catalog.stop, () => redis.disconnect());
    },
  };
}

/** Opens a socket and keeps what it gets; rejects with the status of a refused upgrade. */
async function openClient(url: string, options: ClientOptions) {
  const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false, ...options });
  const frames: Seen[] = [];
  const arrivedMs: number[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  socket.on('message', (bytes) => {
    arrivedMs.push(performance.now());
    for (const line of bytes.toString().split('\n')) frames.push(JSON.parse(line) as Seen);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      reject(new Error(`refused with ${response.statusCode}`));
    });
    socket.once('error', reject);
  });
  const ofType = (type: string) => frames.filter((frame) => frame.type === type);
  return {
    socket,
    frames,
    /** When each message came. */
    arrivedMs,
    closed,
    ofType,
    send: (frame: object | string) =>
      socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    /** The last frame of a type, once there are so many. */
    async sees(type: string, count = 1): Promise<Seen> {
      await waitUntil(`${count} ${type}`, () => ofType(type).length >= count);
      return ofType(type).at(-1) as Seen;
    },
    /** The seats as its changes left them. */
    seats(): Record<number, number> {
      const changes = ofType('SEAT_CHANGES').flatMap((frame) => frame.changes as number[][]);
      return Object.fromEntries(changes);
    },
    /** Answers once everything sent before has been answered. */
    async settles(): Promise<void> {
      const before = ofType('PONG').length;
      socket.send('{"type":"PING"}');
      await waitUntil('the PONG', () => ofType('PONG').length > before);
    },
  };
}

export type Client = Awaited<ReturnType<typeof openClient>>;
