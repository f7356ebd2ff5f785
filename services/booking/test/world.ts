import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { OFFER_AUDIENCE, OFFER_ISSUER, type Offer } from '@holdfast/shared/contracts/offer.ts';
import type { Role } from '@holdfast/shared/contracts/users.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { closeAll } from '@holdfast/shared/lifecycle.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { TOKEN_AUDIENCE, TOKEN_ISSUER } from '@holdfast/shared/tokens.ts';
import pg from 'pg';
import type { BookingConfig } from '../src/config.ts';
import { createService } from '../src/service.ts';
import { playCatalog } from './catalog.ts';
import { createClient } from './client.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { SECRET_KEY, startSandbox } from './sandbox.ts';

export const WEBHOOK_SECRET = 'whsec_for_tests';

/** A store's URL from the environment; a missing store is a failure. */
export function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: bring up the stores and name them`);
  return value;
}

export type World = Awaited<ReturnType<typeof startWorld>>;

/**
 * The booking service on real stores with a fresh database and topics, the payment sandbox as a
 * process, and the test in the parts of auth and catalog, which sign and publish as they do.
 */
export async function startWorld(settings: Partial<BookingConfig> = {}) {
  const run = newId().slice(-12);
  const postgresUrl = given('POSTGRES_URL');
  const database = `booking_test_${run}`;
  const prefix = `booking-test-${run}.`;
  const log = createLogger('test', process.env.TEST_LOG_LEVEL ?? 'silent');
  const auth = await startIssuer();
  const catalogKeys = await startIssuer();
  const sandbox = await startSandbox();
  const config: BookingConfig = {
    HOST: '127.0.0.1',
    PORT: 0,
    LOG_LEVEL: 'silent',
    KAFKA_BROKERS: given('KAFKA_BROKERS'),
    TOPIC_PREFIX: prefix,
    AUTH_URL: auth.url,
    CATALOG_URL: catalogKeys.url,
    POSTGRES_URL: postgresUrl,
    DATABASE_NAME: database,
    PAYMENT_URL: sandbox.url,
    PAYMENT_SECRET_KEY: SECRET_KEY,
    PAYMENT_WEBHOOK_SECRET: WEBHOOK_SECRET,
    PROVIDER_CONCURRENCY: 16,
    PROVIDER_BACKLOG: 10_000,
    BREAKER_FAILURES: 5,
    BREAKER_PAUSE_SECONDS: 0.2,
    BREAKER_SUCCESSES: 2,
    AUTHORIZED_LIMIT_SECONDS: 300,
    TRANSFER_OFFER_HOURS: 72,
    SWEEP_BOOKINGS_PER_SECOND: 1_000,
    FREE_CANCEL_DAYS: 14,
    RECONCILE_LAG_SECONDS: 0,
    PROCESSING_LIMIT_SECONDS: 1_800,
    RESTING_LIMIT_SECONDS: 300,
    ...settings,
  };
  const bus = createKafkaBus({
    brokers: config.KAFKA_BROKERS,
    clientId: 'test',
    topicPrefix: prefix,
    log,
  });
  const service = await createService(config, { log });
  const catalog = playCatalog(bus);
  const { loops, postgres, joined } = await service.ready;
  await Promise.all([joined, catalog.joined]);
  const owner = new pg.Pool({ connectionString: postgres.pool.options.connectionString });

  async function login(roles: Role[] = ['user'], userId: string = newId()) {
    const token = await auth.sign({
      iss: TOKEN_ISSUER,
      aud: TOKEN_AUDIENCE,
      sub: userId,
      roles,
      exp: 4_000_000_000,
    });
    return createClient(service.url, userId, token);
  }

  return {
    service,
    loops,
    config,
    sandbox,
    catalog,
    auth,
    bus,
    login,
    signOffer: (offer: Offer, issuer: Issuer = catalogKeys, claims: object = {}) =>
      issuer.sign({
        ...offer,
        iss: OFFER_ISSUER,
        aud: OFFER_AUDIENCE,
        sub: offer.userId,
        jti: offer.holdId,
        ...claims,
      }),
    /** Rows as the database's owner sees them. */
    async rows<T extends object>(text: string, values: unknown[] = []): Promise<T[]> {
      return (await owner.query<T>(text, values)).rows;
    },
    owner,
    async stop() {
      await closeAll(
        service.stop,
        bus.close,
        () => owner.end(),
        sandbox.stop,
        auth.stop,
        catalogKeys.stop,
        () => dropDatabase(postgresUrl, database),
        () => dropTopics(config.KAFKA_BROKERS, prefix),
      );
    },
  };
}

export async function dropDatabase(url: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
  await client.end();
}
