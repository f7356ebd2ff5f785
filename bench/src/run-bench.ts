import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@holdfast/shared/ids.ts';
import { startServer } from '@holdfast/stack/child.ts';
import { readEnvironment } from '@holdfast/stack/config.ts';
import { choosePorts } from '@holdfast/stack/ports.ts';
import type { Progress, Step } from '@holdfast/stack/progress.ts';
import { type Stack, startStack } from '@holdfast/stack/stack.ts';
import type { Bench, Program } from './bench.ts';
import { programAt } from './contenders.ts';
import { cpuMicrosOf, pidsBelow } from './cpu.ts';
import { startIssuer } from './issuer.ts';
import { startGenerator } from './load/drive.ts';
import { get } from './load/plan.ts';
import { describeMachine } from './machine.ts';
import { type BenchReport, renderReport } from './report.ts';
import { runWorkload, type WorkloadReport } from './run-workload.ts';
import type { Workload } from './workload.ts';

export type BenchOptions = {
  readonly workloads: readonly Workload[];
  /** Stores, logs and reports lie below it. */
  readonly dataDir: string;
  /** Where the reports go, `bench-reports` below the data folder by default. */
  readonly out?: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
};

/** Below the data folder of the stack, where its servers work: whose CPU counts as the stores'. */
const POSTGRES_FOLDER = 'postgres/cluster';
const STORE_FOLDERS = [
  POSTGRES_FOLDER,
  'mongodb',
  'ferretdb/state',
  'ferretdb/documentdb/cluster',
  'kafka',
  'redis',
];
const NODE_OPTIONS = ['--disable-warning=TimeoutNegativeWarning'];
const CEILING_MS = 2_000;

/**
 * Brings up stores of its own (or takes those given), runs the workloads one after another and
 * writes the report, of each workload as soon as it ends. Everything it started ends with it.
 */
export async function runBench(
  options: BenchOptions,
): Promise<{ report: BenchReport; files: readonly string[] }> {
  const dataDir = join(options.dataDir, 'bench');
  const { progress, signal } = options;
  const stack = await startStack({ dataDir, progress, signal, fresh: true });
  // Stores that were all given leave it to us.
  await mkdir(dataDir, { recursive: true });
  const issuer = await startIssuer();
  const generator = startGenerator();
  let step = progress.step('bench');
  const bench: Omit<Bench, 'atEnd'> = {
    quick: options.quick,
    rounds: options.rounds,
    run: newId().replaceAll('-', '').slice(6, 18),
    stores: stack.env,
    issuer,
    generator,
    signal,
    storesCpu: () => cpuBelow(dataDir, stack, STORE_FOLDERS),
    postgresCpu: () => cpuBelow(dataDir, stack, [POSTGRES_FOLDER]),
    start: (program) => startProgram(dataDir, program, signal),
    withoutRedis: (work) => withoutRedis(stack, work),
    say(text) {
      signal.throwIfAborted();
      step.update(text);
    },
  };
  try {
    const machine = await describeMachine(stack);
    const head = {
      startedAt: new Date().toISOString(),
      machine,
      rounds: options.rounds,
      quick: options.quick,
      generator: await measureGenerator(bench),
    };
    step.done('load generator measured');
    const out = options.out ?? join(options.dataDir, 'bench-reports');
    const workloads: WorkloadReport[] = [];
    let files: readonly string[] = [];
    for (const workload of options.workloads) {
      step = progress.step(workload.id);
      workloads.push(await runStep(bench, workload, step));
      files = await writeReport(out, { ...head, workloads });
    }
    return { report: { ...head, workloads }, files };
  } catch (error) {
    step.fail('broke off');
    throw error;
  } finally {
    await generator.stop();
    await issuer.stop();
    await stack.stop();
  }
}

async function runStep(
  bench: Omit<Bench, 'atEnd'>,
  workload: Workload,
  step: Step,
): Promise<WorkloadReport> {
  const report = await runWorkload(bench, workload);
  if (report.voidedBy.length > 0) step.fail(`${workload.title}: VOID, ${report.voidedBy[0]}`);
  else if (report.missing !== undefined) step.done(`not measured: ${report.missing}`);
  else {
    const bars = report.verdicts.filter(({ isAim }) => !isAim);
    const passed = bars.filter(({ outcome }) => outcome === 'PASS').length;
    step.done(`${workload.title}: ${passed} of ${bars.length} bars reached`);
  }
  return report;
}

async function startProgram(
  dataDir: string,
  program: Parameters<Bench['start']>[0],
  signal: AbortSignal,
): Promise<Program> {
  const { name, file, args = [], env, ready } = program;
  const { [name]: port = 0 } = await choosePorts(dataDir, [name]);
  const folder = join(dataDir, 'programs', name);
  await mkdir(folder, { recursive: true });
  const url = `http://127.0.0.1:${port}`;
  // A baseline reads its port from its one JSON argument.
  const told = args.map((text) => JSON.stringify({ ...JSON.parse(text), port }));
  const server = await startServer({
    name,
    command: [process.execPath, ...NODE_OPTIONS, file, ...told],
    folder,
    logFile: join(dataDir, 'logs', `${name}.log`),
    env: { ...readEnvironment(), ...env?.(port) },
    stopSignal: 'TERM',
    ready: async () => {
      const response = await fetch(url + ready, { signal: AbortSignal.timeout(3_000) });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`${url}${ready} answered ${response.status}`);
    },
    signal,
  });
  return { name, url, pid: server.pid, stop: () => server.stop() };
}

async function cpuBelow(
  dataDir: string,
  stack: Stack,
  folders: readonly string[],
): Promise<number | undefined> {
  const isGiven = Object.values(stack.stores).some(({ source }) => source.startsWith('given'));
  if (isGiven) return undefined;
  return cpuMicrosOf(await pidsBelow(folders.map((folder) => join(dataDir, folder))));
}

async function withoutRedis({ stores }: Stack, work: () => Promise<void>): Promise<boolean> {
  if (stores.redis.source.startsWith('given')) return false;
  await stores.redis.kill();
  try {
    await work();
  } finally {
    await stores.redis.start();
  }
  return true;
}

/** What the generator can do at most: without it nobody knows whose limit a figure is. */
async function measureGenerator(bench: Omit<Bench, 'atEnd'>): Promise<BenchReport['generator']> {
  bench.say('measuring the load generator');
  const bare = await bench.start({
    name: 'bare-http',
    file: programAt('bare-http'),
    args: ['{}'],
    ready: '/',
  });
  try {
    const plan = {
      url: bare.url,
      connections: 64,
      requests: [{ text: get('/') }],
      chains: [[0]],
      durationMs: bench.quick ? 200 : CEILING_MS,
    };
    await bench.generator.run(plan);
    const { answered, seconds, cpuMicros } = await bench.generator.run(plan);
    return { perSecond: answered / seconds, cpuMicros: cpuMicros / Math.max(1, answered) };
  } finally {
    await bare.stop();
  }
}

async function writeReport(folder: string, report: BenchReport): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const name = report.startedAt.slice(0, 19).replaceAll(':', '-');
  const files = [join(folder, `${name}.md`), join(folder, `${name}.json`)] as const;
  await writeFile(files[0], renderReport(report));
  await writeFile(files[1], `${JSON.stringify(report, null, 2)}\n`);
  return files;
}
