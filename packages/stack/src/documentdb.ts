import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { cached, exists } from './cache.ts';
import { type Server, startServer } from './child.ts';
import { isRoot } from './config.ts';
import { installPackages } from './debian.ts';
import {
  askPostgres,
  clearStalePid,
  clusterSettings,
  findUser,
  serverSettings,
} from './postgres.ts';
import { SetupError } from './setup-error.ts';
import type { SetupContext } from './store.ts';
import { type SystemUser, tether } from './tether.ts';
import { findProgram, runTool } from './tool.ts';

/** The Debian suite that carries PostgreSQL 18 with the DocumentDB extension. */
const SUITE = 'forky';
const PROGRAMS = '/usr/lib/postgresql/18/bin';

/** A root folder of Debian packages, and the user its PostgreSQL runs as. */
export interface DocumentDbRoot {
  readonly root: string;
  readonly user: SystemUser;
}

/** Throws `SetupError` where the stand-in can not be set up; `passedOver` says why it is needed. */
export function requireRoot(passedOver: readonly string[]): void {
  if (isRoot()) return;
  throw new SetupError(
    `MongoDB could not be had (${passedOver.join('; ')}), and its stand-in needs DocumentDB from Debian's packages, which only root can set up.`,
    'Put mongod on PATH, set MONGODB_URL, or run Holdfast as root.',
  );
}

/** Builds the root folder of Debian packages that holds PostgreSQL with DocumentDB, once. */
export async function buildDocumentDb(context: SetupContext): Promise<DocumentDbRoot> {
  const { cache, env, signal, step } = context;
  const root = await cached(
    cache,
    `documentdb-postgresql-18-${SUITE}-${process.arch}`,
    async (folder) => {
      if (!(await findProgram('mmdebstrap', env))) {
        await installPackages(context, ['mmdebstrap'], 'The FerretDB stand-in');
      }
      step.update('fetching DocumentDB (670 MB of Debian packages)');
      await runTool(bootstrapCommand(folder), {
        env,
        signal,
        onLine: (line) => step.update(`DocumentDB: ${line.replace(/^I: /, '')}`),
      }).catch((cause) => {
        signal?.throwIfAborted();
        throw new SetupError(
          `DocumentDB could not be fetched from Debian.\n${cause instanceof Error ? cause.message : ''}`,
          'Check the connection to deb.debian.org, put mongod on PATH, or set MONGODB_URL.',
          { cause },
        );
      });
      await mkdir(join(folder, 'data'), { recursive: true });
    },
    signal,
  );
  const user = findUser(await readFile(join(root, 'etc/passwd'), 'utf8'), 'postgres');
  if (user) return { root, user };
  throw new SetupError(`${root} has no user "postgres".`, `Delete ${root} and start again.`);
}

/**
 * In name spaces of its own, so that whatever mmdebstrap mounts or starts ends with it.
 * The suite's release file may have expired: it is checked by signature, not by date.
 */
function bootstrapCommand(folder: string): string[] {
  return [
    ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'],
    ...['--mount-proc', 'mmdebstrap', '--variant=apt'],
    ...['--aptopt=Acquire::Check-Valid-Until "false"'],
    ...['--include=postgresql-18-documentdb,ca-certificates', SUITE, folder],
  ];
}

/** Starts PostgreSQL with DocumentDB on this port, its data in `folder`. */
export async function startDocumentDb(
  context: SetupContext,
  { root, user }: DocumentDbRoot,
  folder: string,
  port: number,
): Promise<Server> {
  await mkdir(folder, { recursive: true });
  await chown(folder, user.uid, user.gid);
  const inside = (command: readonly string[], signal: 'INT' | 'KILL') =>
    insideRoot(root, folder, tether(signal, command, user));
  await createCluster(context, folder, (command) => inside(command, 'KILL'));
  const cluster = join(folder, 'cluster');
  await clearStalePid(cluster);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const command = [`${PROGRAMS}/postgres`, '-D', '/data/cluster', ...serverSettings(port)];
  context.step.update('starting DocumentDB');
  const server = await startServer({
    name: 'PostgreSQL with DocumentDB',
    command: inside(command, 'INT'),
    folder: cluster,
    logFile: join(context.dataDir, 'logs/documentdb.log'),
    env: { ...context.env, LC_ALL: 'C' },
    stopSignal: 'INT',
    ready: () => askPostgres(url),
    signal: context.signal,
  });
  await createExtension(url);
  return server;
}

async function createCluster(
  context: SetupContext,
  folder: string,
  inside: (command: readonly string[]) => string[],
): Promise<void> {
  if (await exists(join(folder, 'cluster'))) return;
  const unfinished = join(folder, 'cluster.unfinished');
  await rm(unfinished, { recursive: true, force: true });
  context.step.update("creating DocumentDB's database cluster");
  const settings = ['-D', '/data/cluster.unfinished', ...clusterSettings()];
  await runTool(inside([`${PROGRAMS}/initdb`, ...settings]), {
    env: { ...context.env, LC_ALL: 'C' },
    signal: context.signal,
  });
  await writeFile(join(unfinished, 'postgresql.conf'), EXTENSION_SETTINGS, { flag: 'a' });
  await rename(unfinished, join(folder, 'cluster'));
}

const EXTENSION_SETTINGS = `
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
`;

/**
 * Runs a command with `root` as its root folder and `data` mounted there as /data. The mounts are
 * private to the command: none outlives it, and none can be reached by removing the folder.
 */
function insideRoot(root: string, data: string, command: readonly string[]): string[] {
  const mounts = [
    'mount --rbind /dev "$0/dev"',
    'mount -t proc proc "$0/proc"',
    'mount --bind "$1" "$0/data"',
    'root=$0',
    'shift',
    'exec chroot "$root" "$@"',
  ].join(' && ');
  const unshare = ['unshare', '--mount', '--propagation', 'private'];
  return [...unshare, 'sh', '-c', mounts, root, data, ...command];
}

async function createExtension(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      "select from pg_extension where extname = 'documentdb'",
    );
    if (rowCount === 0) await client.query('create extension documentdb cascade');
  } finally {
    await client.end();
  }
}
