import {
  readSeatMapEntry,
  SEAT_MAP_START,
  SEAT_MAP_STREAM_LENGTH,
  seatMapEpochKey,
  seatMapKey,
} from '@holdfast/shared/contracts/seat-map.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Redis } from 'ioredis';
import type { FoundStream, StreamEntry } from './seat-state.ts';

/** What one look at Redis told. */
export type Reading = {
  readonly epoch: string;
  /** Redis's clock. */
  readonly nowMs: number;
  /** Streams that were to be opened, whole. */
  readonly found: ReadonlyMap<string, FoundStream>;
  /** What was added to streams that are followed. */
  readonly arrived: ReadonlyMap<string, readonly StreamEntry[]>;
};

type RawEntry = [id: string, fields: string[]];

/**
 * Reads the seat maps' streams in Redis. It asks rather than blocks: a blocked read would have to
 * be broken off whenever somebody subscribes to one more event, and what comes is sent ten times a
 * second anyway.
 */
export function createSeatStreams(redis: Redis, topicPrefix: string) {
  const epochKey = seatMapEpochKey(topicPrefix);
  const keyOf = (eventId: string) => seatMapKey(topicPrefix, eventId);

  /** All in one round trip; throws when Redis does not answer. */
  async function read(
    toOpen: readonly string[],
    toFollow: ReadonlyMap<string, string>,
  ): Promise<Reading> {
    const pipeline = redis.pipeline().get(epochKey).time();
    for (const eventId of toOpen) {
      pipeline.xinfo('STREAM', keyOf(eventId));
      pipeline.xrevrange(keyOf(eventId), '+', '-', 'COUNT', SEAT_MAP_STREAM_LENGTH);
    }
    if (toFollow.size > 0) {
      const keys = [...toFollow.keys()].map(keyOf);
      pipeline.xread('COUNT', SEAT_MAP_STREAM_LENGTH, 'STREAMS', ...keys, ...toFollow.values());
    }
    const answers = (await pipeline.exec()) ?? [];
    const [epochAnswer, timeAnswer, ...rest] = answers;
    const epoch = (answerOf(epochAnswer) as string | null) ?? (await beginEpoch());
    const [seconds, micros] = answerOf(timeAnswer) as [string | number, string | number];

    const found = new Map<string, FoundStream>();
    for (const [at, eventId] of toOpen.entries()) {
      found.set(eventId, readWhole(epoch, rest[at * 2], rest[at * 2 + 1]));
    }
    const arrived = new Map<string, readonly StreamEntry[]>();
    const streams =
      toFollow.size > 0 ? (answerOf(rest.at(-1)) as [string, RawEntry[]][] | null) : [];
    const byKey = new Map((streams ?? []).map(([key, entries]) => [key, entries]));
    for (const eventId of toFollow.keys()) {
      const entries = byKey.get(keyOf(eventId));
      if (entries) arrived.set(eventId, entries.flatMap(asEntry));
    }
    return { epoch, nowMs: Number(seconds) * 1_000 + Number(micros) / 1_000, found, arrived };
  }

  /** A Redis that lost what it had, or is new: whoever comes first names the epoch. */
  async function beginEpoch(): Promise<string> {
    const made = newId();
    await redis.set(epochKey, made, 'NX');
    return (await redis.get(epochKey)) ?? made;
  }

  return { read };
}

export type SeatStreams = ReturnType<typeof createSeatStreams>;

type Answer = [error: Error | null, value: unknown] | undefined;

function answerOf(answer: Answer): unknown {
  const [error, value] = answer ?? [new Error('Redis gave no answer'), undefined];
  if (error) throw error;
  return value;
}

function readWhole(epoch: string, about: Answer, newestFirst: Answer): FoundStream {
  // A stream that nothing was written to is no key at all.
  if (about?.[0]?.message.includes('no such key')) {
    return { epoch, lastId: SEAT_MAP_START, entries: [], trimmed: false };
  }
  const fields = answerOf(about) as unknown[];
  const fieldOf = (name: string) => fields[fields.indexOf(name) + 1];
  const entries = (answerOf(newestFirst) as RawEntry[]).toReversed();
  return {
    epoch,
    // A stream that was emptied still knows its last id; entries may have come since it told.
    lastId: entries.at(-1)?.[0] ?? String(fieldOf('last-generated-id')),
    entries: entries.flatMap(asEntry),
    trimmed: Number(fieldOf('entries-added')) > entries.length,
  };
}

function asEntry([id, fields]: RawEntry): StreamEntry[] {
  const entry = readSeatMapEntry(fields);
  return entry === undefined ? [] : [{ id, ...entry }];
}
