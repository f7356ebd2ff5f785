import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Environment } from './config.ts';
import { clearProcessesIn, killProcessesIn, sendSignal } from './processes.ts';
import { SetupError } from './setup-error.ts';
import { type SystemUser, tether } from './tether.ts';
import { waitUntil } from './wait.ts';

export interface ServerOptions {
  readonly name: string;
  readonly command: readonly string[];
  /** The server's working folder. No other server may have the same. */
  readonly folder: string;
  readonly logFile: string;
  readonly env: Environment;
  readonly user?: SystemUser | undefined;
  /** The signal for an orderly stop, also sent by the kernel when the parent dies. */
  readonly stopSignal: 'INT' | 'TERM';
  /** Asks the server by its real protocol; throws until it answers. */
  readonly ready: () => Promise<unknown>;
  readonly readyTimeoutMs?: number;
  /** Called when the server ends by itself after it was ready. */
  readonly onLost?: ((how: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Server {
  readonly pid: number;
  isRunning(): boolean;
  /** SIGKILL to the server and all its workers; resolves when they are gone. */
  kill(): Promise<void>;
  /** An orderly stop, by force after 15 s. */
  stop(): Promise<void>;
}

/**
 * Starts a server that dies with this process and resolves when it answers.
 * Throws `SetupError` with the end of its log when it exits or stays silent.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  options.signal?.throwIfAborted();
  await clearProcessesIn(options.folder, 5000);
  const child = await spawnServer(options);
  const server = controlServer(child, options);
  const failure = new AbortController();
  server.exited.then((how) => failure.abort(new Error(how)));
  try {
    await waitUntil(options.ready, {
      timeoutMs: options.readyTimeoutMs ?? 60_000,
      signal: anySignal(failure.signal, options.signal),
    });
    server.exited.then((how) => {
      if (!server.isEnding()) options.onLost?.(how);
    });
    return server;
  } catch (cause) {
    const hadExited = failure.signal.aborted;
    await server.kill();
    options.signal?.throwIfAborted();
    const reason = hadExited ? 'stopped while starting' : 'did not answer in time';
    throw new SetupError(
      `${options.name} ${reason}.\n${await readTail(options.logFile, 12)}`,
      `Read ${options.logFile} for the reason.`,
      { cause },
    );
  }
}

async function spawnServer(options: ServerOptions): Promise<ChildProcess> {
  await mkdir(dirname(options.logFile), { recursive: true });
  await rotateLog(options.logFile);
  const log = await open(options.logFile, 'a');
  try {
    const [command = '', ...args] = tether(options.stopSignal, options.command, options.user);
    const child = spawn(command, args, {
      cwd: options.folder,
      env: { ...options.env },
      stdio: ['ignore', log.fd, log.fd],
      // Its own session, so that Ctrl-C reaches only the parent, which stops things in order.
      detached: true,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return child;
  } catch (cause) {
    throw new SetupError(
      `${options.name} could not be started.`,
      'Check that util-linux (setpriv) is installed; Holdfast runs its own stores on Linux only.',
      { cause },
    );
  } finally {
    await log.close();
  }
}

function controlServer(
  child: ChildProcess,
  options: ServerOptions,
): Server & { exited: Promise<string>; isEnding: () => boolean } {
  const pid = child.pid ?? 0;
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`${options.name} exited: ${signal ?? code}`));
  });
  child.unref();
  let ending = false;
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  async function kill(): Promise<void> {
    ending = true;
    child.ref();
    if (isRunning()) sendSignal(pid, 'SIGKILL');
    await killProcessesIn(options.folder);
    await exited;
  }
  async function stop(): Promise<void> {
    ending = true;
    if (isRunning()) {
      child.ref();
      sendSignal(pid, `SIG${options.stopSignal}`);
      const force = setTimeout(() => sendSignal(pid, 'SIGKILL'), 15_000);
      await exited;
      clearTimeout(force);
    }
    await killProcessesIn(options.folder);
  }
  return { pid, isRunning, kill, stop, exited, isEnding: () => ending };
}

/** Keeps one older log, so that a data folder does not grow without end. */
async function rotateLog(file: string): Promise<void> {
  const log = await open(file, 'a');
  const { size } = await log.stat();
  await log.close();
  if (size > 20_000_000) await rename(file, `${file}.old`);
}

/** The last lines of a log, for an error that a person reads. */
export async function readTail(file: string, lines: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

function anySignal(first: AbortSignal, second: AbortSignal | undefined): AbortSignal {
  return second ? AbortSignal.any([first, second]) : first;
}
