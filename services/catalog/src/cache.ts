import type { Logger } from '@holdfast/shared/logger.ts';
import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';

const LIFE_SECONDS = 10;
const COMMAND_LIMIT_MS = 100;

/** Reads that many ask for alike, kept for seconds. Without Redis each read goes to the store. */
export type Cache = {
  /** `load` by id through the cache; an undefined result is not kept. */
  remember<T>(name: string, load: (id: string) => Promise<T | undefined>): Remembered<T>;
  ping: (() => Promise<void>) | undefined;
  close(): Promise<void>;
};
export type Remembered<T> = {
  read(id: string): Promise<T | undefined>;
  /** To be called after the change was stored; a missed call costs at most 10 s of staleness. */
  forget(id: string): Promise<void>;
};

/**
 * The cache in Redis. It carries no safety: commands give up after 100 ms, failures are misses,
 * and nothing that decides is ever read from it.
 */
export function openCache(options: {
  redisUrl: string | undefined;
  prefix: string;
  log: Logger;
}): Cache {
  if (options.redisUrl === undefined) return withoutCache();
  const { log } = options;
  const client = new Redis(options.redisUrl, {
    keyPrefix: `${options.prefix}:`,
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
    remember<T>(name: string, load: (id: string) => Promise<T | undefined>): Remembered<T> {
      const read = (id: string) => load(id);
      const defined = cache.define(name, read)[name] ?? read;
      return {
        read: (id) => defined(id),
        forget: (id) => cache.clear(name, id),
      };
    },
    async ping() {
      await client.ping();
    },
    async close() {
      client.disconnect();
    },
  };
}

function withoutCache(): Cache {
  return {
    remember: (_name, load) => ({ read: load, forget: async () => undefined }),
    ping: undefined,
    close: async () => undefined,
  };
}
