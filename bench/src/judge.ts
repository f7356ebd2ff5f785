import { pairedRatio, type Spread } from './statistics.ts';
import type { Bar, Figure, Sample } from './workload.ts';

/** A bar with what was reached. */
export type Verdict = {
  readonly what: string;
  readonly wanted: string;
  /** Nothing when it was not measured. */
  readonly reached: Spread | null;
  readonly outcome: 'PASS' | 'SHORT' | 'UNMEASURED';
  readonly isAim: boolean;
};

/** Sets what was measured against the bars. */
export function judge(
  bars: readonly Bar[],
  samples: ReadonlyMap<string, readonly Sample[]>,
  figures: readonly Figure[],
): Verdict[] {
  return bars.map((bar) => {
    const reached = reachedBy(bar, samples, figures);
    const low = bar.atLeast ?? Number.NEGATIVE_INFINITY;
    const high = bar.atMost ?? Number.POSITIVE_INFINITY;
    const passes = reached !== undefined && reached.median >= low && reached.median <= high;
    return {
      what: bar.kind === 'ratio' ? `${bar.of} / ${bar.to}` : bar.figure,
      wanted: wantedBy(bar),
      reached: reached ?? null,
      outcome: reached === undefined ? 'UNMEASURED' : passes ? 'PASS' : 'SHORT',
      isAim: bar.isAim ?? false,
    };
  });
}

function reachedBy(
  bar: Bar,
  samples: ReadonlyMap<string, readonly Sample[]>,
  figures: readonly Figure[],
): Spread | undefined {
  if (bar.kind === 'figure') {
    const value = figures.find(({ name }) => name === bar.figure)?.value;
    return value === undefined ? undefined : { median: value, least: value, most: value };
  }
  const [of, to] = [samples.get(bar.of), samples.get(bar.to)];
  if (!of?.length || !to?.length) return undefined;
  const rates = (all: readonly Sample[]) => all.map(({ perSecond }) => perSecond);
  return pairedRatio(rates(of), rates(to));
}

function wantedBy({ atLeast, atMost }: Bar): string {
  if (atLeast !== undefined && atLeast === atMost) return `exactly ${atLeast}`;
  return [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ].join(', ');
}
