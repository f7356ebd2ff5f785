import { describeError } from './errors.ts';
import type { Logger } from './logger.ts';

/**
 * A background loop. `runOnce` does one round and answers how much it did;
 * `drain` runs rounds until one does nothing, so that a test never sleeps.
 */
export type Loop = {
  start(): void;
  /** Asks for a round now; calls during a round ask for one more after it. */
  wake(): void;
  runOnce(): Promise<number>;
  drain(): Promise<void>;
  stop(): Promise<void>;
};

const LONGEST_BACKOFF_MS = 1_000;

/**
 * Runs `round` every `intervalMs` and at each wake, never twice at once, and once more at once
 * after a round that did `goesOnFrom` or more. A round that throws is logged and tried again after
 * a delay that doubles up to a second.
 */
export function createLoop(options: {
  name: string;
  intervalMs: number;
  round: () => Promise<number>;
  log: Logger;
  /** By default any work: more may be left. */
  goesOnFrom?: number;
}): Loop {
  const { name, intervalMs, round, log, goesOnFrom = 1 } = options;
  let running: Promise<number> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let started = false;
  let wanted = false;
  let backoffMs = 50;

  function schedule(delayMs: number): void {
    if (!started) return;
    clearTimeout(timer);
    timer = setTimeout(tick, delayMs);
  }

  function runOnce(): Promise<number> {
    running ??= round().finally(() => {
      running = undefined;
      if (wanted) schedule(0);
    });
    return running;
  }

  async function tick(): Promise<void> {
    wanted = false;
    try {
      const done = await runOnce();
      backoffMs = 50;
      if (!wanted) schedule(done >= goesOnFrom ? 0 : intervalMs);
    } catch (error) {
      log.warn('loop.round_failed', { loop: name, error: describeError(error) });
      schedule(backoffMs);
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
    }
  }

  return {
    start() {
      if (started) return;
      started = true;
      schedule(0);
    },
    wake() {
      if (wanted) return;
      wanted = true;
      if (running === undefined) schedule(0);
    },
    runOnce,
    async drain() {
      if (running !== undefined) await running;
      while ((await runOnce()) > 0);
    },
    async stop() {
      started = false;
      clearTimeout(timer);
      await running?.catch(() => undefined);
    },
  };
}

/** Several loops as one; each keeps its own pace. */
export function joinLoops(...loops: readonly Loop[]): Loop {
  const all = <T>(act: (loop: Loop) => T): T[] => loops.map(act);
  return {
    start: () => void all((loop) => loop.start()),
    wake: () => void all((loop) => loop.wake()),
    async runOnce() {
      const done = await Promise.all(all((loop) => loop.runOnce()));
      return done.reduce((sum, count) => sum + count, 0);
    },
    async drain() {
      await Promise.all(all((loop) => loop.drain()));
    },
    async stop() {
      await Promise.all(all((loop) => loop.stop()));
    },
  };
}
