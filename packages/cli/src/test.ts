import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, type Environment, readEnvironment } from '@holdfast/stack/config.ts';
import { sendSignal } from '@holdfast/stack/processes.ts';
import { createProgress } from '@holdfast/stack/progress.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import { startStack } from '@holdfast/stack/stack.ts';
import { tether } from '@holdfast/stack/tether.ts';
import { runTool } from '@holdfast/stack/tool.ts';
import { type Command, type CommandInput, print } from './command.ts';
import { addUp, closingLine, listFailures, readReports, type Totals } from './test-report.ts';

/** What is checked without any store, before any test. */
const CHECKS: readonly (readonly string[])[] = [
  ['biome', 'check', '.'],
  ['tsc', '--noEmit', '-p', 'tsconfig.json'],
];

export const test: Command = {
  name: 'test',
  summary: 'run the checks and tests, on stores of their own',
  operands: '[what...]',
  options: {},
  help: `Without an operand everything: biome, tsc, then the tests of every workspace, on one set of
stores that is empty at the start. An operand is "check" (biome and tsc only) or a workspace,
for example "catalog" or "packages/shared". Ends in what failed, then the line "N passed,
N failed", added up from the test runner's own reports; exits with 1 unless everything passed.`,
  async run(input) {
    const tasks = await listWorkspaces(input);
    const checks = input.operands.length === 0 || input.operands.includes('check');
    const wanted = input.operands.filter((operand) => operand !== 'check');
    const chosen =
      wanted.length > 0 ? wanted.map((name) => pick(name, tasks)) : checkOnly(input) ? [] : tasks;
    const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
    if (checks) await runChecks(input, totals);
    if (chosen.length > 0) await runWorkspaces(input, chosen, totals);
    print(closingLine(totals));
    return totals.failed === 0 && totals.passed > 0 ? 0 : 1;
  },
};

function checkOnly(input: CommandInput): boolean {
  return input.operands.length > 0;
}

interface Workspace {
  /** The package's name. */
  readonly name: string;
  readonly folder: string;
}

/** The workspaces that have a `test` script, as turbo sees them. */
async function listWorkspaces({ signal }: CommandInput): Promise<Workspace[]> {
  const { stdout } = await runTool(['turbo', 'run', 'test', '--dry=json'], {
    env: turboEnvironment({}),
    cwd: checkout,
    signal,
  });
  const plan = JSON.parse(stdout) as {
    tasks: { package: string; directory: string; command: string }[];
  };
  const runnable = plan.tasks.filter(({ command }) => command !== '<NONEXISTENT>');
  return runnable.map((task) => ({ name: task.package, folder: join(checkout, task.directory) }));
}

function pick(name: string, workspaces: readonly Workspace[]): Workspace {
  const found = workspaces.find(
    (workspace) =>
      workspace.name === name ||
      workspace.name === `@holdfast/${name}` ||
      workspace.folder === join(checkout, name),
  );
  if (found) return found;
  const known = workspaces.map((workspace) => workspace.name.replace('@holdfast/', ''));
  throw new SetupError(
    `There is nothing called "${name}" to test.`,
    `Name one of: check, ${known.join(', ')}.`,
  );
}

async function runChecks(input: CommandInput, totals: Totals): Promise<void> {
  for (const command of CHECKS) {
    print(`> ${command.join(' ')}`);
    const status = await runAttached(command, readEnvironment(), input.signal);
    if (status === 0) totals.passed += 1;
    else totals.failed += 1;
  }
}

/** Runs the tests of these workspaces one after another: the machine's cores go to one at a time. */
async function runWorkspaces(
  input: CommandInput,
  workspaces: readonly Workspace[],
  totals: Totals,
): Promise<void> {
  const { signal } = input;
  const reports = await mkdtemp(join(tmpdir(), 'holdfast-reports-'));
  const dataDir = join(input.dataDir, 'test');
  const stack = await startStack({ dataDir, progress: createProgress(), signal, fresh: true });
  try {
    const env = turboEnvironment({ ...stack.env, HOLDFAST_TEST_REPORTS: reports });
    const filters = workspaces.map(({ name }) => `--filter=${name}`);
    const options = ['--concurrency=1', '--continue=always', ...filters];
    const status = await runAttached(['turbo', 'run', 'test', ...options], env, signal);
    signal.throwIfAborted();
    const folders = workspaces.map(({ folder }) => folder);
    const written = readReports(reports);
    const { totals: counted, silent } = addUp(written, folders);
    if (counted.failed > 0) print(listFailures(written));
    for (const folder of silent) print(`${folder} ended without a test report: counted as failed.`);
    if (status !== 0 && counted.failed === 0) {
      print('turbo reported a failure outside the tests: counted as failed.');
      counted.failed += 1;
    }
    totals.passed += counted.passed;
    totals.failed += counted.failed;
    totals.skipped += counted.skipped;
  } finally {
    await stack.stop();
    await rm(reports, { recursive: true, force: true });
  }
}

function turboEnvironment(added: Environment): Environment {
  return { ...readEnvironment(), TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', ...added };
}

/** Runs a command whose output goes straight to the terminal; resolves to its exit status. */
async function runAttached(
  command: readonly string[],
  env: Environment,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const [program = '', ...args] = tether('TERM', command);
  const child = spawn(program, args, { cwd: checkout, env: { ...env }, stdio: 'inherit' });
  const end = () => child.pid && sendSignal(child.pid, 'SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('exit', (code) => resolve(code ?? 1));
  });
  signal.removeEventListener('abort', end);
  signal.throwIfAborted();
  return status;
}
