import { fileURLToPath } from 'node:url';
import type { FloorSettings } from './baselines/hold-floor.ts';
import type { RawDriverSettings, RawRun } from './baselines/raw-driver.ts';
import type { Bench, Program } from './bench.ts';
import type { Buyer } from './issuer.ts';
import { type LoadPlan, send } from './load/plan.ts';
import { measureLoad, withCpu } from './measure.ts';
import type { Contender, Sample } from './workload.ts';

/** The slice of a workload's work that warms everything up; measured rounds count from 1. */
export const WARM_UP = 0;

export const programAt = (name: string) =>
  fileURLToPath(new URL(`./baselines/${name}.ts`, import.meta.url));

/** A contender that is asked over HTTP, by the same plan as its rivals. */
export function httpContender(
  bench: Bench,
  of: {
    name: string;
    what: string;
    program: Program;
    /** Processes of the contender besides its program. */
    others?: readonly Program[];
    expected: RegExp;
    planOf: (slice: number) => LoadPlan;
    /** Known to the contender before anything is measured. */
    buyers?: readonly Buyer[];
    /** Ends the work that answers left behind; its CPU counts, its time does not. */
    settle?: () => Promise<void>;
    /** Adds to a sample what must be true of its slice. */
    check?: (sample: Sample, slice: number) => Promise<Sample>;
  },
): Contender {
  const pids = [of.program, ...(of.others ?? [])].map(({ pid }) => pid);
  return {
    name: of.name,
    what: of.what,
    async measure(slice) {
      if (slice === WARM_UP && of.buyers) await introduce(bench, of.program, of.buyers);
      const plan = { ...of.planOf(slice), url: of.program.url };
      const sample = await measureLoad(bench, { ...of, pids }, plan);
      return of.check ? of.check(sample, slice) : sample;
    },
  };
}

/** Shows each buyer's token once, in a request that is refused for its empty body. */
export async function introduce(
  bench: Bench,
  program: Program,
  buyers: readonly Buyer[],
): Promise<void> {
  await bench.generator.run({
    url: program.url,
    connections: 16,
    requests: buyers.map(({ token }) => ({
      text: send('POST', '/api/events/none/holds', token, {}),
    })),
    chains: buyers.map((_, at) => [at]),
  });
}

export function startFloor(bench: Bench, answer: FloorSettings['answer']): Promise<Program> {
  return bench.start({
    name: 'hold-floor',
    file: programAt('hold-floor'),
    args: [JSON.stringify({ jwksUrl: `${bench.issuer.url}/jwks`, answer })],
    ready: '/livez',
  });
}

/** The store's driver in a loop without any service; see baselines/raw-driver.ts. */
export async function rawContender(
  bench: Bench,
  of: { name: string; what: string; database: string; seats: number },
  settings: Pick<RawDriverSettings, 'statement' | 'inFlight' | 'batch'>,
): Promise<Contender> {
  const program = await bench.start({
    name: `raw-${settings.statement}`,
    file: programAt('raw-driver'),
    args: [
      JSON.stringify({
        mongodbUrl: bench.stores.MONGODB_URL,
        database: of.database,
        ...settings,
      }),
    ],
    ready: '/',
  });
  const ask = async (): Promise<RawRun> => {
    const response = await fetch(`${program.url}/?seats=${of.seats}`, { method: 'POST' });
    if (!response.ok) throw new Error(`${of.name} failed: ${await response.text()}`);
    return (await response.json()) as RawRun;
  };
  return {
    name: of.name,
    what: of.what,
    async measure() {
      const { result, own, stores } = await withCpu(bench, [program.pid], ask);
      return {
        perSecond: result.taken / result.seconds,
        answered: result.taken,
        seconds: result.seconds,
        outcomes: { taken: result.taken },
        cpuMicros: { own, stores, load: 0 },
        faults: result.taken === of.seats ? [] : [`took ${result.taken} of ${of.seats} seats`],
      };
    },
  };
}
