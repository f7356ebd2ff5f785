import type { Bench } from './bench.ts';
import type { LoadPlan } from './load/plan.ts';
import { median } from './statistics.ts';
import type { Figure, Sample } from './workload.ts';

/** Share of the closed loop's rate at which latency is taken: loaded, not overrun. */
const SHARE = 0.5;
const LONGEST_SECONDS = 10;

/**
 * Latency at half the rate that the rounds reached, with arrivals by schedule: a slow answer
 * delays no later arrival, and the wait of each counts from its scheduled instant.
 */
export async function openLoopFigures(
  bench: Bench,
  samples: readonly Sample[],
  plan: LoadPlan,
): Promise<Figure[]> {
  const ratePerSecond = Math.max(1, SHARE * median(samples.map(({ perSecond }) => perSecond)));
  bench.say(`latency at ${Math.round(ratePerSecond)} arrivals a second`);
  const arrivals = Math.ceil(ratePerSecond * LONGEST_SECONDS);
  const chains = plan.durationMs === undefined ? plan.chains.slice(0, arrivals) : plan.chains;
  const { latency } = await bench.generator.run({ ...plan, chains, ratePerSecond });
  return [
    { name: 'open loop, arrivals a second', value: ratePerSecond, unit: '/s' },
    { name: 'open loop p50', value: latency.p50, unit: 'ms' },
    { name: 'open loop p95', value: latency.p95, unit: 'ms' },
    { name: 'open loop p99', value: latency.p99, unit: 'ms' },
  ];
}
