/** Pure arithmetic over what was measured. */

/** The value that `share` (0 to 1) of the numbers do not exceed, by nearest rank; 0 without any. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** The middle one, or the mean of the two in the middle; 0 without any. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}

/** A median with the least and the greatest beside it. */
export type Spread = { median: number; least: number; most: number };

export function spreadOf(numbers: readonly number[]): Spread {
  if (numbers.length === 0) return { median: 0, least: 0, most: 0 };
  return { median: median(numbers), least: Math.min(...numbers), most: Math.max(...numbers) };
}

/**
 * The ratio of two contenders, round by round: what slows the machine for a while slows both of a
 * pair, so the median of ratios moves less than the ratio of medians. Rounds that only one of
 * them has are left out.
 */
export function pairedRatio(ofThese: readonly number[], toThese: readonly number[]): Spread {
  const pairs = Math.min(ofThese.length, toThese.length);
  const ratios = Array.from({ length: pairs }, (_, at) => (ofThese[at] ?? 0) / (toThese[at] ?? 0));
  return spreadOf(ratios.filter(Number.isFinite));
}

export type Latency = { p50: number; p95: number; p99: number; most: number };

/** Percentiles of durations, in their unit. */
export function latencyOf(durations: readonly number[]): Latency {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), most: sorted.at(-1) ?? 0 };
}

/** Contenders in the order of a round: each round begins with another one, so none is always first. */
export function orderOfRound<T>(contenders: readonly T[], round: number): T[] {
  const first = contenders.length === 0 ? 0 : round % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

/** A sampler of 0 to n-1 where rank k is drawn as often as 1/(k+1) says (Zipf, exponent 1). */
export function zipf(n: number, random: () => number): () => number {
  const sums = new Float64Array(n);
  let sum = 0;
  for (let rank = 0; rank < n; rank += 1) {
    sum += 1 / (rank + 1);
    sums[rank] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let low = 0;
    let high = n - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
