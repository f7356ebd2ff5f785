import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadPlan, LoadResult } from './plan.ts';

/** A process that sends requests; it ends with this one. */
export type Generator = {
  run(plan: LoadPlan): Promise<LoadResult>;
  stop(): Promise<void>;
};

const PROGRAM = fileURLToPath(new URL('./generator.ts', import.meta.url));

/** Starts a load generator in a process of its own, so that its work does not delay its clock. */
export function startGenerator(): Generator {
  const child = fork(PROGRAM, [], { serialization: 'advanced' });
  const exited = once(child, 'exit');
  return {
    async run(plan) {
      child.send(plan);
      const [message] = await Promise.race([
        once(child, 'message') as Promise<[{ result?: LoadResult; error?: string }]>,
        exited.then(([status]): never => {
          throw new Error(`The load generator ended with ${status}`);
        }),
      ]);
      if (message.result === undefined) throw new Error(`No load was made: ${message.error}`);
      return message.result;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
