import { setImmediate as endOfTick } from 'node:timers/promises';
import { waitAtMost } from '../patience.ts';

/** A run that hangs holds up the next one no longer than this. */
const PATIENCE_MS = 1_000;

/**
 * Calls of one tick, and those made while a run is under way, share the next run. A run begins
 * after all its calls were made, so it sees whatever was answered before them; its failure is
 * theirs.
 */
export function shareRuns<T>(run: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  let latest: Promise<unknown> = Promise.resolve();

  async function runAfter(previous: Promise<unknown>): Promise<T> {
    await waitAtMost(previous, PATIENCE_MS);
    await endOfTick();
    next = undefined;
    return run();
  }

  return () => {
    if (next === undefined) {
      next = runAfter(latest);
      latest = next;
    }
    return next;
  };
}

/** Calls by id that go to the store together; `load` gives what it finds for each of many ids. */
export function gather<T>(
  load: (ids: string[]) => Promise<ReadonlyMap<string, T>>,
): (id: string) => Promise<T | undefined> {
  let asked = new Set<string>();
  const loadAsked = shareRuns(() => {
    const ids = [...asked];
    asked = new Set();
    return load(ids);
  });
  return async (id) => {
    asked.add(id);
    return (await loadAsked()).get(id);
  };
}

/** Calls that are costly each: equal ones share their runs, others do not wait for them. */
export function createShare<T>(): (key: string, run: () => Promise<T>) => Promise<T> {
  const lanes = new Map<string, { run: () => Promise<T>; callers: number }>();
  return async (key, run) => {
    const lane = lanes.get(key) ?? { run: shareRuns(run), callers: 0 };
    lanes.set(key, lane);
    lane.callers += 1;
    try {
      return await lane.run();
    } finally {
      lane.callers -= 1;
      if (lane.callers === 0) lanes.delete(key);
    }
  };
}
