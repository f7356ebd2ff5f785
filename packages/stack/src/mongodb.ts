import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient, MongoServerError } from 'mongodb';
import { cached } from './cache.ts';
import { type Server, startServer } from './child.ts';
import { findFerretDb } from './ferretdb.ts';
import { hidePassword } from './postgres.ts';
import { SetupError } from './setup-error.ts';
import { givenStore, ownStore, type SetupContext, type StoreHandle } from './store.ts';
import { findProgram, runTool } from './tool.ts';

const MONGODB_VERSION = '8.2.6';
const RETRY_DOWNLOAD_AFTER_MS = 24 * 60 * 60 * 1000;
const DOWNLOAD_STALL_MS = 10_000;

export interface MongoDbPorts {
  readonly server: number;
  /** Of the stand-in's PostgreSQL; not used by MongoDB itself. */
  readonly documentdb: number;
}

/**
 * A server that speaks MongoDB's protocol: MONGODB_URL, `mongod` on PATH, MongoDB downloaded,
 * otherwise FerretDB as a named stand-in. MongoDB itself is preferred wherever it can be had.
 */
export async function findMongoDb(
  context: SetupContext,
  ports: MongoDbPorts,
): Promise<StoreHandle> {
  const given = context.env.MONGODB_URL;
  if (given) return findGiven(given);
  const passedOver: string[] = [];
  const here = await findProgram('mongod', context.env);
  if (here) return runMongod(context, ports.server, here, here, passedOver);
  passedOver.push('no mongod on PATH');
  const download = await downloadMongod(context);
  if (download.program !== undefined) {
    const source = 'downloaded by mongodb-memory-server-core';
    return runMongod(context, ports.server, download.program, source, passedOver);
  }
  passedOver.push(download.reason);
  return findFerretDb(context, ports, passedOver);
}

async function findGiven(url: string): Promise<StoreHandle> {
  const answer = await askMongoDb(url).catch((cause) => {
    throw new SetupError(
      `MONGODB_URL is set, but nothing answers at ${hidePassword(url)}.`,
      'Start that server, or unset MONGODB_URL to let Holdfast bring up its own.',
      { cause },
    );
  });
  const handle = givenStore({
    name: 'mongodb',
    url,
    version: answer.version,
    variable: 'MONGODB_URL',
  });
  return answer.standIn
    ? { ...handle, standIn: true, source: `${handle.source} (FerretDB stand-in)` }
    : handle;
}

/** Runs `mongod` as a replica set of one, which transactions and majority reads need. */
async function runMongod(
  context: SetupContext,
  port: number,
  program: string,
  source: string,
  passedOver: readonly string[],
): Promise<StoreHandle> {
  const folder = join(context.dataDir, 'mongodb');
  await mkdir(folder, { recursive: true });
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const launch = async (): Promise<Server[]> => {
    context.step.update('starting');
    const server = await startServer({
      name: 'MongoDB',
      command: [
        ...[program, '--port', `${port}`, '--bind_ip', '127.0.0.1', '--dbpath', folder],
        ...['--replSet', 'holdfast', '--wiredTigerCacheSizeGB', '0.5', '--quiet'],
      ],
      folder,
      logFile: join(context.dataDir, 'logs/mongodb.log'),
      env: context.env,
      stopSignal: 'TERM',
      ready: () => requirePrimary(url, `127.0.0.1:${port}`),
      signal: context.signal,
    });
    return [server];
  };
  const running = await launch();
  const { version } = await askMongoDb(url);
  return ownStore({ name: 'mongodb', url, version, source, passedOver, launch }, running);
}

/** Makes the server the primary of its set, on first use and when its port has changed. */
async function requirePrimary(url: string, host: string): Promise<void> {
  await withClient(url, async (client) => {
    const admin = client.db('admin');
    const hello = await admin.command({ hello: 1 });
    if (hello.isWritablePrimary) return;
    const members = [{ _id: 0, host }];
    try {
      await admin.command({ replSetInitiate: { _id: 'holdfast', members } });
    } catch (error) {
      if (!(error instanceof MongoServerError) || error.codeName !== 'AlreadyInitialized') {
        throw error;
      }
      const { config } = await admin.command({ replSetGetConfig: 1 });
      if (config.members[0]?.host !== host) {
        const moved = { ...config, version: config.version + 1, members };
        await admin.command({ replSetReconfig: moved, force: true });
      }
    }
    throw new Error('the replica set has no primary yet');
  });
}

/** The version of the server at this URL, and whether it is FerretDB in MongoDB's place. */
export async function askMongoDb(url: string): Promise<{ version: string; standIn: boolean }> {
  return withClient(url, async (client) => {
    const build = await client.db('admin').command({ buildInfo: 1 });
    const ferretdb: unknown = build.ferretdb;
    return { version: String(build.version), standIn: ferretdb !== undefined };
  });
}

async function withClient<T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2000, connectTimeoutMS: 2000 });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.close();
  }
}

type Download = { program: string; reason?: never } | { program?: never; reason: string };

/**
 * Downloads MongoDB unless that failed within the last day, so that a machine which cannot reach
 * the server does not wait for it at every start.
 */
async function downloadMongod(context: SetupContext): Promise<Download> {
  const name = `mongodb-${MONGODB_VERSION}`;
  const failureFile = join(context.cache, `${name}.failed`);
  const failedAt = await stat(failureFile).then(
    (file) => file.mtimeMs,
    () => 0,
  );
  if (Date.now() - failedAt < RETRY_DOWNLOAD_AFTER_MS) {
    const reason = (await readFile(failureFile, 'utf8')).trim();
    return { reason: `${reason} (tried within the last day; to try again, delete ${failureFile})` };
  }
  try {
    const folder = await cached(
      context.cache,
      name,
      (unfinished) => runDownload(context, unfinished),
      context.signal,
    );
    const file = (await readdir(folder)).find((entry) => entry.startsWith('mongod'));
    if (!file) throw new Error(`${folder} has no mongod; delete that folder`);
    return { program: join(folder, file) };
  } catch (error) {
    context.signal?.throwIfAborted();
    const reason = `MongoDB ${MONGODB_VERSION} could not be downloaded: ${shortReason(error)}`;
    await writeFile(failureFile, `${reason}\n`);
    return { reason };
  }
}

/** Runs the download as a child, which can be ended when no byte arrives any more. */
async function runDownload(context: SetupContext, folder: string): Promise<void> {
  const stalled = new AbortController();
  let size = 0;
  let grownAt = performance.now();
  const watch = setInterval(async () => {
    const sizes = await Promise.all(
      (await readdir(folder)).map((file) =>
        stat(join(folder, file)).then(
          (s) => s.size,
          () => 0,
        ),
      ),
    );
    const now = sizes.reduce((sum, bytes) => sum + bytes, 0);
    if (now > size) grownAt = performance.now();
    size = now;
    context.step.update(`downloading MongoDB, ${Math.round(size / 1_000_000)} MB`);
    if (performance.now() - grownAt > DOWNLOAD_STALL_MS) {
      stalled.abort(new Error(`no data for ${DOWNLOAD_STALL_MS / 1000} s`));
    }
  }, 500);
  const script = fileURLToPath(new URL('./mongodb-download.ts', import.meta.url));
  const signal = context.signal
    ? AbortSignal.any([context.signal, stalled.signal])
    : stalled.signal;
  context.step.update('downloading MongoDB');
  try {
    const command = [process.execPath, script, folder, MONGODB_VERSION];
    await runTool(command, { env: context.env, signal });
  } finally {
    clearInterval(watch);
  }
}

function shortReason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (
    /getaddrinfo \w+ [\w.-]+|connect E\w+ [\w.:-]+|no data for .*|status[^\n]*\d{3}/i.exec(
      text,
    )?.[0] ?? firstFault(text)
  );
}

function firstFault(text: string): string {
  const line = text.split('\n').find((candidate) => /error|fail/i.test(candidate));
  return (line ?? text.split('\n')[0] ?? 'unknown reason').trim().slice(0, 160);
}
