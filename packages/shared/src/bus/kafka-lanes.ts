import { setTimeout as sleep } from 'node:timers/promises';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { monotonicMs } from '../clock.ts';
import type { Message } from '../contracts/contract.ts';
import { describeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { asFault } from '../outage.ts';
import { DEAD_LETTER_SUFFIX } from './bus.ts';
import { fromRecord } from './envelope.ts';
import type { Outgoing } from './kafka.ts';
import { createPositions, type Position } from './kafka-positions.ts';

type Options = {
  topicPrefix: string;
  log: Logger;
  sendRaw: (records: readonly Outgoing[]) => Promise<void>;
  group: string;
  onMessage: (message: Message) => Promise<void>;
  attempts?: number;
  atOnce?: number;
  gatherMs?: number;
  sessionMs: number;
};

type Source = { topic: string; partition: number; record: KafkaMessage };

const FIRST_BACKOFF_MS = 50;
const LONGEST_BACKOFF_MS = 1_000;
const AT_ONCE = 16;
/** Records of a partition that were begun and are not done; at twice as many it pauses. */
const ENOUGH = 256;

/**
 * Gives records to the subscriber in lanes, a lane a key, while kafkajs goes on fetching: no record
 * waits for one of another key. One that fails is tried again in its lane. The position of a
 * partition is the first record not done, so that nothing is skipped whatever is done beyond it.
 */
export function createLanes(options: Options) {
  const { log, group, topicPrefix, sessionMs, gatherMs = 0 } = options;
  const limit = createLimit(options.atOnce ?? AT_ONCE);
  const stopping = new AbortController();
  /** The last work of each key. They outlive a generation: one key is never at work twice here. */
  const lanes = new Map<string, Promise<void>>();
  let positions = createPositions(ENOUGH);
  let lastBeatMs = monotonicMs();
  let gathering: Promise<void> | undefined;

  /** Begins the records of a batch, and waits for none of them. */
  async function consume({ batch, pause }: EachBatchPayload): Promise<void> {
    if (stopping.signal.aborted) return;
    const mine = positions;
    const topic = batch.topic.slice(topicPrefix.length);
    for (const record of batch.messages) {
      if (!mine.begin(batch, record.offset)) continue;
      const source = { topic, partition: batch.partition, record };
      const lane = `${topic}/${batch.partition}/${record.key?.toString() ?? ''}`;
      const work = (lanes.get(lane) ?? Promise.resolve()).then(async () => {
        if (await take(source, () => mine === positions)) mine.end(batch, record.offset);
        if (lanes.get(lane) === work) lanes.delete(lane);
      });
      lanes.set(lane, work);
    }
    if (mine.openOf(batch) >= 2 * ENOUGH) void mine.whenEased(batch).then(pause());
    if (gatherMs > 0) await gather();
  }

  const silenceMs = () => monotonicMs() - lastBeatMs;

  /** The batches of a fetch wait together. */
  function gather(): Promise<void> {
    gathering ??= pauseFor(gatherMs).then(() => {
      gathering = undefined;
    });
    return gathering;
  }

  /** Tries until the record was taken or put aside; false when it is not for this member any more. */
  async function take(source: Source, isMine: () => boolean): Promise<boolean> {
    const goesOn = () => !stopping.signal.aborted && isMine();
    for (let tries = 0; goesOn(); ) {
      // Not heard of for as long as the coordinator waits for a member: others may have it by now.
      if (silenceMs() > sessionMs) {
        await pauseFor(FIRST_BACKOFF_MS);
        continue;
      }
      const taken = await limit(async () => {
        if (!goesOn()) return false;
        tries += 1;
        return deliver(source, tries);
      });
      if (taken) return true;
      if (goesOn())
        await pauseFor(Math.min(FIRST_BACKOFF_MS * 2 ** (tries - 1), LONGEST_BACKOFF_MS));
    }
    return false;
  }

  async function pauseFor(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  }

  /** True when the record was taken, or put aside as poisonous; false when it must come again. */
  async function deliver(source: Source, tries: number): Promise<boolean> {
    const { record } = source;
    try {
      await options.onMessage(fromRecord(source.topic, record));
      return true;
    } catch (error) {
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
    /** Since the coordinator was heard of last. */
    silenceMs,
    /** The coordinator was heard of. */
    beat() {
      lastBeatMs = monotonicMs();
    },
    /** The group gives partitions out anew: what was not begun is left to whoever gets it. */
    startGeneration() {
      lastBeatMs = monotonicMs();
      positions.abandon();
      positions = createPositions(ENOUGH);
    },
    /** Has `write` commit how far the member has come; a failure leaves it to the next time. */
    async commit(write: (moved: Position[]) => Promise<void>): Promise<void> {
      const mine = positions;
      const moved = mine.moved();
      if (moved.length === 0) return;
      await write(moved);
      mine.committed(moved);
    },
    /** Begins no further record; resolves when those at work have ended. */
    async stop() {
      stopping.abort();
      await Promise.all(lanes.values());
    },
  };
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
