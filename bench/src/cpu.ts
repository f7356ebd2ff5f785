import { readFile } from 'node:fs/promises';
import { processesIn } from '@holdfast/stack/processes.ts';

/** Ticks a second in /proc: USER_HZ, which Linux fixes at 100 on every architecture Node runs on. */
const MICROS_A_TICK = 10_000;

/**
 * CPU microseconds of one line of /proc/PID/stat: user and system time of the process and of the
 * children it has waited for (fields 14 to 17), so that a worker that ends is not lost with it.
 */
export function readCpuMicros(stat: string): number {
  // The command (field 2) may itself contain blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).map(Number);
  if (ticks.length < 4 || ticks.some((one) => !Number.isInteger(one))) {
    throw new Error(`This is no line of /proc/PID/stat: ${stat.slice(0, 80)}`);
  }
  return ticks.reduce((sum, one) => sum + one, 0) * MICROS_A_TICK;
}

/** CPU microseconds that these processes have used so far; one that is gone counts nothing. */
export async function cpuMicrosOf(pids: readonly number[]): Promise<number> {
  const used = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
      return stat === undefined ? 0 : readCpuMicros(stat);
    }),
  );
  return used.reduce((sum, one) => sum + one, 0);
}

/** The servers of stores that run below these folders; none of a store that was given. */
export async function pidsBelow(folders: readonly string[]): Promise<number[]> {
  return (await Promise.all(folders.map(processesIn))).flat();
}
