import type { Bench } from './bench.ts';
import { cpuMicrosOf } from './cpu.ts';
import type { LoadPlan, LoadResult } from './load/plan.ts';
import type { Sample } from './workload.ts';

/** CPU of the contender's processes and of the stores while some work is done. */
export async function withCpu<T>(
  bench: Bench,
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ result: T; own: number; stores: number | undefined }> {
  const [ownBefore, storesBefore] = await Promise.all([cpuMicrosOf(pids), bench.storesCpu()]);
  const result = await work();
  const [ownAfter, storesAfter] = await Promise.all([cpuMicrosOf(pids), bench.storesCpu()]);
  return {
    result,
    own: ownAfter - ownBefore,
    stores:
      storesBefore === undefined || storesAfter === undefined
        ? undefined
        : storesAfter - storesBefore,
  };
}

/**
 * Sends a plan to a contender. Outcomes that are not `expected` are faults. `settle` ends what the
 * answers left to do: its CPU is the contender's, its time is not.
 */
export async function measureLoad(
  bench: Bench,
  of: {
    pids: readonly number[];
    expected: RegExp;
    settle?: () => Promise<void>;
    /** What is counted, where it is not every answer. */
    countOf?: (result: LoadResult) => number;
  },
  plan: LoadPlan,
): Promise<Sample> {
  const { result, own, stores } = await withCpu(bench, of.pids, async () => {
    const load = await bench.generator.run(plan);
    await of.settle?.();
    return load;
  });
  const unexpected = Object.entries(result.outcomes).filter(
    ([outcome]) => !of.expected.test(outcome),
  );
  const answered = of.countOf?.(result) ?? result.answered;
  return {
    perSecond: answered / result.seconds,
    answered,
    seconds: result.seconds,
    outcomes: result.outcomes,
    latency: result.latency,
    cpuMicros: { own, stores, load: result.cpuMicros },
    faults: unexpected.map(([outcome, times]) => `${times} answers "${outcome}" were not expected`),
  };
}
