import { waitAtMost } from './patience.ts';

const PATIENCE_MS = 1_000;

/**
 * Lets the requests of this process that want the same seats go one after the other, in order of
 * arrival, so that they do not fight one another in the store. It decides nothing: a request
 * whose turn does not come within a second goes all the same.
 */
export function createTurns() {
  const last = new Map<string, Promise<void>>();

  return async function inTurn<T>(keys: readonly string[], run: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => last.get(key) ?? []);
    const done = Promise.withResolvers<void>();
    for (const key of keys) last.set(key, done.promise);
    try {
      if (before.length > 0) await waitAtMost(Promise.all(before), PATIENCE_MS);
      return await run();
    } finally {
      done.resolve();
      for (const key of keys) {
        if (last.get(key) === done.promise) last.delete(key);
      }
    }
  };
}

export type InTurn = ReturnType<typeof createTurns>;
