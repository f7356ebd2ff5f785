import { monotonicMs } from '@holdfast/shared/clock.ts';
import {
  readSeatMapEntry,
  SEAT_MAP_START,
  SEAT_MAP_STREAM_LENGTH,
  type SeatDelta,
  type SeatMapPlace,
  seatMapEpochKey,
  seatMapKey,
  writeSeatMapEntry,
} from '@holdfast/shared/contracts/seat-map.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

const COMMAND_LIMIT_MS = 500;
/** After a failure nobody waits for Redis again so soon. */
const PAUSE_MS = 500;
const MEND_AGAIN_MS = 1_000;
/** A stream of an event in which nothing happens any more goes away by itself. */
const STREAM_LIFE_SECONDS = 86_400;
const PROLONG_EVERY_MS = 600_000;
const MOST_PROLONGED = 10_000;

/** What came after a place: changes, a gap (read the documents), or nobody knows. */
export type Since = { deltas: SeatDelta[]; place: SeatMapPlace } | 'gap' | 'away';

/**
 * The changes of seats as the processes tell one another through Redis, a capped stream an event
 * (contracts/seat-map.ts). It carries no safety. Whatever may have been lost (a failed write, a
 * broken connection, what a process that died had not written) ends the epoch, and whoever
 * holds a place of an older one reads the documents again.
 */
export type DeltaStream = {
  /** Where the stream of an event ends now; undefined while Redis is away. */
  end(eventId: string): Promise<SeatMapPlace | undefined>;
  since(eventId: string, place: SeatMapPlace): Promise<Since>;
  /** Writes changes by event. Never throws, and gives up after half a second. */
  write(changes: ReadonlyMap<string, readonly SeatDelta[]>): Promise<void>;
  /** Makes all readers read the documents again, say because a plan has changed. */
  renew(): Promise<void>;
  close(): void;
};

export function openDeltaStream(options: {
  redisUrl: string | undefined;
  topicPrefix: string;
  log: Logger;
}): DeltaStream {
  const { redisUrl, topicPrefix, log } = options;
  if (redisUrl === undefined) return withoutStream();
  const epochKey = seatMapEpochKey(topicPrefix);
  const client = new Redis(redisUrl, {
    commandTimeout: COMMAND_LIMIT_MS,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (tries) => Math.min(tries * 50, 1_000),
  });
  /** Whether changes may be missing in the streams; what came before this process is not known. */
  let lossy = true;
  let awayUntil = 0;
  let lastEpoch: string | undefined;
  /** Events whose stream this process gave its full life of late. */
  const prolonged = new LRUCache<string, true>({ max: MOST_PROLONGED, ttl: PROLONG_EVERY_MS });
  client.on('error', (error) => log.debug('seat_map.unreachable', { error: error.message }));
  client.on('close', () => {
    lossy = true;
  });
  client.on('ready', () => {
    awayUntil = 0;
    mend().catch(() => undefined);
  });
  // A write may fail on a connection that stays: then no other event says that Redis is back.
  const mending = setInterval(() => void mend().catch(() => undefined), MEND_AGAIN_MS);
  mending.unref();

  async function renew(): Promise<void> {
    lossy = false;
    try {
      const epoch = newId();
      await client.set(epochKey, epoch);
      noteEpoch(epoch);
    } catch (error) {
      lossy = true;
      throw error;
    }
  }
  async function mend(): Promise<void> {
    if (lossy && client.status === 'ready') await renew();
  }
  function noteFailure(): void {
    awayUntil = monotonicMs() + PAUSE_MS;
  }
  function noteEpoch(epoch: string): void {
    if (epoch !== lastEpoch) prolonged.clear();
    lastEpoch = epoch;
  }
  /** The epoch, or a new one where Redis has lost it. */
  async function readEpoch(): Promise<string> {
    const fresh = newId();
    const epoch = (await client.set(epochKey, fresh, 'NX', 'GET')) ?? fresh;
    noteEpoch(epoch);
    return epoch;
  }
  async function writeUnder(
    epoch: string,
    changes: ReadonlyMap<string, readonly SeatDelta[]>,
  ): Promise<void> {
    await Promise.all(
      [...changes].flatMap(([eventId, deltas]) => {
        const key = seatMapKey(topicPrefix, eventId);
        const fields = writeSeatMapEntry({ epoch, changes: deltas });
        const added = client.xadd(key, 'MAXLEN', '~', SEAT_MAP_STREAM_LENGTH, '*', ...fields);
        if (prolonged.has(eventId)) return [added];
        prolonged.set(eventId, true);
        return [added, client.expire(key, STREAM_LIFE_SECONDS)];
      }),
    );
  }

  return {
    async end(eventId) {
      if (monotonicMs() < awayUntil) return undefined;
      try {
        const [epoch, last] = await Promise.all([
          readEpoch(),
          client.xrevrange(seatMapKey(topicPrefix, eventId), '+', '-', 'COUNT', 1),
        ]);
        return { epoch, streamId: last[0]?.[0] ?? SEAT_MAP_START };
      } catch {
        noteFailure();
        return undefined;
      }
    },

    async since(eventId, place) {
      if (monotonicMs() < awayUntil) return 'away';
      try {
        const [epoch, read] = await Promise.all([
          readEpoch(),
          client.xread(
            'COUNT',
            SEAT_MAP_STREAM_LENGTH,
            'STREAMS',
            seatMapKey(topicPrefix, eventId),
            place.streamId,
          ),
        ]);
        const entries = read?.[0]?.[1] ?? [];
        const told = entries.map(([, fields]) => readSeatMapEntry(fields));
        const isWhole =
          epoch === place.epoch &&
          entries.length < SEAT_MAP_STREAM_LENGTH &&
          told.every((entry) => entry?.epoch === epoch);
        if (!isWhole) return 'gap';
        return {
          deltas: told.flatMap((entry) => entry?.changes ?? []),
          place: { epoch, streamId: entries.at(-1)?.[0] ?? place.streamId },
        };
      } catch {
        noteFailure();
        return 'away';
      }
    },

    async write(changes) {
      if (monotonicMs() < awayUntil) {
        lossy = true;
        return;
      }
      try {
        await mend();
        // All in one packet, under the epoch as this process last saw it; once more where it is
        // another by now, which the first entry tells readers as well.
        const known = lastEpoch ?? (await readEpoch());
        const [epoch] = await Promise.all([readEpoch(), writeUnder(known, changes)]);
        if (epoch !== known) await writeUnder(epoch, changes);
      } catch (error) {
        if (!lossy) log.warn('seat_map.not_written', { error: describeError(error) });
        lossy = true;
        prolonged.clear();
        noteFailure();
      }
    },

    renew: () => renew().catch(() => undefined),
    close() {
      clearInterval(mending);
      client.disconnect();
    },
  };
}

function withoutStream(): DeltaStream {
  return {
    end: async () => undefined,
    since: async () => 'away',
    write: async () => undefined,
    renew: async () => undefined,
    close: () => undefined,
  };
}
