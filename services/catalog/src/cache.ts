import { createKeptAnswers, type KeptAnswers } from '@holdfast/shared/http/kept-answers.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop } from '@holdfast/shared/loop.ts';
import type { Metrics } from '@holdfast/shared/metrics.ts';
import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';
import { openTidings } from './tidings.ts';

const LIFE_SECONDS = 10;
/** When a change is told of once more: a read begun before it may have put the old state back. */
const SECOND_WORD_MS = 100;
const RENEW_EVERY_MS = 500;
const COMMAND_LIMIT_MS = 100;

/**
 * Reads that many ask for alike. Whole answers are kept in this process (`kept`), what they are made
 * of in Redis, for all processes; without Redis it is read from the store.
 */
export type Cache = {
  kept: KeptAnswers;
  /** `load` by id through the cache; an undefined result is not kept. */
  remember<T>(name: 'event' | 'venue', load: (id: string) => Promise<T | undefined>): Remembered<T>;
  ping: (() => Promise<void>) | undefined;
  close(): Promise<void>;
};
export type Remembered<T> = {
  read(id: string): Promise<T | undefined>;
  /**
   * To be called after the change was stored: all processes read it anew, within 250 ms. A missed
   * call costs at most the life of the answers. Lists that it is in are forgotten too; with
   * `lists` (as by default) all of them, since it may come into others.
   */
  forget(id: string, scope?: { lists: boolean }): Promise<void>;
};

/** What an answer about one event or venue, or about lists of them, is kept under. */
export const tagOf = {
  event: (eventId: string) => `event:${eventId}`,
  venue: (venueId: string) => `venue:${venueId}`,
  events: 'events',
  venues: 'venues',
} as const;

/**
 * The cache in Redis. It carries no safety: commands give up after 100 ms, failures are misses,
 * and nothing that decides is ever read from it.
 */
export function openCache(options: {
  redisUrl: string | undefined;
  prefix: string;
  log: Logger;
  metrics: Metrics;
  confirm: (of: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}): Cache {
  const kept: KeptAnswers = createKeptAnswers({
    ...options,
    isSure: () => tidings.isSure(),
  });
  const tidings = openTidings({
    ...options,
    hear: (tags) => kept.forget(tags),
    missed: () => kept.clear(),
  });
  const redis = options.redisUrl === undefined ? undefined : openRedis(options.redisUrl, options);

  // A failed round costs what was not confirmed its keep.
  const renewing = createLoop({
    name: 'kept-answers',
    intervalMs: RENEW_EVERY_MS,
    log: options.log,
    async round() {
      await kept.renew();
      return 0;
    },
  });
  renewing.start();

  return {
    kept,
    remember<T>(name: 'event' | 'venue', load: (id: string) => Promise<T | undefined>) {
      const remembered = redis?.remember(name, load);
      async function forgetOnce(id: string, lists: boolean): Promise<void> {
        // First Redis, then the answers made of it.
        await remembered?.forget(id);
        const tags = [tagOf[name](id), ...(lists ? [tagOf[`${name}s`]] : [])];
        kept.forget(tags);
        tidings.tell(tags);
      }
      return {
        read: remembered?.read ?? load,
        async forget(id, { lists } = { lists: true }) {
          await forgetOnce(id, lists);
          setTimeout(() => forgetOnce(id, lists).catch(() => undefined), SECOND_WORD_MS).unref();
        },
      };
    },
    ping: redis?.ping,
    async close() {
      await renewing.stop();
      tidings.close();
      redis?.close();
    },
  };
}

function openRedis(url: string, { prefix, log }: { prefix: string; log: Logger }) {
  const client = new Redis(url, {
    keyPrefix: `${prefix}:`,
    commandTimeout: COMMAND_LIMIT_MS,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (tries) => Math.min(tries * 50, 1_000),
  });
  // Each failed attempt to connect is an event; the dependency's health tells it once.
  client.on('error', (error) => log.debug('cache.unreachable', { error: error.message }));
  const quiet = () => undefined;
  const cache = createCache({
    ttl: (result) => (result === undefined || result === null ? 0 : LIFE_SECONDS),
    storage: {
      type: 'redis',
      options: { client, log: { debug: quiet, warn: quiet, error: quiet } },
    },
  });

  return {
    remember<T>(
      name: 'event' | 'venue',
      load: (id: string) => Promise<T | undefined>,
    ): Remembered<T> {
      // As text: the library would write members in another order than the store's answer has.
      const readText = async (id: string) => {
        const found = await load(id);
        return found === undefined ? undefined : JSON.stringify(found);
      };
      const defined = cache.define(name, readText)[name] ?? readText;
      return {
        async read(id: string): Promise<T | undefined> {
          const text = await defined(id);
          return text === undefined || text === null ? undefined : (JSON.parse(text) as T);
        },
        forget: (id: string) => cache.clear(name, id),
      };
    },
    async ping() {
      await client.ping();
    },
    close: () => client.disconnect(),
  };
}
