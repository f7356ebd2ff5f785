import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { monotonicMs } from '../clock.ts';
import type { Message } from '../contracts/contract.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { asFault } from '../outage.ts';
import { DEAD_LETTER_SUFFIX } from './bus.ts';
import { fromRecord } from './envelope.ts';
import type { Outgoing } from './kafka.ts';

type Options = {
  topicPrefix: string;
  log: Logger;
  sendRaw: (records: readonly Outgoing[]) => Promise<void>;
  group: string;
  onMessage: (message: Message) => Promise<void>;
  attempts?: number;
  atOnce?: number;
  heartbeatMs: number;
  sessionMs: number;
};

/** What is known of a partition beyond its position: records past a gap, and failed tries. */
type Progress = { done: Set<string>; tries: Map<string, number> };

type Source = { topic: string; partition: number; record: KafkaMessage };

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 1_000;
const AT_ONCE = 16;
const LOST = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/**
 * Runs batches in lanes, a lane a key. A record that fails ends its lane for this time and
 * pauses its partition for a while; the position moves up to the first record not done, and
 * what was done beyond it is not given again. kafkajs fetches anew only when all batches of a
 * broker have ended, so nothing here waits for a failed record: other partitions go on.
 */
export function createLanes(options: Options) {
  const { log, group, topicPrefix, heartbeatMs, sessionMs } = options;
  const partitions = new Map<string, Progress>();
  const limit = createLimit(options.atOnce ?? AT_ONCE);
  let generation = 0;
  let stopped = false;

  async function consume(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const mine = generation;
    const membership = watchMembership(payload.heartbeat, { heartbeatMs, sessionMs });
    const goesOn = () =>
      !stopped && mine === generation && payload.isRunning() && !membership.isLost();
    const topic = batch.topic.slice(topicPrefix.length);
    const name = `${topic}/${batch.partition}`;
    const progress = partitions.get(name) ?? { done: new Set(), tries: new Map() };
    partitions.set(name, progress);
    try {
      const lanes = Map.groupBy(batch.messages, (record) => record.key?.toString() ?? '');
      await Promise.all(
        [...lanes.values()].map(async (records) => {
          for (const record of records) {
            if (progress.done.has(record.offset)) continue;
            const source = { topic, partition: batch.partition, record };
            const taken = await limit(async () => goesOn() && (await deliver(source, progress)));
            if (!taken) return;
            progress.done.add(record.offset);
          }
        }),
      );
    } finally {
      membership.stop();
    }
    if (mine !== generation) return;
    advance(payload, progress);
    pauseAfterFailure(payload, progress);
  }

  /** True when the record was taken, or put aside as poisonous; false when it must come again. */
  async function deliver(source: Source, progress: Progress): Promise<boolean> {
    const { record } = source;
    try {
      await options.onMessage(fromRecord(source.topic, record));
      return true;
    } catch (error) {
      const tries = (progress.tries.get(record.offset) ?? 0) + 1;
      progress.tries.set(record.offset, tries);
      const retryable = asFault(error)?.retryable;
      const where = { group, topic: source.topic, offset: record.offset };
      log.warn('bus.message_failed', { ...where, attempt: tries, error: describeError(error) });
      const poisonous = retryable === false || (!retryable && tries >= (options.attempts ?? 5));
      return poisonous && (await park(source, error));
    }
  }

  /** Puts a poisonous record aside with its reason; false while the broker does not take it. */
  async function park({ topic, partition, record }: Source, reason: unknown): Promise<boolean> {
    const headers: Record<string, string | Buffer> = {};
    for (const [name, value] of Object.entries(record.headers ?? {})) {
      if (value !== undefined && !Array.isArray(value)) headers[name] = value;
    }
    const error = describeError(reason);
    const parked: Outgoing = {
      topic: topicPrefix + topic + DEAD_LETTER_SUFFIX,
      key: record.key,
      value: record.value,
      headers: {
        ...headers,
        'dead-letter-reason': error.slice(0, 2_000),
        'dead-letter-group': group,
        'dead-letter-source': `${topic}/${partition}/${record.offset}`,
      },
    };
    const where = { group, topic, offset: record.offset, error };
    try {
      await options.sendRaw([parked]);
    } catch (cause) {
      log.warn('bus.parking_failed', { ...where, error: describeError(cause) });
      return false;
    }
    log.error('bus.message_parked', where);
    return true;
  }

  return {
    consume,
    /** The group gave partitions out anew: what others may have moved on is forgotten. */
    startGeneration() {
      generation += 1;
      partitions.clear();
    },
    /** Begins no further record. */
    stop() {
      stopped = true;
    },
  };
}

/** Moves the position up to the first record not done; kafkajs commits it after the batch. */
function advance({ batch, resolveOffset }: EachBatchPayload, { done, tries }: Progress): void {
  for (const { offset } of batch.messages) {
    if (!done.has(offset)) return;
    resolveOffset(offset);
    done.delete(offset);
    tries.delete(offset);
  }
}

function pauseAfterFailure({ pause }: EachBatchPayload, { tries, done }: Progress): void {
  const failed = [...tries].filter(([offset]) => !done.has(offset)).map(([, count]) => count);
  if (failed.length === 0) return;
  const resume = pause();
  const backoffMs = FIRST_BACKOFF_MS * 2 ** (Math.min(...failed) - 1);
  setTimeout(resume, Math.min(backoffMs, LONGEST_BACKOFF_MS));
}

/**
 * Beats while a batch is at work. The membership is lost when the coordinator says so, or
 * when it has not answered for as long as it waits for a member.
 */
function watchMembership(
  heartbeat: () => Promise<void>,
  { heartbeatMs, sessionMs }: { heartbeatMs: number; sessionMs: number },
) {
  let lost = false;
  let lastBeatMs = monotonicMs();
  const beat = async () => {
    try {
      await heartbeat();
      lastBeatMs = monotonicMs();
    } catch (error) {
      lost ||= LOST.has((error as { type?: string }).type ?? '');
      lost ||= monotonicMs() - lastBeatMs > sessionMs;
    }
  };
  const timer = setInterval(() => void beat(), heartbeatMs);
  return { isLost: () => lost, stop: () => clearInterval(timer) };
}

/** Lets so many run at once, the others in turn: a batch of many keys must not use up a pool. */
function createLimit(atOnce: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async function limit<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
