import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

type Trap = { marks: readonly string[]; sprung: () => void; cut: Promise<void> };

/** What PostgreSQL says of a transaction once it is on disk; MongoDB's answers are one each. */
export const COMMITTED = 'COMMIT\0';

/**
 * The line between a service and its store, for tests of lost answers. A trap keeps back what the
 * store says of one write, known by its marks: it is done and nobody has heard of it.
 * `endsWith` is in each answer that ends a write, whatever it was about.
 */
export async function startLossyWire(server: string, endsWith = '') {
  const url = new URL(server);
  const { hostname, port } = url;
  const lines = new Set<Socket>();
  let trap: Trap | undefined;

  const gate = createServer((near) => {
    const far = connect(Number(port), hostname);
    const seen = new Set<string>();
    let isKept = false;
    const ends: [Socket, Socket][] = [
      [near, far],
      [far, near],
    ];
    for (const [from, to] of ends) {
      lines.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        lines.delete(from);
        to.destroy();
      });
    }
    near.on('data', (bytes) => {
      for (const mark of trap?.marks ?? []) if (bytes.includes(mark)) seen.add(mark);
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (isKept) return;
      const isEnd = bytes.includes(endsWith);
      if (isEnd && trap?.marks.every((mark) => seen.has(mark))) {
        isKept = true;
        void trap.cut.then(() => near.destroy());
        trap.sprung();
        trap = undefined;
        return;
      }
      if (isEnd) seen.clear();
      near.write(bytes);
    });
  });
  await once(gate.listen(0, '127.0.0.1'), 'listening');
  url.host = `127.0.0.1:${(gate.address() as AddressInfo).port}`;

  return {
    url: url.href,
    /**
     * Keeps back the answer to the next write that names all of `marks`. `sprung` resolves once it
     * is done; `cut` then ends the connection, so that its outcome stays unknown.
     */
    loseAnswer(...marks: string[]) {
      const sprung = Promise.withResolvers<void>();
      const cut = Promise.withResolvers<void>();
      trap = { marks, sprung: sprung.resolve, cut: cut.promise };
      return { sprung: sprung.promise, cut: cut.resolve };
    },
    async stop() {
      for (const line of lines) line.destroy();
      await new Promise((resolve) => gate.close(resolve));
    },
  };
}
