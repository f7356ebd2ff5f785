import { createHash } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the machine-wide lock of this name, or returns undefined when another process has it.
 * The lock is a socket in Linux's abstract namespace: the kernel frees it the moment its owner
 * dies, so there is no stale lock file to clean. Whoever connects is told `note`.
 */
export async function tryLock(name: string, note: () => object): Promise<Lock | undefined> {
  const lock = await bind(name, note);
  if (lock || (await readLock(name)) !== undefined) return lock;
  // Nobody answers: the owner died while it was starting a child, which had the socket a moment more.
  return bind(name, note);
}

async function bind(name: string, note: () => object): Promise<Lock | undefined> {
  const guests = new Set<Socket>();
  const server = createServer((socket) => {
    guests.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => guests.delete(socket));
    socket.unref();
    socket.write(`${JSON.stringify(note())}\n`);
  });
  const taken = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ path: address(name) }, () => resolve(true));
  });
  if (!taken) return undefined;
  server.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const guest of guests) guest.destroy();
      }),
  };
}

/** Takes the lock, waiting for its present owner to release it or die. */
export async function waitForLock(name: string, signal?: AbortSignal): Promise<Lock> {
  for (;;) {
    signal?.throwIfAborted();
    const lock = await tryLock(name, () => ({ pid: process.pid }));
    if (lock) return lock;
    await sleep(200);
  }
}

/** What the owner of the lock tells about itself, or undefined when nobody has it. */
export async function readLock(name: string): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = connect({ path: address(name) });
    let text = '';
    socket.setEncoding('utf8').setTimeout(5000, () => socket.destroy());
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(text === '' ? undefined : JSON.parse(text)));
  });
}

/** A socket's name may have 107 bytes, a path more: so it is hashed. */
function address(name: string): string {
  return `\0holdfast-${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
}
