/** What a baseline's program is told: one JSON argument. */
export function readSettings<T>(): T {
  const text = process.argv[2];
  if (text === undefined) throw new Error('A baseline is started by the bench, with its settings');
  return JSON.parse(text) as T;
}

/** How dependencies are left alone that do not answer, as in the service. */
export const BREAKER = { failuresToOpen: 5, pauseMs: 30_000, successesToClose: 2 };

/** Ends an orderly stop by the bench. */
export function stopOnSignal(stop: () => Promise<unknown>): void {
  process.once('SIGTERM', () => {
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
