import { readEnvironment } from '@holdfast/stack/config.ts';
import { locateGo } from '@holdfast/stack/go.ts';
import { locateJava } from '@holdfast/stack/java.ts';
import { createProgress, silentProgress } from '@holdfast/stack/progress.ts';
import { remedyOf, tryStack } from '@holdfast/stack/stack.ts';
import { findProgram, runTool } from '@holdfast/stack/tool.ts';
import { type Command, type CommandInput, print } from './command.ts';
import { findRunning, reportStore, type StoreReport } from './running-system.ts';

export const doctor: Command = {
  name: 'doctor',
  summary: 'say what was found for each store, where it came from, and what is wrong',
  operands: '',
  options: { json: { type: 'boolean' } },
  help: `Brings every store up once, or looks at those that run already, and says which choice was
taken and why the ones before it were not. Exits with 1 if a store cannot be had.`,
  async run(input) {
    const tools = await examineTools(input);
    const stores = await examineStores(input);
    const ok = stores.every((store) => store.ok);
    if (input.json) print(JSON.stringify({ ok, tools, stores }, null, 2));
    else printExamination(tools, stores);
    return ok ? 0 : 1;
  },
};

interface Tool {
  readonly name: string;
  readonly version: string | undefined;
  readonly path: string | undefined;
  readonly use: string;
}

type StoreExamination =
  | ({ readonly ok: true } & StoreReport)
  | { readonly ok: false; readonly name: string; readonly fault: string; readonly remedy: string };

async function examineTools({ signal }: CommandInput): Promise<Tool[]> {
  const env = readEnvironment();
  const java = await locateJava({ env, signal });
  const go = await locateGo({ env, signal });
  const version = async (name: string, args: string[], pattern: RegExp) => {
    const path = await findProgram(name, env);
    const printed = path ? await runTool([path, ...args], { env, signal }) : undefined;
    return { name, path, version: pattern.exec(printed?.stdout ?? '')?.[1] };
  };
  return [
    {
      name: 'node',
      version: process.versions.node,
      path: process.execPath,
      use: 'runs everything; pinned by the packages',
    },
    { ...(await version('npm', ['--version'], /(\S+)/)), use: 'installs the packages' },
    {
      name: 'java',
      version: java && `${java.major}`,
      path: java?.path,
      use: 'runs Kafka; 17 or later',
    },
    {
      ...(await version('mvn', ['--version'], /Maven ([\d.]+)/)),
      use: "fetches Kafka's jars, once",
    },
    {
      name: 'go',
      version: go?.version,
      path: go?.path,
      use: 'builds FerretDB, once, where MongoDB cannot be had; 1.25 or later',
    },
  ];
}

async function examineStores({ dataDir, json, signal }: CommandInput): Promise<StoreExamination[]> {
  const running = await findRunning(dataDir);
  if (running) return running.stores.map((store) => ({ ok: true, ...store }));
  const progress = json ? silentProgress : createProgress();
  const attempt = await tryStack({ dataDir, progress, signal });
  await attempt.stop();
  signal.throwIfAborted();
  return attempt.outcomes.map((outcome) => {
    if ('handle' in outcome) return { ok: true, ...reportStore(outcome.handle) };
    const { name, error } = outcome;
    const fault = error instanceof Error ? error.message : String(error);
    return { ok: false, name, fault, remedy: remedyOf(error) };
  });
}

function printExamination(tools: readonly Tool[], stores: readonly StoreExamination[]): void {
  print('\nTools');
  for (const { name, version, path, use } of tools) {
    const found = path ? `${version ?? 'unknown version'}  ${path}` : 'not found';
    print(`  ${name.padEnd(9)} ${found}  (${use})`);
  }
  print('\nStores');
  for (const store of stores) {
    if (store.ok) {
      print(`  ${store.name.padEnd(9)} ${store.version}${store.standIn ? '  STAND-IN' : ''}`);
      print(`            ${store.source}`);
      for (const reason of store.passedOver) print(`            before that: ${reason}`);
    } else {
      print(`  ${store.name.padEnd(9)} FAULT  ${store.fault.replaceAll('\n', '\n            ')}`);
      print(`            what to do: ${store.remedy}`);
    }
  }
}
