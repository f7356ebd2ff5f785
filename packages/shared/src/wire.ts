import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** A wire to Redis for tests: it can be cut and mended, or go quiet without being cut. */
export async function startWire(target: string) {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let quiet = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => open.delete(socket));
    }
    near.on('data', (bytes) => quiet || far.write(bytes));
    far.on('data', (bytes) => quiet || near.write(bytes));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  const listen = (at: number) =>
    new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  await listen(0);
  const nearPort = (server.address() as AddressInfo).port;
  return {
    url: `redis://127.0.0.1:${nearPort}`,
    hush: () => {
      quiet = true;
    },
    async cut() {
      for (const socket of open) socket.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
    /** Takes connections again at the same address. */
    async mend() {
      quiet = false;
      await listen(nearPort);
    },
  };
}
