import { readdir, readFile, stat } from 'node:fs/promises';
import { waitUntil } from './wait.ts';

/**
 * The servers whose working folder is `folder`, whoever started them, zombies left out.
 * Each server runs in a folder of its own, so this finds what a killed parent left behind and
 * the workers that outlive a killed server, without any pid file that could be stale. Folders
 * are compared by device and inode, because a server may see its folder through a mount of its
 * own. A process with a terminal is a person's shell, not a server.
 */
export async function processesIn(folder: string): Promise<number[]> {
  const wanted = await stat(folder).catch(() => undefined);
  if (!wanted) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const cwd = await stat(`/proc/${pid}/cwd`).catch(() => undefined);
      const same = cwd?.dev === wanted.dev && cwd.ino === wanted.ino;
      return same && pid !== process.pid && !(await hasTerminal(pid));
    }),
  );
  return pids.filter((_, index) => found[index]);
}

/** Field 7 of /proc/PID/stat, counted after the command, which may itself contain blanks. */
async function hasTerminal(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[4] ?? 0) !== 0;
}

/** Sends SIGKILL to every server in `folder` and returns when none is left. */
export async function killProcessesIn(folder: string): Promise<void> {
  await waitUntil(
    async () => {
      const pids = await processesIn(folder);
      for (const pid of pids) sendSignal(pid, 'SIGKILL');
      if (pids.length > 0) throw new Error(`processes ${pids.join(', ')} are still in ${folder}`);
    },
    { timeoutMs: 10_000, everyMs: 20 },
  );
}

/** Lets servers that lost their parent finish their own shutdown, and kills them if they do not. */
export async function clearProcessesIn(folder: string, graceMs: number): Promise<void> {
  await waitUntil(
    async () => {
      if ((await processesIn(folder)).length > 0) throw new Error(`${folder} is still in use`);
    },
    { timeoutMs: graceMs, everyMs: 50 },
  ).catch(() => killProcessesIn(folder));
}

/** Sends a signal; a process that is already gone is no fault. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
