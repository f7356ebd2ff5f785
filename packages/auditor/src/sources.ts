import { minorOfProvider } from '@holdfast/shared/money.ts';
import type { WithOutbox } from '@holdfast/shared/outbox/mongo.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import { type Collection, type Document, MongoClient } from 'mongodb';
import pg from 'pg';

/** A seat as catalog keeps it, as far as the auditor reads it. */
export type SeatDocument = {
  _id: string;
  eventId: string;
  seatId: string;
  status: string;
  version: number;
  hold?: { id: string; expiresAt: Date };
  commit?: { bookingId: string; pinId: string };
};

export type HoldDocument = {
  _id: string;
  eventId: string;
  userId: string;
  seats: { seatId: string; priceMinor: number }[];
  /** Sold with it and cancelled since. */
  returned?: { seatId: string; priceMinor: number }[];
  state: string;
  expiresAt: Date;
  pinId?: string;
  maxPerUser: number;
  /** Seats added and dropped since it was taken. */
  changes?: { id: string }[];
  history: { action?: string; after?: unknown; at: Date }[];
};

/** What the provider says of a payment. */
export type ProviderIntent = {
  id: string;
  status: string;
  currency: string;
  amountMinor: number;
  capturedMinor: number;
  refundedMinor: number;
  captures: number;
  bookingId: string | undefined;
};

export type Sources = {
  seats: Collection<SeatDocument>;
  holds: Collection<HoldDocument>;
  quotas: Collection<{
    _id: string;
    claims: { holdId: string; n: number; expiresAt: Date | null }[];
  }>;
  blocks: Collection<{ _id: string; eventId: string; seatIds: string[]; history: Document[] }>;
  catalogEvents: Collection<{
    _id: string;
    name: string;
    seatCount: number;
    version: number;
    status: string;
  }>;
  /** The collections whose documents carry messages. */
  outboxCollections: Collection<Document & WithOutbox>[];
  booking: pg.Pool;
  auth: pg.Pool;
  readProvider: () => Promise<ProviderIntent[]>;
  kafkaBrokers: string;
  topicPrefix: string;
  close: () => Promise<void>;
};

export type AuditTargets = {
  /** POSTGRES_URL, MONGODB_URL, KAFKA_BROKERS; *_DATABASE names where they differ from the defaults. */
  env: Readonly<Record<string, string | undefined>>;
  urls: { payment: string };
};

/** Opens the stores of a running system for reading. */
export async function openSources({ env, urls }: AuditTargets): Promise<Sources> {
  const mongo = new MongoClient(required(env, 'MONGODB_URL'), { serverSelectionTimeoutMS: 5_000 });
  const db = mongo.db(env.MONGODB_DATABASE ?? 'catalog');
  const pool = (name: string) =>
    new pg.Pool({ connectionString: urlOf(required(env, 'POSTGRES_URL'), name), max: 3 });
  const booking = pool(env.BOOKING_DATABASE ?? 'booking');
  const auth = pool(env.AUTH_DATABASE ?? 'auth');
  return {
    seats: db.collection('seats'),
    holds: db.collection('holds'),
    quotas: db.collection('quotas'),
    blocks: db.collection('blocks'),
    catalogEvents: db.collection('events'),
    outboxCollections: ['holds', 'events', 'venues', 'blocks'].map((name) => db.collection(name)),
    booking,
    auth,
    readProvider: () => readProvider(urls.payment),
    kafkaBrokers: required(env, 'KAFKA_BROKERS'),
    topicPrefix: env.TOPIC_PREFIX ?? '',
    async close() {
      await Promise.all([mongo.close(), booking.end(), auth.end()]);
    },
  };
}

function required(env: AuditTargets['env'], name: string): string {
  const value = env[name];
  if (value === undefined)
    throw new Error(`The auditor needs ${name}: start the system with ./holdfast up`);
  return value;
}

/** Every payment of the sandbox's report, a line each. */
async function readProvider(url: string): Promise<ProviderIntent[]> {
  const response = await fetch(`${url}/_sandbox/report`);
  if (!response.ok)
    throw new Error(`The payment provider's report was answered ${response.status}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const intent = JSON.parse(line) as {
      id: string;
      status: string;
      currency: string;
      amount: number;
      captured: number;
      refunded: number;
      captures: number;
      metadata: Record<string, string>;
    };
    const currency = intent.currency.toUpperCase();
    return {
      id: intent.id,
      status: intent.status,
      currency,
      amountMinor: minorOfProvider(intent.amount, currency),
      capturedMinor: minorOfProvider(intent.captured, currency),
      refundedMinor: minorOfProvider(intent.refunded, currency),
      captures: intent.captures,
      bookingId: intent.metadata.booking_id,
    };
  });
}
