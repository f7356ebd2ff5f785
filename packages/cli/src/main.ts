import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { defaultDataDir, readEnvironment } from '@holdfast/stack/config.ts';
import { SetupError } from '@holdfast/stack/setup-error.ts';
import { AUDIT_MODULE, audit } from './audit.ts';
import { BENCH_MODULE, bench } from './bench.ts';
import { bookings } from './bookings.ts';
import type { Command } from './command.ts';
import { consumer } from './consumer.ts';
import { DEMO_MODULE, demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { reconcile } from './reconcile.ts';
import { stop } from './stop.ts';
import { sweeps } from './sweeps.ts';
import { test } from './test.ts';
import { up } from './up.ts';
import { commandHelp, overview } from './usage.ts';

const EVERYWHERE: ParseArgsOptionsConfig = {
  'data-dir': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
};

const INTERRUPTED = 130;
const WRONG_USE = 2;

/** The commands of this checkout: one whose program is not there is not listed. */
function listCommands(): Command[] {
  const isThere = (module: string) => existsSync(fileURLToPath(import.meta.resolve(module)));
  return [
    ...(isThere(DEMO_MODULE) ? [demo] : []),
    up,
    stop,
    test,
    doctor,
    ...(isThere(BENCH_MODULE) ? [bench] : []),
    ...(isThere(AUDIT_MODULE) ? [audit] : []),
    bookings,
    sweeps,
    reconcile,
    consumer,
  ];
}

async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  const commands = listCommands();
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(overview(commands));
    return name === undefined ? WRONG_USE : 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    throw new UsageError(`There is no command "${name}".`, 'Run ./holdfast --help for the list.');
  }
  const { values, positionals } = parse(command, rest);
  if (values.help) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  const dataDir = values['data-dir'] ?? defaultDataDir(readEnvironment());
  return command.run({
    dataDir: resolve(String(dataDir)),
    port: readPort(values.port),
    json: values.json === true,
    flags: new Set(Object.keys(values).filter((key) => values[key] === true)),
    values: new Map(
      Object.entries(values).flatMap(([key, value]) =>
        typeof value === 'string' ? [[key, value] as const] : [],
      ),
    ),
    operands: positionals,
    signal,
  });
}

class UsageError extends SetupError {}

function parse(command: Command, args: string[]) {
  try {
    const options = { ...EVERYWHERE, ...command.options };
    return parseArgs({ args, options, allowPositionals: command.operands !== '' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(reason, `Run ./holdfast ${command.name} --help.`);
  }
}

function readPort(text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`--port ${text} is not a port.`, 'Give a number from 1 to 65535.');
}

function reportFailure(error: unknown): number {
  if (error instanceof SetupError) {
    const remedy = error.remedy.replaceAll('\n', '\n              ');
    process.stderr.write(`\nholdfast: ${error.message}\n  What to do: ${remedy}\n`);
    return error instanceof UsageError ? WRONG_USE : 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`\nholdfast: ${text}\n  This is a fault in Holdfast; please report it.\n`);
  return 1;
}

/** The first signal lets everything stop in order; the second ends at once (stores end too). */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(INTERRUPTED);
      controller.abort(new Error(`interrupted by ${name}`));
    });
  }
  return controller.signal;
}

const signal = abortOnSignals();
const status = await main(process.argv.slice(2), signal).catch((error: unknown) => {
  if (!signal.aborted) return reportFailure(error);
  process.stderr.write('\nholdfast: interrupted; everything it started has stopped.\n');
  return INTERRUPTED;
});
process.exit(status);
