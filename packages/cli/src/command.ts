import type { ParseArgsOptionsConfig } from 'node:util';

/** What a command is given to run with. */
export interface CommandInput {
  /** The data folder, resolved. */
  readonly dataDir: string;
  readonly port: number | undefined;
  readonly json: boolean;
  /** The command's own flags that were set. */
  readonly flags: ReadonlySet<string>;
  /** The command's own options that were given a value. */
  readonly values: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The operands in the usage line, for example `[what...]`. */
  readonly operands: string;
  readonly options: ParseArgsOptionsConfig;
  readonly help: string;
  /** Resolves to the exit status. */
  run(input: CommandInput): Promise<number>;
}

/** Prints one line or a JSON document on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
