import { closeAll } from '@holdfast/shared/lifecycle.ts';
import type { Bench } from './bench.ts';
import { WARM_UP } from './contenders.ts';
import { judge, type Verdict } from './judge.ts';
import { orderOfRound } from './statistics.ts';
import { type Contender, type Figure, NotThere, type Sample, type Workload } from './workload.ts';

export type ContenderReport = {
  readonly name: string;
  readonly what: string;
  readonly samples: readonly Sample[];
};

export type WorkloadReport = {
  readonly id: string;
  readonly title: string;
  /** Why nothing was measured, if that is so. */
  readonly missing?: string;
  readonly contenders: readonly ContenderReport[];
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
  /** Anything here makes every figure above worthless. */
  readonly voidedBy: readonly string[];
};

/** Runs one workload, and closes what was opened for it. */
export async function runWorkload(
  bench: Omit<Bench, 'atEnd'>,
  workload: Workload,
): Promise<WorkloadReport> {
  const closers: (() => Promise<void>)[] = [];
  const atEnd = (close: () => Promise<void>) => {
    closers.push(close);
  };
  const start: Bench['start'] = async (program) => {
    const started = await bench.start(program);
    atEnd(() => started.stop());
    return started;
  };
  try {
    return await runPrepared({ ...bench, atEnd, start }, workload);
  } finally {
    await closeAll(...closers.toReversed());
  }
}

/** A warm-up, the rounds with the contenders in turns, figures, the audit. */
async function runPrepared(bench: Bench, workload: Workload): Promise<WorkloadReport> {
  const { id, title } = workload;
  const nothing = { id, title, contenders: [], figures: [], verdicts: [], voidedBy: [] };
  bench.say('preparing');
  const prepared = await workload.prepare(bench).catch((error: unknown) => {
    if (error instanceof NotThere) return error;
    throw error;
  });
  if (prepared instanceof NotThere) return { ...nothing, missing: prepared.message };
  if (prepared.close) bench.atEnd(prepared.close);
  const { samples, faults } = await runRounds(bench, prepared.contenders);
  const figures = (await prepared.figures?.(samples)) ?? [];
  bench.say('auditing the stores');
  const findings = await prepared.audit();
  return {
    ...nothing,
    contenders: prepared.contenders.map(({ name, what }) => ({
      name,
      what,
      samples: samples.get(name) ?? [],
    })),
    figures,
    verdicts: judge(prepared.bars, samples, figures),
    voidedBy: [...faults, ...findings],
  };
}

/** Samples by contender, and every answer that must not have been. */
async function runRounds(bench: Bench, contenders: readonly Contender[]) {
  const samples = new Map<string, Sample[]>();
  const faults: string[] = [];
  const measure = async ({ name, measure: take }: Contender, slice: number) => {
    const sample = await take(slice);
    faults.push(...(sample.faults ?? []).map((fault) => `${name}, round ${slice}: ${fault}`));
    return sample;
  };
  for (const contender of contenders) {
    bench.say(`warming up ${contender.name}`);
    await measure(contender, WARM_UP);
  }
  for (let round = 1; round <= bench.rounds; round += 1) {
    for (const contender of orderOfRound(contenders, round)) {
      bench.say(`round ${round} of ${bench.rounds}: ${contender.name}`);
      const sample = await measure(contender, round);
      samples.set(contender.name, [...(samples.get(contender.name) ?? []), sample]);
    }
  }
  return { samples, faults };
}
