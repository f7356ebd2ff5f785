import type { Bus } from '@holdfast/shared/bus/bus.ts';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Upgrades } from '@holdfast/shared/http/listener.ts';
import type { Route } from '@holdfast/shared/http/route.ts';
import { closeAll } from '@holdfast/shared/lifecycle.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop } from '@holdfast/shared/loop.ts';
import type { Metrics } from '@holdfast/shared/metrics.ts';
import { Redis } from 'ioredis';
import type { GatewayConfig } from '../config.ts';
import { createAdmission } from './admission.ts';
import { createEventMaps } from './event-maps.ts';
import { eventStreamRoutes } from './event-streams.ts';
import { createKnownEvents } from './known-events.ts';
import { createMapPolling } from './map-polling.ts';
import { createPost } from './post.ts';
import { socketRoute, ticketRoute } from './routes.ts';
import { createSeatStreams } from './seat-streams.ts';
import { createSockets } from './sockets.ts';
import { createTickets } from './tickets.ts';
import { createUserFeed } from './user-feed.ts';

/** Live seat maps and users' own changes, over WebSockets and server-sent events. */
export type Live = {
  readonly upgrades: Upgrades;
  readonly routes: readonly Route[];
  /** Resolves when changes of holds and bookings are heard. */
  readonly heard: Promise<void>;
  pingRedis(): Promise<unknown>;
  /** Ends all connections, each told why. */
  stop(): Promise<void>;
};

export function openLive(options: {
  config: GatewayConfig;
  bus: Bus;
  log: Logger;
  metrics: Metrics;
}): Live {
  const { config, bus, log, metrics } = options;
  const { TOPIC_PREFIX: topicPrefix, LIVE_TICKET_SECONDS: lifeSeconds } = config;
  const trustedProxies = config.TRUSTED_PROXIES;
  const redis = connect(config.REDIS_URL, log);
  const post = createPost(metrics);
  const maps = createEventMaps({
    streams: createSeatStreams(redis, topicPrefix),
    post,
    metrics,
    log,
    mostUnsentBytes: config.LIVE_UNSENT_BYTES,
  });
  const users = createUserFeed({ bus, post });
  const known = createKnownEvents(config.CATALOG_URL);
  const tickets = createTickets({ redis, topicPrefix, lifeSeconds, log });
  const admission = createAdmission({
    total: config.LIVE_CONNECTIONS,
    perUser: config.LIVE_CONNECTIONS_PER_USER,
    perAddress: config.LIVE_CONNECTIONS_PER_ADDRESS,
  });
  const gauges = [
    ['holdfast_live_connections', 'Sockets and streams open', admission.count],
    ['holdfast_live_subscriptions', 'Events followed, over all connections', maps.subscriptions],
  ] as const;
  for (const [name, help, count] of gauges) metrics.gauge(name, help, async () => count());

  let beganAtMs = Number.NEGATIVE_INFINITY;
  const loop = createLoop({
    name: 'live',
    // Half a round's rest at least, so that long rounds leave time for everything else.
    intervalMs: config.LIVE_ROUND_MS / 2,
    log,
    async round() {
      if (monotonicMs() - beganAtMs < config.LIVE_ROUND_MS) return 0;
      beganAtMs = monotonicMs();
      await maps.round();
      await post.deliver();
      return 0;
    },
  });
  const polling = createMapPolling({ catalogUrl: config.CATALOG_URL, maps, post, log });
  const pollingLoop = createLoop({
    name: 'live-polling',
    intervalMs: config.LIVE_POLLING_MS,
    log,
    async round() {
      await polling.round();
      return 0;
    },
  });
  for (const one of [loop, pollingLoop]) one.start();
  const beating = setInterval(admission.beat, config.LIVE_BEAT_MS);

  return {
    upgrades: createSockets({
      maps,
      users,
      known,
      tickets,
      admission,
      mostEvents: config.LIVE_EVENTS_PER_CONNECTION,
      origins: config.LIVE_ORIGINS,
      trustedProxies,
    }),
    routes: [
      socketRoute(),
      ticketRoute(tickets, lifeSeconds),
      ...eventStreamRoutes({ maps, users, known, admission, trustedProxies }),
    ],
    heard: users.joined,
    pingRedis: () => redis.ping(),
    async stop() {
      clearInterval(beating);
      await closeAll(loop.stop, pollingLoop.stop, admission.endAll, () => redis.disconnect());
    },
  };
}

/** Gives up soon and keeps nothing for later: what could not be read now is asked again anyway. */
function connect(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    commandTimeout: 1_000,
    connectTimeout: 1_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (tries) => Math.min(tries * 50, 1_000),
  });
  redis.on('error', (error) => log.debug('live.redis_unreachable', { error: error.message }));
  return redis;
}
