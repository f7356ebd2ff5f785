import { fileURLToPath } from 'node:url';
import { audit } from '@holdfast/auditor/audit.ts';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import type { Environment } from '@holdfast/stack/config.ts';
import { type Db, MongoClient } from 'mongodb';
import type { Bench, Program } from './bench.ts';
import type { Buyer } from './issuer.ts';

const PROGRAM = fileURLToPath(import.meta.resolve('@holdfast/catalog/main.ts'));

export type CatalogOptions = {
  readonly name?: string;
  readonly env?: Environment;
};

/** Catalog processes over one database of their own, and a look into that database. */
export type Catalogs = {
  readonly db: Db;
  readonly organizer: Buyer;
  start(options?: CatalogOptions): Promise<Program>;
  /** Resolves when every message was published. */
  drain(): Promise<void>;
  /** What breaks an invariant that catalog's stores alone can tell. */
  audit(): Promise<string[]>;
};

/** A database, topics and cache for catalog that nobody else uses, emptied at the end. */
export async function openCatalogs(bench: Bench, workload: string): Promise<Catalogs> {
  const own = `bench_${workload.toLowerCase()}_${bench.run}`;
  const client = await new MongoClient(bench.stores.MONGODB_URL, {
    writeConcern: { w: 'majority', j: true },
  }).connect();
  const db = client.db(own);
  const settings = { MONGODB_DATABASE: own, TOPIC_PREFIX: `${own}.` };
  bench.atEnd(async () => {
    await db.dropDatabase();
    await client.close();
    await dropTopics(bench.stores.KAFKA_BROKERS, settings.TOPIC_PREFIX);
  });
  const drain = async () => {
    await waitUntil('the outboxes to empty', () => isEveryOutboxEmpty(db), {
      limitMs: 120_000,
      everyMs: 100,
    });
  };

  return {
    db,
    organizer: await bench.issuer.organizer(),
    start({ name = 'catalog', env = {} } = {}) {
      return bench.start({
        name,
        file: PROGRAM,
        env: (port) => ({
          ...bench.stores,
          ...settings,
          HOST: '127.0.0.1',
          PORT: `${port}`,
          AUTH_URL: bench.issuer.url,
          LOG_LEVEL: 'warn',
          ...env,
        }),
        ready: '/readyz',
      });
    },
    drain,
    async audit() {
      const { findings } = await audit({
        env: { ...bench.stores, ...settings },
        urls: { payment: '' },
        reads: 'catalog',
        settleMs: bench.quick ? 3_000 : 15_000,
      });
      return (await isEveryOutboxEmpty(db))
        ? findings
        : [...findings, 'messages wait in an outbox'];
    },
  };
}

async function isEveryOutboxEmpty(db: Db): Promise<boolean> {
  const waiting = await Promise.all(
    ['holds', 'events', 'venues'].map((name) =>
      db.collection(name).countDocuments({ 'outbox.id': { $gt: '' } }, { limit: 1 }),
    ),
  );
  return waiting.every((count) => count === 0);
}
