import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readEnvironment } from '@holdfast/stack/config.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import type { Command } from './command.ts';
import { findRunning } from './running-system.ts';

const PROGRAM = fileURLToPath(
  new URL('../../../services/notifications/src/main.ts', import.meta.url),
);

export const consumer: Command = {
  name: 'consumer',
  summary: 'print the mails that messages of the running system give occasion to',
  operands: '',
  options: { 'from-beginning': { type: 'boolean' }, json: { type: 'boolean' } },
  help: `Reads the published messages in a group of its own (services/notifications, which is also an
example of how to write a consumer) and prints each mail once, however often its message comes,
until Ctrl-C. The next run goes on where this one ended.

  --from-beginning  also what happened before it was first started`,
  async run({ dataDir, json, flags, signal }) {
    const running = await findRunning(dataDir);
    if (!running) {
      throw new SetupError(
        `Nothing is running in ${dataDir}.`,
        'Start it with ./holdfast up, or with ./holdfast demo --keep, and read along from a second terminal.',
      );
    }
    const args = [
      ...(json ? ['--json'] : []),
      ...(flags.has('from-beginning') ? ['--from-beginning'] : []),
    ];
    process.stderr.write(`Reading the messages of ${running.urls.gateway}. Ctrl-C ends it.\n\n`);
    const child = spawn(process.execPath, [...process.execArgv, PROGRAM, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...readEnvironment(), ...running.env },
      // Ctrl-C reaches this process, which ends the other in order.
      detached: true,
    });
    const exited = once(child, 'exit');
    const end = () => child.kill('SIGTERM');
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    const [code] = (await exited) as [number | null];
    return code ?? 1;
  },
};
