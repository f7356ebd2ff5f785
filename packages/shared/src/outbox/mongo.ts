import type { Collection, Document } from 'mongodb';
import type { Bus } from '../bus/bus.ts';
import type { Message } from '../contracts/contract.ts';
import type { Logger } from '../logger.ts';
import { createLoop, type Loop } from '../loop.ts';

/** A document that carries its own messages: a change and what tells of it are one write. */
export type WithOutbox = { _id: string; outbox: Message[] };

const ROUND_LIMIT = 500;

/**
 * Publishes the messages that documents carry and takes out what the broker has. Two relays
 * may publish one message twice, never none; consumers know it by its id. Each collection
 * needs the index of `outboxIndex`. `alongside` is given the same messages at least once each, also
 * while the bus is away; it should not take long and must not fail.
 */
export function createDocumentRelay(options: {
  collections: readonly Collection<Document & WithOutbox>[];
  bus: Bus;
  log: Logger;
  intervalMs?: number;
  alongside?: (messages: readonly Message[]) => Promise<void>;
}): Loop {
  const { collections, log, intervalMs = 500 } = options;
  return createLoop({
    name: 'document-relay',
    intervalMs,
    log,
    async round() {
      const counts = await Promise.all(
        collections.map((collection) => publishFrom(collection, options)),
      );
      return counts.reduce((sum, count) => sum + count, 0);
    },
  });
}

/** Finds the documents that carry messages; sparse in effect, since an empty list has no entry. */
export const outboxIndex = { 'outbox.id': 1 } as const;

async function publishFrom(
  collection: Collection<Document & WithOutbox>,
  { bus, alongside }: { bus: Bus; alongside?: (messages: readonly Message[]) => Promise<void> },
): Promise<number> {
  const documents = await collection
    .find(
      { 'outbox.id': { $gt: '' } },
      {
        projection: { outbox: 1 },
        limit: ROUND_LIMIT,
        // All in the first answer: by default it holds 101, and the rest takes another round trip.
        batchSize: ROUND_LIMIT + 1,
      },
    )
    .toArray();
  if (documents.length === 0) return 0;
  const messages = documents.flatMap((document) => document.outbox);
  await Promise.all([bus.publish(messages), alongside?.(messages)]);
  await collection.updateMany({ _id: { $in: documents.map((document) => document._id) } }, {
    $pull: { outbox: { id: { $in: messages.map((message) => message.id) } } },
  } as Document);
  return messages.length;
}

/** Messages that wait in the documents of a collection. */
export async function countWaiting(collection: Collection<Document & WithOutbox>): Promise<number> {
  const [found] = await collection
    .aggregate<{ waiting: number }>([
      { $match: { 'outbox.id': { $gt: '' } } },
      { $group: { _id: null, waiting: { $sum: { $size: '$outbox' } } } },
    ])
    .toArray();
  return found?.waiting ?? 0;
}
