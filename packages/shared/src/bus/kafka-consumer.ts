import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import type { Message, Topic } from '../contracts/contract.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { createLoop } from '../loop.ts';
import type { Subscription } from './bus.ts';
import type { Outgoing } from './kafka.ts';
import { createLanes } from './kafka-lanes.ts';

type Lanes = ReturnType<typeof createLanes>;

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
  gatherMs?: number;
};

/** The least that brokers allow by default: a member that died is given up after it. */
const SESSION_MS = 6_000;
/** Giving partitions out anew takes a session at most, without a heartbeat. */
const SILENCE_LIMIT_MS = 2 * SESSION_MS;
const HEARTBEAT_MS = 1_000;
const RESTART_DELAY_MS = 250;
/** How long what is done may be given again after a crash: each commit is a request to the broker. */
const COMMIT_MS = 200;
const LEAVE_LIMIT_MS = 3_000;

/**
 * Keeps a consumer in its group until stopped. kafkajs gives up on some errors and may come
 * back from a restart after it was told to stop, so each crash is followed by a new consumer
 * made here, whatever the error. So is a silence: where the wall clock is set back, kafkajs
 * sends no heartbeat until it has caught up.
 */
export function subscribe(options: Options): Subscription {
  const { log, group } = options;
  const lanes = createLanes({ ...options, sessionMs: SESSION_MS });
  const joined = Promise.withResolvers<void>();
  const stopping = new AbortController();
  const stopRequested = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  async function supervise(): Promise<void> {
    while (!stopping.signal.aborted) {
      const consumer = createConsumer(options);
      const commits = createLoop({
        name: `positions of ${group}`,
        intervalMs: COMMIT_MS,
        log,
        async round() {
          await lanes.commit((moved) => consumer.commitOffsets(moved));
          return 0;
        },
      });
      const ended = Promise.withResolvers<Error>();
      consumer.on(consumer.events.CRASH, ({ payload }) => ended.resolve(payload.error));
      let watch: NodeJS.Timeout | undefined;
      try {
        await options.ready();
        await run(consumer, options, { lanes, onJoin: joined.resolve });
        commits.start();
        lanes.beat();
        watch = setInterval(() => {
          if (lanes.silenceMs() < SILENCE_LIMIT_MS) return;
          ended.resolve(new Error('the coordinator of the group has not been heard of'));
        }, HEARTBEAT_MS);
        const error = await Promise.race([ended.promise, stopRequested]);
        if (error) log.warn('bus.consumer_restarts', { group, error: describeError(error) });
      } catch (error) {
        log.warn('bus.subscribe_failed', { group, error: describeError(error) });
      }
      clearInterval(watch);
      if (stopping.signal.aborted)
        await within(lanes.stop().then(commits.stop).then(commits.drain));
      else void commits.stop();
      await within(consumer.disconnect());
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
    rebalanceTimeout: SESSION_MS,
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
  { topicPrefix, topics, from = 'beginning' }: Options,
  { lanes, onJoin }: { lanes: Lanes; onJoin: () => void },
): Promise<void> {
  consumer.on(consumer.events.HEARTBEAT, lanes.beat);
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
    autoCommit: false,
    eachBatch: lanes.consume,
  });
}

/** Neither work that does not end nor a broker that is away is waited for. */
async function within(work: Promise<void>): Promise<void> {
  const limit = new AbortController();
  const late = sleep(LEAVE_LIMIT_MS, undefined, { signal: limit.signal });
  await Promise.race([work, late]).catch(() => undefined);
  limit.abort();
}
