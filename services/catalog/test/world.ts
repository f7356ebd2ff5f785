import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import type { BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import type { Role } from '@holdfast/shared/contracts/users.ts';
import { derivedId, newId } from '@holdfast/shared/ids.ts';
import { closeAll } from '@holdfast/shared/lifecycle.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@holdfast/shared/tokens.ts';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { MongoClient } from 'mongodb';
import { readCatalogConfig } from '../src/config.ts';
import { onBookingMessage } from '../src/consumers/bookings.ts';
import type { Hold } from '../src/hold.ts';
import type { Seat } from '../src/seat.ts';
import { type Catalog, createService } from '../src/service.ts';
import type { Claim } from '../src/stores/quota-claims.ts';

/** A store's URL from the environment; a missing store is a failure. */
export function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: bring up the stores and name them`);
  return value;
}

/** Who the tests pretend to be: keys of their own, published as auth would. */
async function startIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const jwk = { ...(await exportJWK(publicKey)), kid: newId(), alg: 'EdDSA', use: 'sig' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sign: (userId: string, roles: Role[]) =>
      new SignJWT({ roles })
        .setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid })
        .setSubject(userId)
        .setIssuer(TOKEN_ISSUER)
        .setAudience(TOKEN_AUDIENCE)
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: answers are compared, not trusted
export type Answer = { status: number; body: any; headers: Headers };
export type User = { userId: string; token: string };
export type HoldView = { holdId: string; status: string; offer: string; expiresAt: string };
export type World = Awaited<ReturnType<typeof startWorld>>;

/** A catalog in this process on a database and topics of its own. */
export async function startWorld(settings: Record<string, string> = {}) {
  const run = `t${newId().replaceAll('-', '').slice(6, 20)}`;
  const issuer = await startIssuer();
  const environment = {
    PORT: '0',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
    MONGODB_URL: given('MONGODB_URL'),
    MONGODB_DATABASE: `catalog_${run}`,
    KAFKA_BROKERS: given('KAFKA_BROKERS'),
    TOPIC_PREFIX: `${run}.`,
    REDIS_URL: given('REDIS_URL'),
    AUTH_URL: issuer.url,
    HOLD_MIN_SECONDS: '1',
    ...settings,
  };
  const catalog: Catalog = await createService(readCatalogConfig(environment));
  await catalog.ready;
  const client = new MongoClient(environment.MONGODB_URL);
  const db = client.db(environment.MONGODB_DATABASE);

  async function call(
    method: string,
    path: string,
    options: { as?: User; body?: unknown; key?: string; raw?: string; type?: string } = {},
  ): Promise<Answer> {
    const { as, body, key, raw, type } = options;
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(catalog.url + path, {
      method,
      headers: {
        ...(as && { authorization: `Bearer ${as.token}` }),
        ...(payload !== undefined && { 'content-type': type ?? 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(payload !== undefined && { body: payload }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? undefined : JSON.parse(text),
      headers: response.headers,
    };
  }

  async function user(...roles: Role[]): Promise<User> {
    const userId = newId();
    return { userId, token: await issuer.sign(userId, ['user', ...roles]) };
  }

  const organizer = await user('organizer');

  return {
    catalog,
    stores: catalog.stores,
    db,
    call,
    user,
    organizer,
    environment,

    /** An event on sale with `seats` seats GENERAL-1.. at 25.00. */
    async event(seats: number, edit: object = {}): Promise<string> {
      const venue = await call('POST', '/api/venues', {
        as: organizer,
        body: { name: 'Hall', timeZone: 'Europe/Vienna', plan: { seatCount: seats } },
      });
      const event = await call('POST', '/api/events', {
        as: organizer,
        body: {
          venueId: venue.body.venue.venueId,
          name: 'Quartet',
          category: 'classical',
          startsAt: '2099-03-14T18:30:00.000Z',
          onSaleAt: '2020-01-01T00:00:00.000Z',
          prices: [{ category: 'General', priceMinor: 2500 }],
          currency: 'EUR',
          status: 'published',
          ...edit,
        },
      });
      if (event.status !== 201) throw new Error(JSON.stringify(event.body));
      return event.body.event.eventId;
    },

    take(as: User, eventId: string, seatIds: string[], durationSeconds?: number, key?: string) {
      return call('POST', `/api/events/${eventId}/holds`, {
        as,
        body: { seatIds, ...(durationSeconds !== undefined && { durationSeconds }) },
        ...(key !== undefined && { key }),
      });
    },

    /** Gives a message of booking to the consumer, as Kafka would. */
    send(contract: Contract<BookingState>, data: BookingState): Promise<void> {
      return onBookingMessage(catalog.stores, bookingMessage(contract, data));
    },

    async hold(holdId: string): Promise<Hold> {
      const hold = await db.collection<Hold>('holds').findOne({ _id: holdId });
      if (!hold) throw new Error(`no hold ${holdId}`);
      return hold;
    },
    async holds(): Promise<Hold[]> {
      return db.collection<Hold>('holds').find().toArray();
    },
    seats(eventId: string): Promise<Seat[]> {
      return db.collection<Seat>('seats').find({ eventId }).sort({ order: 1 }).toArray();
    },
    async seat(eventId: string, seatId: string): Promise<Seat> {
      const seat = await db.collection<Seat>('seats').findOne({ _id: `${eventId}:${seatId}` });
      if (!seat) throw new Error(`no seat ${seatId}`);
      return seat;
    },
    claims: (userId: string, eventId: string): Promise<Claim[]> =>
      catalog.stores.quotas.find(userId, eventId),

    async stop() {
      await closeAll(
        () => catalog.stop(),
        () => db.dropDatabase(),
        () => dropTopics(environment.KAFKA_BROKERS, environment.TOPIC_PREFIX),
        () => client.close(),
        () => issuer.stop(),
      );
    },
  };
}

export function bookingMessage(contract: Contract<BookingState>, data: BookingState): Message {
  return newMessage(contract, {
    id: derivedId(data.bookingId, contract.type),
    key: data.bookingId,
    version: 1,
    time: new Date('2026-11-21T00:00:00.000Z'),
    origin: systemOrigin('test', newId()),
    data,
  });
}

/** What booking would say of a hold. */
export function bookingOf(hold: Hold, bookingId = newId()): BookingState {
  return {
    bookingId,
    holdId: hold._id,
    pinId: derivedId('pin', bookingId),
    eventId: hold.eventId,
    userId: hold.userId,
    seats: hold.seats.map(({ seatId, category, priceMinor }) => ({
      seatId,
      ticketId: null,
      category,
      priceMinor,
    })),
    totalMinor: hold.totalMinor,
    currency: hold.currency,
  };
}

export const seatIds = (count: number) =>
  Array.from({ length: count }, (_, index) => `GENERAL-${index + 1}`);
