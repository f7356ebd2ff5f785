import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a promise to settle, whichever way, but no longer than `limitMs`. */
export async function waitAtMost(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const limit = new AbortController();
  const { signal } = limit;
  const ignore = () => undefined;
  await Promise.race([promise.catch(ignore), sleep(limitMs, undefined, { signal }).catch(ignore)]);
  limit.abort();
}
