/** What a baseline's program is told: one JSON argument. */
export function readSettings<T>(): T {
  const text = process.argv[2];
  if (text === undefined) throw new Error('A baseline is started by the bench, with its settings');
  return JSON.parse(text) as T;
}

/** Ends an orderly stop by the bench. */
export function stopOnSignal(stop: () => Promise<unknown>): void {
  process.once('SIGTERM', () => {
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}
