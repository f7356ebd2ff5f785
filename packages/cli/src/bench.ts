import { resolve } from 'node:path';
import { createProgress, silentProgress } from '@holdfast/stack/progress.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import { type Command, print } from './command.ts';

export const BENCH_MODULE = '@holdfast/bench/run-bench.ts';

const ROUNDS = 5;
const QUICK_ROUNDS = 1;
const MOST_ROUNDS = 50;

export const bench: Command = {
  name: 'bench',
  summary: 'measure workloads beside their baselines, and audit what was measured',
  operands: '[what...]',
  options: {
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    growth: { type: 'boolean' },
    rounds: { type: 'string' },
    out: { type: 'string' },
  },
  help: `Brings up stores of its own, or takes those given, and runs each workload: subject and
baselines in turns, several rounds, then an audit of the stores. An operand is a workload (W4) or a
group (catalog); without one all of them run, but growth. Prints the report and writes it as
Markdown and JSON. Every bar is printed as PASS or SHORT. Exits with 1 when an audit or a wrong
answer voids a run; a missed bar is a figure, not a failure. bench/README.md says how to read it.

  --rounds N    rounds of each contender after a warm-up (default: ${ROUNDS})
  --quick       small numbers and one round: shows that everything works, measures nothing
  --growth      the workloads of growth, which seed millions of documents first
  --out FOLDER  where the reports go (default: bench-reports below the data folder)`,
  async run({ dataDir, json, flags, values, operands, signal }) {
    const [{ runBench }, { chooseWorkloads }, { isVoid, renderReport }] = await Promise.all([
      import('@holdfast/bench/run-bench.ts'),
      import('@holdfast/bench/registry.ts'),
      import('@holdfast/bench/report.ts'),
    ]);
    const quick = flags.has('quick');
    const out = values.get('out');
    const { report, files } = await runBench({
      workloads: chooseWorkloads(operands, flags.has('growth')),
      dataDir,
      ...(out !== undefined && { out: resolve(out) }),
      rounds: readRounds(values.get('rounds')) ?? (quick ? QUICK_ROUNDS : ROUNDS),
      quick,
      progress: json ? silentProgress : createProgress(),
      signal,
    });
    print(json ? JSON.stringify(report) : `\n${renderReport(report)}\n${files.join('\n')}`);
    return isVoid(report) ? 1 : 0;
  },
};

function readRounds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= MOST_ROUNDS) return rounds;
  throw new SetupError(
    `--rounds ${text} is not a number of rounds.`,
    `Give a whole number from 1 to ${MOST_ROUNDS}.`,
  );
}
