import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const main = new URL('../src/main.ts', import.meta.url).pathname;

/** The booking service as a process of its own, with these settings only. */
export function run(environment: Record<string, string | undefined>): ChildProcess {
  return spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Where it listens, once it does. */
export async function urlOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const logged = JSON.parse(line) as { event: string; url: string };
    if (logged.event !== 'service.started') continue;
    child.stdout.resume();
    return logged.url;
  }
  throw new Error('the process ended before it had started');
}
