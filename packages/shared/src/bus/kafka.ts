import { type Admin, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { TOPICS } from '../contracts/contract.ts';
import { describeError, Fault } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { waitUntil } from '../wait.ts';
import { type Bus, DEAD_LETTER_SUFFIX } from './bus.ts';
import { toRecord } from './envelope.ts';
import { subscribe } from './kafka-consumer.ts';
import { calmRequestQueues } from './kafkajs-timer.ts';

/** One record on its way to a topic, already in Kafka's form. */
export type Outgoing = {
  topic: string;
  key: string | Buffer | null;
  value: string | Buffer | null;
  headers: Record<string, string | Buffer>;
};

calmRequestQueues();

const PARTITIONS = 6;
const LARGEST_SEND = 2_000;
/** Well below the 1 MiB that brokers take for a partition at once by default. */
const LARGEST_SEND_BYTES = 512 * 1024;

/**
 * The bus on Kafka by kafkajs. The producer is not idempotent and sends one batch at a
 * time, acknowledged by all in-sync replicas: with `idempotent: true` and concurrent sends
 * kafkajs was seen to acknowledge a message it had not stored. Calls that arrive during a
 * send go out together in the next one.
 */
export function createKafkaBus(options: {
  brokers: string;
  clientId: string;
  topicPrefix?: string;
  log: Logger;
}): Bus {
  const { log, topicPrefix = '' } = options;
  const kafka = new Kafka({
    clientId: options.clientId,
    brokers: options.brokers.split(',').map((broker) => broker.trim()),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5 },
  });
  const outbound = createOutbound(kafka, topicPrefix);
  const subscriptions = new Set<{ stop(): Promise<void> }>();
  return {
    publish: (messages) =>
      outbound.send(
        messages.map((message) => ({ topic: topicPrefix + message.topic, ...toRecord(message) })),
      ),
    subscribe(settings) {
      const subscription = subscribe({
        kafka,
        topicPrefix,
        log,
        ready: outbound.ready,
        sendRaw: outbound.send,
        ...settings,
      });
      subscriptions.add(subscription);
      return {
        joined: subscription.joined,
        async stop() {
          subscriptions.delete(subscription);
          await subscription.stop();
        },
      };
    },
    ping: outbound.ping,
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
      subscriptions.clear();
      await outbound.close();
    },
  };
}

function createOutbound(kafka: Kafka, topicPrefix: string) {
  type Send = { records: readonly Outgoing[]; resolve: () => void; reject: (error: Fault) => void };
  const waiting: Send[] = [];
  let sending: Promise<void> | undefined;
  let connected: Promise<Producer> | undefined;
  let closed = false;

  /** Creates the topics and connects the producer, once; tried anew after a failure. */
  function ready(): Promise<Producer> {
    if (closed && !connected) return Promise.reject(unavailable('the bus is closed'));
    connected ??= connect(kafka, topicPrefix).catch((error) => {
      connected = undefined;
      throw error;
    });
    return connected;
  }

  /** The next send connects anew: a producer does not always find a broker that came back. */
  async function forget(): Promise<void> {
    const producer = await connected?.catch(() => undefined);
    connected = undefined;
    await producer?.disconnect().catch(() => undefined);
  }

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const batch: Send[] = [];
      for (
        let count = 0;
        waiting[0] && (count === 0 || count + waiting[0].records.length <= LARGEST_SEND);
      ) {
        const next = waiting.shift() as Send;
        count += next.records.length;
        batch.push(next);
      }
      try {
        const producer = await ready();
        for (const part of inParts(batch.flatMap((send) => send.records))) {
          await producer.sendBatch({ acks: -1, topicMessages: byTopic(part) });
        }
        for (const send of batch) send.resolve();
      } catch (cause) {
        const fault = unavailable(describeError(cause), cause);
        await forget();
        for (const send of batch) send.reject(fault);
      }
    }
    sending = undefined;
  }

  return {
    ready,
    send(records: readonly Outgoing[]): Promise<void> {
      if (records.length === 0) return Promise.resolve();
      if (closed) return Promise.reject(unavailable('the bus is closed'));
      return new Promise((resolve, reject) => {
        waiting.push({ records, resolve, reject });
        sending ??= pump();
      });
    },
    async ping(): Promise<void> {
      await ready();
      const admin = kafka.admin({ retry: { retries: 0 } });
      try {
        await admin.connect();
        await admin.describeCluster();
      } finally {
        await admin.disconnect();
      }
    },
    async close(): Promise<void> {
      closed = true;
      await sending;
      await forget();
    },
  };
}

function unavailable(why: string, cause?: unknown): Fault {
  const message = `Kafka did not take the messages: ${why}`;
  return new Fault('bus_unavailable', message, { retryable: true, cause });
}

async function connect(kafka: Kafka, topicPrefix: string): Promise<Producer> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    const existing = new Set(await admin.listTopics());
    const missing = TOPICS.flatMap((topic) => [
      { topic: topicPrefix + topic, numPartitions: PARTITIONS },
      { topic: topicPrefix + topic + DEAD_LETTER_SUFFIX, numPartitions: 1 },
    ]).filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0) {
      await admin.createTopics({ topics: missing, waitForLeaders: false });
      await waitUntil('the leaders of new topics', () => haveLeaders(admin, missing));
    }
  } finally {
    await admin.disconnect();
  }
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  return producer;
}

/** kafkajs's own wait gives up when the broker does not know a topic a moment after creating it. */
async function haveLeaders(admin: Admin, created: readonly { topic: string }[]): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata({ topics: created.map(({ topic }) => topic) });
  return topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
}

/** Splits records, in their order, into parts that a broker takes at once. */
function inParts(records: readonly Outgoing[]): Outgoing[][] {
  const parts: Outgoing[][] = [];
  let partBytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const bytes = bytesOf(record);
    if (partBytes + bytes > LARGEST_SEND_BYTES) {
      parts.push([]);
      partBytes = 0;
    }
    parts.at(-1)?.push(record);
    partBytes += bytes;
  }
  return parts;
}

function bytesOf({ key, value, headers }: Outgoing): number {
  return [key, value, ...Object.entries(headers).flat()].reduce<number>(
    (sum, text) => sum + (text === null ? 0 : Buffer.byteLength(text)),
    0,
  );
}

function byTopic(records: readonly Outgoing[]) {
  const topics = new Map<string, Omit<Outgoing, 'topic'>[]>();
  for (const { topic, ...record } of records) {
    const list = topics.get(topic);
    if (list) list.push(record);
    else topics.set(topic, [record]);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
