import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Environment } from './config.ts';
import { sendSignal } from './processes.ts';
import { type SystemUser, tether } from './tether.ts';

export interface ToolOptions {
  readonly env: Environment;
  readonly cwd?: string;
  readonly user?: SystemUser | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  /** Called with each line the tool prints. */
  readonly onLine?: (line: string) => void;
}

export interface ToolOutput {
  readonly stdout: string;
  /** Both streams, in the order in which lines arrived. */
  readonly text: string;
}

/** A tool that exited with a fault; the message ends with the last lines it printed. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly output: string;

  constructor(command: readonly string[], how: string, output: string) {
    super(`${command.join(' ')}: ${how}\n${output.split('\n').slice(-15).join('\n')}`);
    this.output = output;
  }
}

/**
 * Runs a command to its end and returns what it printed. It dies with this process, and an abort
 * or the time limit kills it together with what it started.
 */
export async function runTool(
  command: readonly string[],
  options: ToolOptions,
): Promise<ToolOutput> {
  options.signal?.throwIfAborted();
  const [program = '', ...args] = tether('KILL', command, options.user);
  const child = spawn(program, args, {
    env: { ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });
  const lines: string[] = [];
  const stdout: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (input === child.stdout) stdout.push(line);
      options.onLine?.(line);
    });
  }
  let timedOut = false;
  const killGroup = () => {
    if (child.pid) sendSignal(-child.pid, 'SIGKILL');
  };
  const limit = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, options.timeoutMs ?? 900_000);
  options.signal?.addEventListener('abort', killGroup, { once: true });
  try {
    const how = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once('error', reject).once('close', (code, signal) => resolve(code ?? signal));
    });
    options.signal?.throwIfAborted();
    const output = lines.join('\n');
    if (timedOut) throw new ToolError(command, 'took too long and was stopped', output);
    if (how !== 0) throw new ToolError(command, `exited with ${how}`, output);
    return { stdout: stdout.join('\n'), text: output };
  } finally {
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', killGroup);
  }
}

/** The full path of a program on PATH, or undefined. */
export async function findProgram(name: string, env: Environment): Promise<string | undefined> {
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const file = join(folder, name);
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}
