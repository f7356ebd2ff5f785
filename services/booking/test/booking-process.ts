import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { waitUntil } from '@holdfast/shared/wait.ts';
import type { World } from './world.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

type Line = { event: string; callId?: string; url?: string };

/** A second instance of that world's service, in a process that a test may stop and continue. */
export async function startProcess(world: World) {
  const settings = Object.entries(world.config).map(([name, value]) => [name, `${value}`]);
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    env: { ...Object.fromEntries(settings), PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const endWithParent = () => child.kill('SIGKILL');
  process.once('exit', endWithParent);
  const said: Line[] = [];
  if (child.stdout === null) throw new Error('the process has no output');
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  const url = await waitUntil(
    'the process to have started',
    () => said.find(({ event }) => event === 'service.started')?.url,
    { limitMs: 40_000 },
  );
  await waitUntil('its readiness', async () => (await fetch(`${url}/readyz`)).ok, {
    limitMs: 40_000,
  });
  return {
    url,
    /** As a machine that sleeps: nothing is closed, nothing is said. */
    stop: () => child.kill('SIGSTOP'),
    continue: () => child.kill('SIGCONT'),
    /** What it has said of a provider's call, once it has. */
    saysOf: (callId: string, events: readonly string[]) =>
      waitUntil(
        `the process to say what became of call ${callId}`,
        () => said.find((line) => line.callId === callId && events.includes(line.event))?.event,
        { limitMs: 30_000 },
      ),
    async kill(): Promise<void> {
      process.off('exit', endWithParent);
      child.kill('SIGKILL');
      await exited;
    },
  };
}
