import { Fault } from './errors.ts';

/**
 * What a service works with once its store answered, opened while it already listens: until then
 * `use` throws the retryable Fault `starting`, which HTTP answers as a 503.
 */
export type Opening<T> = {
  /** What was opened, or the Fault while it was not yet. */
  use(): T;
  /** Begins to open; once. */
  begin(): void;
  /** Resolves when it is open; rejects if it never will be. */
  readonly ready: Promise<T>;
  /** Gives up opening, and closes what was opened. */
  stop(): Promise<void>;
};

export function createOpening<T>(options: {
  /** Keeps trying through an outage until `signal` aborts. */
  open: (signal: AbortSignal) => Promise<T>;
  close: (opened: T) => Promise<void>;
}): Opening<T> {
  const stopping = new AbortController();
  const { promise: ready, resolve, reject } = Promise.withResolvers<T>();
  let begun = false;
  let opened: { readonly it: T } | undefined;

  // What is no outage does not heal by waiting: left unhandled, it ends the process with its reason.
  ready.catch((error) => {
    if (!stopping.signal.aborted) throw error;
  });

  return {
    ready,
    use() {
      if (opened === undefined) {
        throw new Fault('starting', 'The store did not answer yet', { retryable: true });
      }
      return opened.it;
    },
    begin() {
      begun = true;
      options.open(stopping.signal).then((it) => {
        opened = { it };
        resolve(it);
      }, reject);
    },
    async stop() {
      stopping.abort();
      if (!begun) return;
      const it = await ready.catch(() => undefined);
      if (it !== undefined) await options.close(it);
    },
  };
}
