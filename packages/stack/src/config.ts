import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The root of this checkout: what the default data folder is named after. */
export const checkout = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The environment of this run, read here and nowhere else. */
export function readEnvironment(): Environment {
  return { ...process.env };
}

/** Whether this run may install packages and must hand servers to another user. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Where built servers are kept, apart from any data folder. As root it may not lie in a home
 * folder, because PostgreSQL's own user has to read it.
 */
export function cacheFolder(env: Environment): string {
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'holdfast');
  return isRoot() ? '/var/cache/holdfast' : join(homedir(), '.cache', 'holdfast');
}

/** The data folder of this checkout when none is named: two checkouts never share one. */
export function defaultDataDir(env: Environment): string {
  const name = createHash('sha256').update(checkout).digest('hex').slice(0, 12);
  if (isRoot()) return join('/var/lib/holdfast', name);
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'holdfast', name);
}
