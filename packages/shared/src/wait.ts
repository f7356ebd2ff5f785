import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './clock.ts';
import { Fault } from './errors.ts';

/**
 * Waits until `condition` answers something other than undefined, null or false, asking every
 * `everyMs`; a condition that throws counts as not yet. Throws a Fault `wait_timeout` after `limitMs`.
 */
export async function waitUntil<T>(
  what: string,
  condition: () => Promise<T> | T,
  { limitMs = 10_000, everyMs = 25 }: { limitMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, undefined | null | false>> {
  const end = monotonicMs() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>;
      }
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (monotonicMs() > end) {
      throw new Fault('wait_timeout', `Waited ${limitMs} ms in vain for ${what}`, {
        retryable: true,
        cause: last,
      });
    }
    await sleep(everyMs);
  }
}
