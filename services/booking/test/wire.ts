import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { given } from './world.ts';

/** What PostgreSQL says of a transaction once it is on disk. */
const COMMITTED = 'COMMIT\0';

type Trap = { marks: readonly string[]; sprung: () => void; cut: Promise<void> };

/**
 * The line between a service and PostgreSQL. A trap keeps back what the server says of the next
 * commit of a transaction that has carried all its marks: the commit is done and nobody has heard of it.
 */
export async function startWire() {
  const server = new URL(given('POSTGRES_URL'));
  const lines = new Set<Socket>();
  let trap: Trap | undefined;

  const gate = createServer((near) => {
    const far = connect(Number(server.port), server.hostname);
    const seen = new Set<string>();
    let kept: Buffer[] | undefined;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
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
      if (kept) {
        kept.push(bytes);
      } else if (trap?.marks.every((mark) => seen.has(mark)) && bytes.includes(COMMITTED)) {
        kept = [bytes];
        const { sprung, cut } = trap;
        trap = undefined;
        void cut.then(() => near.destroy());
        sprung();
      } else {
        if (bytes.includes(COMMITTED)) seen.clear();
        near.write(bytes);
      }
    });
  });
  await once(gate.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(server);
  url.host = `127.0.0.1:${(gate.address() as AddressInfo).port}`;

  return {
    url: url.href,
    /**
     * Keeps back the answer to the next commit of a transaction that names all of
     * `marks`. `sprung` resolves
     * once it is committed; `cut` then ends the connection, so that its outcome stays unknown.
     */
    loseCommit(...marks: string[]) {
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
