import type { Verdict } from './judge.ts';
import type { Machine } from './machine.ts';
import type { ContenderReport, WorkloadReport } from './run-workload.ts';
import { median, type Spread, spreadOf } from './statistics.ts';

export type BenchReport = {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly rounds: number;
  /** True for a run that only shows that everything works: its figures mean nothing. */
  readonly quick: boolean;
  /** What the load generator can ask at most, against a bare HTTP server of few bytes. */
  readonly generator: { readonly perSecond: number; readonly cpuMicros: number };
  readonly workloads: readonly WorkloadReport[];
};

/** Whether something made the figures worthless. */
export function isVoid({ workloads }: BenchReport): boolean {
  return workloads.some(({ voidedBy }) => voidedBy.length > 0);
}

/** The report as a page. */
export function renderReport(report: BenchReport): string {
  const { machine, generator } = report;
  const parts = [
    '# Holdfast bench',
    report.quick
      ? '**A quick run: it shows that everything works. Its figures mean nothing.**'
      : undefined,
    [
      `- ${report.startedAt}, ${report.rounds} rounds`,
      `- ${machine.cores} cores (${machine.processor}), ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}`,
      `- load average before the run: ${machine.loadBefore}`,
      ...machine.stores.map((store) => `- ${store}`),
      `- load generator alone: ${count(generator.perSecond)} answers/s, ${count(generator.cpuMicros)} µs of CPU each; it shares the cores with what it measures`,
    ].join('\n'),
    ...report.workloads.map(renderWorkload),
  ];
  return `${parts.filter((part) => part !== undefined).join('\n\n')}\n`;
}

function renderWorkload(report: WorkloadReport): string {
  const parts = [
    `## ${report.id}: ${report.title}`,
    report.missing === undefined ? undefined : `Not measured: ${report.missing}`,
    report.voidedBy.length === 0 ? undefined : renderVoid(report.voidedBy),
    report.verdicts.length === 0 ? undefined : renderVerdicts(report.verdicts),
    report.contenders.length === 0 ? undefined : renderContenders(report.contenders),
    report.figures.length === 0
      ? undefined
      : table(
          ['figure', 'value'],
          report.figures.map(({ name, value, unit }) => [name, `${number(value)} ${unit}`.trim()]),
        ),
  ];
  return parts.filter((part) => part !== undefined).join('\n\n');
}

function renderVoid(findings: readonly string[]): string {
  const shown = findings.slice(0, 10).map((finding) => `- ${finding}`);
  const rest = findings.length > 10 ? [`- and ${findings.length - 10} more`] : [];
  return ['**VOID: what follows proves nothing, because**', '', ...shown, ...rest].join('\n');
}

function renderVerdicts(verdicts: readonly Verdict[]): string {
  return table(
    ['', 'what', 'wanted', 'reached', 'least to most'],
    verdicts.map(({ outcome, isAim, what, wanted, reached }) => [
      isAim ? `aim: ${outcome}` : `**${outcome}**`,
      what,
      wanted,
      reached === null ? 'not measured' : number(reached.median),
      reached === null ? '' : range(reached),
    ]),
  );
}

function renderContenders(contenders: readonly ContenderReport[]): string {
  const rows = contenders.map(({ name, what, samples }) => {
    const answered = samples.reduce((sum, sample) => sum + sample.answered, 0);
    const micros = (pick: (cpu: (typeof samples)[number]['cpuMicros']) => number | undefined) => {
      const used = samples.map((sample) => pick(sample.cpuMicros));
      if (used.length === 0 || used.some((one) => one === undefined)) return 'unknown';
      return count(used.reduce<number>((sum, one) => sum + (one ?? 0), 0) / Math.max(1, answered));
    };
    const rate = spreadOf(samples.map(({ perSecond }) => perSecond));
    const p95 = samples.flatMap(({ latency }) => (latency ? [latency.p95] : []));
    return [
      name,
      `${count(rate.median)} (${range(rate)})`,
      p95.length === 0 ? '' : number(median(p95)),
      micros(({ own }) => own),
      micros(({ stores }) => stores),
      micros(({ load }) => load),
      outcomesOf(samples),
      what,
    ];
  });
  const head = ['contender', 'a second', 'p95 ms', 'own µs', 'stores µs', 'load µs', 'answers'];
  return table([...head, 'what it is'], rows);
}

function outcomesOf(samples: ContenderReport['samples']): string {
  const sums: Record<string, number> = {};
  for (const { outcomes } of samples) {
    for (const [outcome, times] of Object.entries(outcomes)) {
      sums[outcome] = (sums[outcome] ?? 0) + times;
    }
  }
  return Object.entries(sums)
    .map(([outcome, times]) => `${outcome}: ${count(times)}`)
    .join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const count = (value: number) => Math.round(value).toLocaleString('en');
const number = (value: number) =>
  value >= 100 ? count(value) : value.toLocaleString('en', { maximumSignificantDigits: 3 });
const range = ({ least, most }: Spread) => `${number(least)} to ${number(most)}`;
