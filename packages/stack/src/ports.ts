import { randomInt } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { SetupError } from './setup-error.ts';

/** Below Linux's range for outgoing connections, so that none of those takes a port from us. */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;

/**
 * Ports for these names, chosen once for a data folder and kept in its `ports.json`, so that a
 * restart keeps every URL. A remembered port that something else has taken is chosen anew.
 * Must be called only by the owner of the data folder, with its servers stopped.
 */
export async function choosePorts<Name extends string>(
  dataDir: string,
  names: readonly Name[],
  preferred: Partial<Record<Name, number>> = {},
): Promise<Record<Name, number>> {
  const file = join(dataDir, 'ports.json');
  const remembered = await readPorts(file);
  const chosen: Record<string, number> = {};
  for (const name of names) {
    const wishes = [remembered[name], preferred[name]].filter((port) => port !== undefined);
    chosen[name] = await firstFree(wishes, Object.values({ ...remembered, ...chosen }));
  }
  await writeFile(`${file}.new`, `${JSON.stringify({ ...remembered, ...chosen }, null, 2)}\n`);
  await rename(`${file}.new`, file);
  return chosen as Record<Name, number>;
}

/** Throws `SetupError` unless this port can be bound on 127.0.0.1. */
export async function requireFreePort(port: number): Promise<void> {
  if (await isFree(port)) return;
  throw new SetupError(
    `Port ${port} is already in use.`,
    'Name another with --port, or stop the program that has it.',
  );
}

async function readPorts(file: string): Promise<Record<string, number>> {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  return JSON.parse(text) as Record<string, number>;
}

async function firstFree(wishes: readonly number[], taken: readonly number[]): Promise<number> {
  for (const port of wishes) if (await isFree(port)) return port;
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
