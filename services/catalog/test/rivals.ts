import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import type { Order } from './rival.ts';
import type { World } from './world.ts';

const RIVAL = new URL('./rival.ts', import.meta.url);

/** Buyers in processes of their own, on the stores of that world. */
export async function startRivals(world: World, count: number): Promise<ChildProcess[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const rival = fork(RIVAL, { env: { ...world.environment, PATH: process.env.PATH } });
      const [first] = await once(rival, 'message');
      expect(first).to.equal('ready');
      return rival;
    }),
  );
}

/** What each order came to: the id of its hold or the code of its refusal; none of one killed. */
export async function ask(rival: ChildProcess, orders: Order[]): Promise<string[]> {
  const answered = Promise.race([once(rival, 'message'), once(rival, 'exit').then(() => [[]])]);
  rival.send(orders);
  const [results] = await answered;
  return results as string[];
}

export async function stopRival(rival: ChildProcess): Promise<void> {
  const gone = once(rival, 'exit');
  rival.send('stop');
  await gone;
}
