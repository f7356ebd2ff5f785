/** Waits for a promise to settle, whichever way, but no longer than `limitMs`. */
export function waitAtMost(promise: Promise<unknown>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(resolve, limitMs);
    const end = () => {
      clearTimeout(limit);
      resolve();
    };
    promise.then(end, end);
  });
}
