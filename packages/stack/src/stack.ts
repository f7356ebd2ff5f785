import { chmod, mkdir, readdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { removeTree } from './cache.ts';
import { cacheFolder, type Environment, isRoot, readEnvironment } from './config.ts';
import { findKafka } from './kafka.ts';
import { type Lock, readLock, tryLock } from './lock.ts';
import { findMongoDb } from './mongodb.ts';
import { choosePorts } from './ports.ts';
import { findPostgres } from './postgres.ts';
import { clearProcessesIn } from './processes.ts';
import { type Progress, silentProgress } from './progress.ts';
import { findRedis } from './redis.ts';
import { SetupError } from './setup-error.ts';
import type { SetupContext, StoreHandle, StoreName } from './store.ts';

export interface StackOptions {
  /** Where data, logs, ports and secrets lie. Two running stacks never share one. */
  readonly dataDir: string;
  readonly progress?: Progress;
  readonly env?: Environment;
  /** Ends set-up early and cleanly. */
  readonly signal?: AbortSignal;
  /** Empties the data folder first; only done when a store is started in it. */
  readonly fresh?: boolean;
}

/** The URLs of the four stores, as services read them from their environment. */
export interface StackEnvironment {
  readonly POSTGRES_URL: string;
  readonly MONGODB_URL: string;
  readonly KAFKA_BROKERS: string;
  readonly REDIS_URL: string;
}

export interface Stack {
  readonly stores: Readonly<Record<StoreName, StoreHandle>>;
  readonly env: StackEnvironment;
  /** Stops every store this stack started; data stay. */
  stop(): Promise<void>;
}

const GIVEN_BY: Record<StoreName, string> = {
  postgres: 'POSTGRES_URL',
  mongodb: 'MONGODB_URL',
  kafka: 'KAFKA_BROKERS',
  redis: 'REDIS_URL',
};

const SHOWN_AS: Record<StoreName, string> = {
  postgres: 'PostgreSQL',
  mongodb: 'MongoDB',
  kafka: 'Kafka',
  redis: 'Redis',
};

const PORTS = ['postgres', 'mongodb', 'documentdb', 'kafka', 'kafkaController', 'redis'] as const;
const SERVER_FOLDERS = [
  'postgres/cluster',
  'mongodb',
  'ferretdb/state',
  'ferretdb/documentdb/cluster',
  'kafka',
  'redis',
];

/**
 * Finds or brings up the four backing stores, all at once. They end with this process, however
 * it ends. If one cannot be had the others are stopped and a `SetupError` says what to do.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const attempt = await tryStack(options);
  const failures = attempt.outcomes.filter((outcome) => 'error' in outcome);
  if (failures.length === 0) return attempt.stack();
  await attempt.stop();
  options.signal?.throwIfAborted();
  if (failures.length === 1 && failures[0]) throw failures[0].error;
  throw new SetupError(
    failures.map(({ name, error }) => `${SHOWN_AS[name]}: ${describe(error)}`).join('\n'),
    failures.map(({ name, error }) => `${SHOWN_AS[name]}: ${remedyOf(error)}`).join('\n'),
    { cause: new AggregateError(failures.map(({ error }) => error)) },
  );
}

export type StoreOutcome =
  | { readonly name: StoreName; readonly handle: StoreHandle }
  | { readonly name: StoreName; readonly error: unknown };

export interface StackAttempt {
  readonly outcomes: readonly StoreOutcome[];
  stack(): Stack;
  stop(): Promise<void>;
}

/** Like `startStack`, but keeps what came up beside what did not: `doctor` reports on both. */
export async function tryStack(options: StackOptions): Promise<StackAttempt> {
  const env = options.env ?? readEnvironment();
  const names = Object.keys(GIVEN_BY) as StoreName[];
  const ownsAny = names.some((name) => !env[GIVEN_BY[name]]);
  const owned = ownsAny ? await ownDataDir(options.dataDir, options.fresh ?? false) : undefined;
  const dataDir = owned?.dataDir ?? options.dataDir;
  try {
    const ports = owned ? await choosePorts(dataDir, PORTS) : undefined;
    const outcomes = await Promise.all(
      names.map((name) => bringUp(name, dataDir, env, ports, options)),
    );
    const handles = outcomes.flatMap((outcome) => ('handle' in outcome ? [outcome.handle] : []));
    const stop = async () => {
      await Promise.all(handles.map((handle) => handle.stop()));
      await owned?.lock.release();
    };
    return { outcomes, stop, stack: () => asStack(handles, stop) };
  } catch (error) {
    await owned?.lock.release();
    throw error;
  }
}

type Ports = Record<(typeof PORTS)[number], number>;

const NO_PORTS: Ports = {
  postgres: 0,
  mongodb: 0,
  documentdb: 0,
  kafka: 0,
  kafkaController: 0,
  redis: 0,
};

async function bringUp(
  name: StoreName,
  dataDir: string,
  env: Environment,
  ports: Ports = NO_PORTS,
  options: StackOptions,
): Promise<StoreOutcome> {
  const step = (options.progress ?? silentProgress).step(SHOWN_AS[name]);
  const { signal } = options;
  const context: SetupContext = { env, dataDir, cache: cacheFolder(env), step, signal };
  const find: Record<StoreName, () => Promise<StoreHandle>> = {
    postgres: () => findPostgres(context, ports.postgres),
    mongodb: () => findMongoDb(context, { server: ports.mongodb, documentdb: ports.documentdb }),
    kafka: () => findKafka(context, { broker: ports.kafka, controller: ports.kafkaController }),
    redis: () => findRedis(context, ports.redis),
  };
  try {
    const handle = await find[name]();
    step.done(handle.standIn ? `${handle.version} (stand-in)` : handle.version);
    return { name, handle };
  } catch (error) {
    step.fail(signal?.aborted ? 'interrupted' : describe(error));
    return { name, error };
  }
}

function asStack(handles: readonly StoreHandle[], stop: () => Promise<void>): Stack {
  const stores = Object.fromEntries(handles.map((handle) => [handle.name, handle])) as Record<
    StoreName,
    StoreHandle
  >;
  const env: StackEnvironment = {
    POSTGRES_URL: stores.postgres.url,
    MONGODB_URL: stores.mongodb.url,
    KAFKA_BROKERS: stores.kafka.url,
    REDIS_URL: stores.redis.url,
  };
  return { stores, env, stop };
}

/** Takes the data folder for this process and clears what a killed owner may have left running. */
async function ownDataDir(
  wanted: string,
  fresh: boolean,
): Promise<{ dataDir: string; lock: Lock }> {
  await mkdir(wanted, { recursive: true });
  const dataDir = await realpath(resolve(wanted));
  const name = `stores:${dataDir}`;
  const lock = await tryLock(name, () => ({ pid: process.pid }));
  if (!lock) {
    const owner = (await readLock(name)) as { pid: number } | undefined;
    throw new SetupError(
      `The stores in ${dataDir} are already running${owner ? `, started by process ${owner.pid}` : ''}.`,
      'Use those, stop that process first, or choose another folder with --data-dir.',
    );
  }
  try {
    await letServersIn(dataDir);
    await Promise.all(
      SERVER_FOLDERS.map((folder) => clearProcessesIn(join(dataDir, folder), 5000)),
    );
    if (fresh) await empty(dataDir);
    return { dataDir, lock };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Removes a data folder's contents, but nothing from a folder that is not one of ours. */
async function empty(dataDir: string): Promise<void> {
  const entries = await readdir(dataDir);
  if (entries.length > 0 && !entries.includes('ports.json')) {
    throw new SetupError(
      `${dataDir} holds files that are not Holdfast's, so it is not emptied.`,
      'Choose another folder with --data-dir.',
    );
  }
  // The mark of our own folder goes last, so that an interrupted removal can be repeated.
  const last = entries.filter((entry) => entry === 'ports.json');
  for (const entry of [...entries.filter((name) => name !== 'ports.json'), ...last]) {
    await removeTree(join(dataDir, entry));
  }
}

/** PostgreSQL's user must be able to pass through a data folder that only root may list. */
async function letServersIn(dataDir: string): Promise<void> {
  if (!isRoot()) return;
  const entries = await readdir(dataDir);
  const ours = entries.length === 0 || entries.includes('ports.json');
  if (ours && dirname(dataDir) !== dataDir) await chmod(dataDir, 0o755);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a person can do about this error. */
export function remedyOf(error: unknown): string {
  return error instanceof SetupError ? error.remedy : 'This is a fault in Holdfast; report it.';
}
