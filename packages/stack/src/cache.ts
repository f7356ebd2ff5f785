import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { waitForLock } from './lock.ts';
import { SetupError } from './setup-error.ts';

/**
 * The folder `name` of the cache, built once. `build` fills a folder of a temporary name, which
 * is renamed when complete: an interrupted build leaves nothing that looks finished. Of two
 * processes that want the same folder, one builds and the other waits.
 */
export async function cached(
  cache: string,
  name: string,
  build: (folder: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<string> {
  const finished = join(cache, name);
  if (await exists(finished)) return finished;
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const lock = await waitForLock(`cache:${finished}`, signal);
  try {
    if (await exists(finished)) return finished;
    await removeUnfinished(cache, name);
    const unfinished = join(cache, `${name}.unfinished-${randomUUID()}`);
    await mkdir(unfinished, { mode: 0o755 });
    try {
      await build(unfinished);
    } catch (error) {
      await removeTree(unfinished);
      throw error;
    }
    await rename(unfinished, finished);
    return finished;
  } finally {
    await lock.release();
  }
}

async function removeUnfinished(cache: string, name: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (entry.startsWith(`${name}.unfinished-`)) await removeTree(join(cache, entry));
  }
}

/** Removes a folder, but never through something mounted below it. */
export async function removeTree(folder: string): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  const inside = mounts.split('\n').map((line) => line.split(' ')[4] ?? '');
  const mount = inside.find((path) => path.startsWith(`${folder}/`));
  if (mount) throw new SetupError(`${mount} is mounted.`, `Run: umount ${mount}`);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
