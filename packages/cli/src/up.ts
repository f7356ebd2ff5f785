import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readTail } from '@holdfast/stack/child.ts';
import { createProgress, silentProgress } from '@holdfast/stack/progress.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import { type Command, type CommandInput, print } from './command.ts';
import { findOwner, findRunning, type RunFile, startSystem } from './running-system.ts';

export const up: Command = {
  name: 'up',
  summary: 'start the stores and services, until Ctrl-C',
  operands: '',
  options: {
    port: { type: 'string' },
    detach: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  help: `Starts what is not given (POSTGRES_URL, MONGODB_URL, KAFKA_BROKERS, REDIS_URL), then the
services, and prints URLs and logins. The data stay in the data folder.

  --port N   the gateway's port (default: 4000 if it is free, then the same as last time)
  --detach   return when everything is ready; ./holdfast stop ends it`,
  async run(input) {
    const present = await findRunning(input.dataDir);
    if (present) {
      showRun(present, input.json, `Holdfast is already running at ${present.urls.gateway}`);
      return 0;
    }
    return input.flags.has('detach') ? runDetached(input) : runAttached(input);
  },
};

async function runAttached(input: CommandInput): Promise<number> {
  const progress = input.json ? silentProgress : createProgress();
  const system = await startSystem({ ...input, progress, fresh: false });
  showRun(system.run, input.json, 'Holdfast is running.');
  if (!input.json) print('Stop it with Ctrl-C, or with ./holdfast stop from elsewhere.');
  await untilAborted(input.signal);
  await system.stop();
  if (!input.json) print('Stopped.');
  return 0;
}

/** Resolves at Ctrl-C or SIGTERM, keeping the process alive until then. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const alive = setInterval(() => {}, 60_000);
  await once(signal, 'abort');
  clearInterval(alive);
}

async function runDetached(input: CommandInput): Promise<number> {
  const logs = join(input.dataDir, 'logs');
  await mkdir(logs, { recursive: true });
  const file = join(logs, 'up.log');
  const log = await open(file, 'w');
  const program = fileURLToPath(new URL('./main.ts', import.meta.url));
  const port = input.port === undefined ? [] : ['--port', `${input.port}`];
  const args = [...process.execArgv, program, 'up', '--data-dir', input.dataDir, ...port];
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  child.unref();
  const step = (input.json ? silentProgress : createProgress()).step('Holdfast');
  for (;;) {
    if (input.signal.aborted) {
      child.kill('SIGTERM');
      input.signal.throwIfAborted();
    }
    const run = await findRunning(input.dataDir);
    if (run && (await findOwner(run.dataDir)) === child.pid) {
      step.done('ready');
      showRun(run, input.json, 'Holdfast is running. Stop it with ./holdfast stop.');
      return 0;
    }
    if (child.exitCode !== null || child.signalCode !== null) {
      step.fail('did not come up');
      throw new SetupError(await readTail(file, 15), `Read ${file} for the reason.`);
    }
    step.update(`starting, log in ${file}`);
    await sleep(200);
  }
}

/** Prints where a running system is and how to log in. */
export function showRun(run: RunFile, json: boolean, title: string): void {
  if (json) {
    print(JSON.stringify(run));
    return;
  }
  const names: Record<string, string> = {
    postgres: 'PostgreSQL',
    mongodb: 'MongoDB',
    kafka: 'Kafka',
    redis: 'Redis',
  };
  const rows = [
    ['Gateway', run.urls.gateway],
    ['OpenAPI', `${run.urls.gateway}/openapi.json`],
    ['Admin', `${run.admin.email}  password ${run.admin.password}`],
    ...run.stores.map((store) => [
      names[store.name] ?? store.name,
      `${store.url}${store.standIn ? '  (FerretDB stand-in)' : ''}`,
    ]),
    ['Data, logs', run.dataDir],
  ];
  print(`\n${title}`);
  for (const [name = '', value = ''] of rows) print(`  ${name.padEnd(11)} ${value}`);
}
