/** Collects durations in milliseconds and tells their percentiles. */
export function createLatency() {
  const samples: number[] = [];
  return {
    add: (ms: number) => samples.push(ms),
    count: () => samples.length,
    /** The value that `percent` of the samples do not exceed; 0 without samples. */
    percentile(percent: number): number {
      const sorted = samples.toSorted((a, b) => a - b);
      return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
    },
  };
}

export type Latency = ReturnType<typeof createLatency>;
