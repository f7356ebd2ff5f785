import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from '@holdfast/stack/processes.ts';
import { type Command, print } from './command.ts';
import { demoFolder, findOwner } from './running-system.ts';

const ORDERLY_MS = 45_000;

export const stop: Command = {
  name: 'stop',
  summary: 'stop what up or demo --keep runs',
  operands: '',
  options: { json: { type: 'boolean' } },
  help: 'Stops the services, then the stores. The data stay. Nothing running is no fault.',
  async run({ dataDir, json }) {
    const stopped: number[] = [];
    for (const folder of [dataDir, demoFolder(dataDir)]) {
      const pid = await findOwner(folder);
      if (pid === undefined) continue;
      await stopOwner(folder, pid);
      stopped.push(pid);
    }
    if (json) print(JSON.stringify({ stopped }));
    else print(stopped.length > 0 ? 'Stopped.' : `Nothing is running in ${dataDir}.`);
    return 0;
  },
};

/** The kernel stops the stores of an owner that had to be killed. */
async function stopOwner(folder: string, pid: number): Promise<void> {
  sendSignal(pid, 'SIGTERM');
  const deadline = performance.now() + ORDERLY_MS;
  while ((await findOwner(folder)) === pid) {
    if (performance.now() > deadline) sendSignal(pid, 'SIGKILL');
    await sleep(100);
  }
}
