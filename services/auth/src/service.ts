import type { Subscription } from '@holdfast/shared/bus/bus.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { closeAll, type Service } from '@holdfast/shared/lifecycle.ts';
import { createLogger, type Logger } from '@holdfast/shared/logger.ts';
import type { Loop } from '@holdfast/shared/loop.ts';
import { createMetrics, type Metrics } from '@holdfast/shared/metrics.ts';
import { createOpening } from '@holdfast/shared/opening.ts';
import { createOutboxRelay, outboxLag } from '@holdfast/shared/outbox/postgres.ts';
import { openPostgres, type Postgres } from '@holdfast/shared/postgres/database.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import packageJson from '../package.json' with { type: 'json' };
import { ensureFirstAdmin } from './accounts/first-admin.ts';
import { createPasswords, type Passwords } from './accounts/passwords.ts';
import type { AuthConfig } from './config.ts';
import { createHousekeeping } from './housekeeping.ts';
import { openKeyring } from './keys/keyring.ts';
import type { AuthParts } from './parts.ts';
import { adminRoutes } from './routes/admin-routes.ts';
import { profileRoutes } from './routes/profile-routes.ts';
import { sessionRoutes } from './routes/session-routes.ts';
import { tokenRoutes } from './routes/token-routes.ts';
import { consumeBookings } from './tiers/consume-bookings.ts';
import { keepTierRule } from './tiers/tier-bookings.ts';
import { createTierLoop } from './tiers/tier-loop.ts';

/** What works once the store answered. */
type Running = {
  readonly parts: AuthParts;
  readonly postgres: Postgres;
  readonly relay: Loop;
  readonly housekeeping: Loop;
  readonly tiers: Loop;
  readonly bookings: Subscription;
};

export type AuthService = Service & {
  readonly log: Logger;
  /** Resolves when the store answered and the loops run; rejects if it never will. */
  readonly ready: Promise<Running>;
};

/**
 * Starts the service. It listens at once, and answers 503 until PostgreSQL was there; Kafka may
 * be away at any time, messages wait in the outbox.
 */
export async function createService(config: AuthConfig): Promise<AuthService> {
  const log = createLogger('auth', config.LOG_LEVEL);
  const metrics = createMetrics('auth');
  const passwords = await createPasswords({
    memoryKib: config.PASSWORD_MEMORY_KIB,
    timeCost: config.PASSWORD_TIME_COST,
    atOnce: config.PASSWORD_HASHES_AT_ONCE,
  });
  const bus = createKafkaBus({
    brokers: config.KAFKA_BROKERS,
    clientId: 'auth',
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });
  const opening = createOpening({
    open: (signal) => open(config, { log, metrics, passwords, bus, signal }),
    close: ({ bookings, tiers, housekeeping, relay, postgres }) =>
      closeAll(bookings.stop, tiers.stop, housekeeping.stop, relay.stop, postgres.close),
  });
  const use = () => opening.use().parts;

  const http = await serve({
    service: 'auth',
    version: packageJson.version,
    description: 'Accounts, sessions, roles and the keys that verify access tokens.',
    host: config.HOST,
    port: config.PORT,
    routes: [
      ...sessionRoutes(use),
      ...profileRoutes(use),
      ...adminRoutes(use),
      ...tokenRoutes(use),
    ],
    log,
    metrics,
    verifyToken: createTokenVerifier((header, token) => use().keyring.find(header, token)),
    dependencies: {
      postgres: { ping: async () => opening.use().postgres.ping(), required: true },
      kafka: { ping: bus.ping, required: false },
    },
  });

  opening.begin();
  return {
    url: http.url,
    log,
    ready: opening.ready,
    stop: () => closeAll(http.stop, opening.stop, bus.close),
  };
}

async function open(
  config: AuthConfig,
  given: {
    log: Logger;
    metrics: Metrics;
    passwords: Passwords;
    bus: ReturnType<typeof createKafkaBus>;
    signal: AbortSignal;
  },
): Promise<Running> {
  const { log, metrics, passwords, bus, signal } = given;
  const postgres = await openPostgres({
    url: config.POSTGRES_URL,
    database: config.DATABASE_NAME,
    role: 'auth_app',
    migrations: new URL('../migrations', import.meta.url),
    log,
    signal,
  });
  try {
    const { db } = postgres;
    const keyring = await openKeyring(db, { keyDays: config.SIGNING_KEY_DAYS });
    const relay = createOutboxRelay({ db, bus, log });
    const logins = metrics.counter('holdfast_logins_total', 'Logins by outcome', ['outcome']);
    metrics.gauge('holdfast_outbox_oldest_seconds', 'Age of the oldest unpublished message', () =>
      outboxLag(db).then(
        (lag) => lag.oldestSeconds,
        () => Number.NaN,
      ),
    );
    const parts: AuthParts = {
      db,
      passwords,
      keyring,
      log,
      sessionDays: config.SESSION_DAYS,
      wakeRelay: relay.wake,
      countLogin: (outcome) => logins.inc({ outcome }),
    };
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = config;
    if (email && password) await ensureFirstAdmin(parts, { email, password });
    await keepTierRule(db, {
      premiumBookings: config.TIER_PREMIUM_BOOKINGS,
      vipBookings: config.TIER_VIP_BOOKINGS,
      windowDays: config.TIER_WINDOW_DAYS,
    });
    const housekeeping = createHousekeeping(parts);
    const tiers = createTierLoop(parts);
    for (const loop of [relay, housekeeping, tiers]) loop.start();
    const bookings = consumeBookings({ db, bus, wakeRelay: relay.wake });
    return { parts, postgres, relay, housekeeping, tiers, bookings };
  } catch (error) {
    await postgres.close();
    throw error;
  }
}
