import type { Collection, Document } from 'mongodb';
import type { Bus } from '../bus/bus.ts';
import { monotonicMs } from '../clock.ts';
import type { Message } from '../contracts/contract.ts';
import type { Logger } from '../logger.ts';
import { createLoop, type Loop } from '../loop.ts';

/** A document that carries its own messages: a change and what tells of it are one write. */
export type WithOutbox = { _id: string; outbox: Message[] };

const ROUND_LIMIT = 500;

export type DocumentRelay = Loop & {
  /**
   * Publishes all that waits in a document, which was just stored, without looking for it. What is
   * lost of it before it is published is found where it is stored.
   */
  send(document: WithOutbox): void;
};

/** Finds the documents that carry messages; sparse in effect, since an empty list has no entry. */
export const outboxIndex = { 'outbox.id': 1 } as const;

/**
 * Publishes the messages that documents carry and takes out what the broker has. Two relays
 * may publish one message twice, never none; consumers know it by its id. The collection needs
 * the index of `outboxIndex`. It looks for messages every `intervalMs` and at each wake, whether or
 * not it was sent documents meanwhile. `alongside` is given the same messages at least once each,
 * also while the bus is away; it should not take long and must not fail.
 */
export function createDocumentRelay(options: {
  collection: Collection<Document & WithOutbox>;
  bus: Bus;
  log: Logger;
  intervalMs?: number;
  alongside?: (messages: readonly Message[]) => Promise<void>;
}): DocumentRelay {
  const { collection, bus, log, alongside, intervalMs = 500 } = options;
  const sent: WithOutbox[] = [];
  let lookAt = 0;

  const loop = createLoop({
    name: 'document-relay',
    intervalMs,
    log,
    goesOnFrom: ROUND_LIMIT,
    async round() {
      const isLook = sent.length === 0 || monotonicMs() >= lookAt;
      if (isLook) lookAt = monotonicMs() + intervalMs;
      // A look finds what was sent as well.
      const known = sent.splice(0);
      const documents = isLook ? await find() : known;
      if (documents.length === 0) return 0;
      const messages = documents.flatMap((document) => document.outbox);
      await Promise.all([bus.publish(messages), alongside?.(messages)]);
      await collection.updateMany({ _id: { $in: documents.map((document) => document._id) } }, {
        $pull: { outbox: { id: { $in: messages.map((message) => message.id) } } },
      } as Document);
      return messages.length;
    },
  });

  const find = (): Promise<WithOutbox[]> =>
    collection
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

  return {
    ...loop,
    wake() {
      lookAt = 0;
      loop.wake();
    },
    send(document) {
      if (sent.length < ROUND_LIMIT) sent.push(document);
      else lookAt = 0;
      loop.wake();
    },
  };
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
