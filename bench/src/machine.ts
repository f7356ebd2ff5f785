import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import type { Stack } from '@holdfast/stack/stack.ts';

/** Where figures were taken: without it they mean nothing. */
export type Machine = {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly stores: readonly string[];
  /** Of the last minute when the run began: other work on the machine shows here. */
  readonly loadBefore: number;
};

export async function describeMachine(stack: Stack): Promise<Machine> {
  const [loadBefore = '0'] = (await readFile('/proc/loadavg', 'utf8')).split(' ');
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    stores: Object.values(stack.stores).map(
      ({ name, version, source }) => `${name} ${version} (${source})`,
    ),
    loadBefore: Number(loadBefore),
  };
}
