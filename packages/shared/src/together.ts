import { isOutage } from './outage.ts';

/**
 * Lets commands that come at the same time go to a store together: those of one turn of the event
 * loop at once, and while `atOnce` goes are under way the later ones gather for the next. Each
 * caller gets the outcome of its own command. When a go fails, its commands are tried once more
 * each alone, so that a poisoned one fails alone; an outage fails them all.
 */
export function createTogether<C, R>(options: {
  /** Does a go: one outcome a command, in their order. */
  run: (commands: readonly C[]) => Promise<readonly R[]>;
  /** Most commands in a go. */
  most: number;
  /** Most goes at the same time. */
  atOnce: number;
  /** Commands that have a key in common never share a go. */
  keysOf: (command: C) => readonly string[];
}): (command: C) => Promise<R> {
  type Waiting = { command: C; resolve: (outcome: R) => void; reject: (error: unknown) => void };
  let queue: Waiting[] = [];
  let underWay = 0;
  let scheduled = false;

  /** Takes what may share a go, in order of arrival; the others stay for the next. */
  function takeGo(): Waiting[] {
    const go: Waiting[] = [];
    const left: Waiting[] = [];
    const keys = new Set<string>();
    for (const one of queue) {
      const own = options.keysOf(one.command);
      const fits = go.length < options.most && !own.some((key) => keys.has(key));
      // Also the keys of one that stays: nothing overtakes it.
      for (const key of own) keys.add(key);
      (fits ? go : left).push(one);
    }
    queue = left;
    return go;
  }

  async function settle(go: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await options.run(go.map(({ command }) => command));
      for (const [index, { resolve }] of go.entries()) resolve(outcomes[index] as R);
    } catch (error) {
      if (go.length === 1 || isOutage(error)) {
        for (const { reject } of go) reject(error);
      } else {
        await Promise.all(go.map((one) => settle([one])));
      }
    }
  }

  function start(): void {
    scheduled = false;
    while (queue.length > 0 && underWay < options.atOnce) {
      underWay += 1;
      void settle(takeGo()).finally(() => {
        underWay -= 1;
        start();
      });
    }
  }

  return (command) =>
    new Promise<R>((resolve, reject) => {
      queue.push({ command, resolve, reject });
      if (scheduled || underWay >= options.atOnce) return;
      scheduled = true;
      // After all sockets of this turn were read.
      setImmediate(start);
    });
}
