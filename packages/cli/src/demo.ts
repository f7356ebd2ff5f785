import { createProgress } from '@holdfast/stack/progress.ts';
import { type Command, print } from './command.ts';
import { demoFolder, findRunning, type RunFile, startSystem } from './running-system.ts';
import { showRun, untilAborted } from './up.ts';

export const DEMO_MODULE = '@holdfast/demo/demo.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'sell out a hot event to 500 competing buyers, and prove the result',
  operands: '',
  options: { port: { type: 'string' }, keep: { type: 'boolean' } },
  help: `Starts from empty data in a folder of its own, loads a catalog, opens a sale and lets 500
buyers compete for it; the auditor then counts seats, tickets and money in the stores. Runs
against what ./holdfast up runs, if it does. Exits with 1 if any invariant fails.

  --port N   the gateway's port
  --keep     leave everything running afterwards, until Ctrl-C`,
  async run({ dataDir, port, flags, signal }) {
    const keep = flags.has('keep');
    const progress = createProgress();
    const { runDemo } = await import('@holdfast/demo/demo.ts');
    const runOn = async ({ urls, env, admin }: RunFile) => {
      const { ok, text } = await runDemo({ urls, env: { ...env }, admin, progress });
      print(text);
      return ok;
    };
    const present = await findRunning(dataDir);
    if (present) {
      print(`Using the system that runs at ${present.urls.gateway}.`);
      return (await runOn(present)) ? 0 : 1;
    }
    const folder = demoFolder(dataDir);
    const system = await startSystem({ dataDir: folder, port, progress, signal, fresh: true });
    try {
      const ok = await Promise.race([runOn(system.run), rejectWhenAborted(signal)]);
      if (keep) {
        showRun(system.run, false, 'Holdfast is still running, until Ctrl-C.');
        await untilAborted(signal);
      }
      return ok ? 0 : 1;
    } finally {
      await system.stop();
    }
  },
};

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
