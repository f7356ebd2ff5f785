/**
 * The wall clock of this process. It decides nothing (times that decide come from
 * the stores); it stamps logs and bounds waits.
 */
export type Clock = { now(): Date };

export const systemClock: Clock = { now: () => new Date() };

/** Monotonic milliseconds, for durations. */
export function monotonicMs(): number {
  return performance.now();
}
