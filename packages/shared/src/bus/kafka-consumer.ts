import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import type { Message, Topic } from '../contracts/contract.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { Subscription } from './bus.ts';
import type { Outgoing } from './kafka.ts';
import { createLanes } from './kafka-lanes.ts';

type Options = {
  kafka: Kafka;
  topicPrefix: string;
  log: Logger;
  /** Resolves once the topics exist. */
  ready: () => Promise<unknown>;
  sendRaw: (records: readonly Outgoing[]) => Promise<void>;
  group: string;
  topics: readonly Topic[];
  onMessage: (message: Message) => Promise<void>;
  attempts?: number;
  from?: 'beginning' | 'now';
  atOnce?: number;
};

/** The least that brokers allow by default: a member that died is given up after it. */
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_000;
const RESTART_DELAY_MS = 250;
const LEAVE_LIMIT_MS = 4_000;

/**
 * Keeps a consumer in its group until stopped. kafkajs gives up on some errors and may come
 * back from a restart after it was told to stop, so each crash is followed by a new consumer
 * made here, whatever the error.
 */
export function subscribe(options: Options): Subscription {
  const { log, group } = options;
  const joined = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const stopRequested = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  async function supervise(): Promise<void> {
    while (!stopping.signal.aborted) {
      const consumer = createConsumer(options);
      const crashed = new Promise<Error>((resolve) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error));
      });
      try {
        await options.ready();
        await run(consumer, options, { onJoin: joined.resolve, signal: stopping.signal });
        const error = await Promise.race([crashed, stopRequested]);
        if (error) log.warn('bus.consumer_restarts', { group, error: describeError(error) });
      } catch (error) {
        log.warn('bus.subscribe_failed', { group, error: describeError(error) });
      }
      await leave(consumer);
      if (!stopping.signal.aborted) await Promise.race([sleep(RESTART_DELAY_MS), stopRequested]);
    }
  }

  const supervised = supervise();
  return {
    joined: joined.promise,
    async stop() {
      stopping.abort();
      await supervised;
    },
  };
}

function createConsumer({ kafka, topicPrefix, group }: Options): Consumer {
  return kafka.consumer({
    groupId: topicPrefix + group,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 250,
    allowAutoTopicCreation: false,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 1_000,
      retries: 8,
      restartOnFailure: async () => false,
    },
  });
}

async function run(
  consumer: Consumer,
  options: Options,
  { onJoin, signal }: { onJoin: () => void; signal: AbortSignal },
): Promise<void> {
  const { topicPrefix, topics, from = 'beginning' } = options;
  const lanes = createLanes({ ...options, heartbeatMs: HEARTBEAT_MS, sessionMs: SESSION_MS });
  signal.addEventListener('abort', lanes.stop, { once: true });
  consumer.on(consumer.events.GROUP_JOIN, () => {
    lanes.startGeneration();
    onJoin();
  });
  await consumer.connect();
  await consumer.subscribe({
    topics: topics.map((topic) => topicPrefix + topic),
    fromBeginning: from === 'beginning',
  });
  await consumer.run({
    partitionsConsumedConcurrently: 12,
    eachBatchAutoResolve: false,
    eachBatch: lanes.consume,
  });
}

/** Leaves the group, so that others take over at once; a broker that is away is not waited for. */
async function leave(consumer: Consumer): Promise<void> {
  const limit = new AbortController();
  const left = consumer.disconnect().catch(() => undefined);
  const late = sleep(LEAVE_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => undefined);
  await Promise.race([left, late]);
  limit.abort();
}
