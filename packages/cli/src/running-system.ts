import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Lock, readLock, tryLock } from '@holdfast/stack/lock.ts';
import type { Progress } from '@holdfast/stack/progress.ts';
import { type Services, type ServiceUrls, startServices } from '@holdfast/stack/services.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import { type Stack, type StackEnvironment, startStack } from '@holdfast/stack/stack.ts';

/** A store as it is reported, without the means to stop it. */
export interface StoreReport {
  readonly name: string;
  readonly url: string;
  readonly version: string;
  readonly source: string;
  readonly passedOver: readonly string[];
  readonly standIn: boolean;
}

/** A running system as other commands find it: kept in `run.json`, readable by its owner only. */
export interface RunFile {
  readonly pid: number;
  readonly dataDir: string;
  readonly urls: ServiceUrls;
  readonly env: StackEnvironment;
  readonly admin: { readonly email: string; readonly password: string };
  readonly stores: readonly StoreReport[];
}

export interface RunningSystem {
  readonly run: RunFile;
  readonly stack: Stack;
  readonly services: Services;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly dataDir: string;
  readonly port: number | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly fresh: boolean;
}

/** Starts stores and services and lets other commands find them until `stop`. */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { dataDir, lock } = await claim(options.dataDir);
  const closers: (() => Promise<void>)[] = [() => lock.release()];
  const stop = async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  };
  try {
    const stack = await startStack(options);
    closers.push(() => stack.stop());
    const services = await startServices({
      stackEnv: stack.env,
      dataDir,
      gatewayPort: options.port,
      progress: options.progress,
      signal: options.signal,
      onLost: (what) => process.stderr.write(`holdfast: ${what}\n`),
    });
    closers.push(() => services.stop());
    const { urls, admin } = services;
    const stores = Object.values(stack.stores).map(reportStore);
    const run: RunFile = { pid: process.pid, dataDir, urls, env: stack.env, admin, stores };
    const file = join(dataDir, 'run.json');
    await writeFile(file, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
    closers.push(() => rm(file, { force: true }));
    return { run, stack, services, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What there is to say about a store. */
export function reportStore(store: StoreReport): StoreReport {
  const { name, url, version, source, passedOver, standIn } = store;
  return { name, url, version, source, passedOver, standIn };
}

/** The folder that `demo` keeps below a data folder, apart from what `up` keeps. */
export function demoFolder(dataDir: string): string {
  return join(dataDir, 'demo');
}

/** The system that `up` or `demo --keep` runs over this data folder, if one does. */
export async function findRunning(dataDir: string): Promise<RunFile | undefined> {
  for (const folder of [dataDir, demoFolder(dataDir)]) {
    const run = await readRun(folder);
    if (run) return run;
  }
  return undefined;
}

async function readRun(wanted: string): Promise<RunFile | undefined> {
  const dataDir = await realpath(wanted).catch(() => undefined);
  if (!dataDir) return undefined;
  // The file may be left over from a killed run; the lock is not.
  if (!(await readLock(lockName(dataDir)))) return undefined;
  const text = await readFile(join(dataDir, 'run.json'), 'utf8').catch(() => undefined);
  return text ? (JSON.parse(text) as RunFile) : undefined;
}

/** The process that starts or runs a system over exactly this folder, if one does. */
export async function findOwner(wanted: string): Promise<number | undefined> {
  const dataDir = await realpath(wanted).catch(() => undefined);
  if (!dataDir) return undefined;
  const note = (await readLock(lockName(dataDir))) as { pid: number } | undefined;
  return note?.pid;
}

async function claim(wanted: string): Promise<{ dataDir: string; lock: Lock }> {
  await mkdir(wanted, { recursive: true });
  const dataDir = await realpath(wanted);
  const lock = await tryLock(lockName(dataDir), () => ({ pid: process.pid }));
  if (lock) {
    await rm(join(dataDir, 'run.json'), { force: true });
    return { dataDir, lock };
  }
  throw new SetupError(
    `Process ${await findOwner(dataDir)} is already starting or running Holdfast in ${dataDir}.`,
    'Wait for it, run ./holdfast stop, or choose another folder with --data-dir.',
  );
}

function lockName(dataDir: string): string {
  return `run:${dataDir}`;
}
