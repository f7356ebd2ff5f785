import { LRUCache } from 'lru-cache';
import type { Collection, Document } from 'mongodb';
import type { Bus } from '../bus/bus.ts';
import { monotonicMs } from '../clock.ts';
import type { Message } from '../contracts/contract.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createLoop, type Loop } from '../loop.ts';

/** A document that carries its own messages: a change and what tells of it are one write. */
export type WithOutbox = { _id: string; outbox: Message[] };

const ROUND_LIMIT = 500;
/** Enough that one write clears many documents, and few of them are found by another relay. */
const CLEAR_AFTER_MS = 50;
const MOST_REMEMBERED = 10_000;

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
 * Publishes the messages that documents carry and takes out what the broker has, a moment later,
 * so that one write clears many documents. Two relays may publish one message twice, never none;
 * consumers know it by its id. The collection needs the index of `outboxIndex`. It looks for
 * messages every `intervalMs` and at each wake, whether or not it was sent documents meanwhile.
 * `alongside` is given the same messages at least once each, also while the bus is away; it should
 * not take long and must not fail.
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
  const published = new LRUCache<string, true>({ max: MOST_REMEMBERED });
  /** What was published of documents, and waits in them to be taken out. */
  const toClear: WithOutbox[] = [];
  let timer: NodeJS.Timeout | undefined;
  let clearing: Promise<void> | undefined;
  let lookAt = 0;

  /** Takes what was published out of its documents; what is not, is found by the next look. */
  async function clear(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const documents = toClear.splice(0);
    if (documents.length === 0) return;
    const ids = messagesOf(documents).map((message) => message.id);
    await collection.updateMany({ _id: { $in: documents.map(({ _id }) => _id) } }, {
      $pull: { outbox: { id: { $in: ids } } },
    } as Document);
  }
  function clearQuietly(): Promise<void> {
    clearing = clear().catch((error) =>
      log.debug('outbox.not_cleared', { error: describeError(error) }),
    );
    return clearing;
  }

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
      const documents = isLook ? await look() : known.map(withoutPublished);
      const messages = eachOnce(documents);
      if (messages.length > 0) await Promise.all([bus.publish(messages), alongside?.(messages)]);
      for (const { id } of messages) published.set(id, true);
      toClear.push(...documents);
      if (isLook) await clear();
      else timer ??= setTimeout(clearQuietly, CLEAR_AFTER_MS).unref();
      return messages.length;
    },
  });

  /** A document as it was sent, which may have been when some of it waited to be cleared. */
  const withoutPublished = ({ _id, outbox }: WithOutbox): WithOutbox => ({
    _id,
    outbox: outbox.filter((message) => !published.has(message.id)),
  });

  async function look(): Promise<WithOutbox[]> {
    // What was published is not to be found again.
    await clearing;
    await clear();
    return collection
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
  }

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
    async stop() {
      await loop.stop();
      await clearing;
      await clearQuietly();
    },
  };
}

const messagesOf = (documents: readonly WithOutbox[]) => documents.flatMap(({ outbox }) => outbox);

const eachOnce = (documents: readonly WithOutbox[]): Message[] => [
  ...new Map(messagesOf(documents).map((message) => [message.id, message])).values(),
];

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
