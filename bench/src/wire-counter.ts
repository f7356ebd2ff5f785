import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A way to a MongoDB server that counts the commands that go through it, by name. Counting on the
 * wire needs nothing of what is counted, and works for every server that speaks the protocol.
 */
export type WireCounter = {
  /** The server's URL with this way in place of its host. */
  readonly url: string;
  counts(): Readonly<Record<string, number>>;
  stop(): Promise<void>;
};

/** What drivers say for themselves; no operation on what is stored. */
const OWN_TALK = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'endSessions']);
const OP_MSG = 2013;

export async function startWireCounter(mongodbUrl: string): Promise<WireCounter> {
  const [, host = '', port = '27017'] =
    /^mongodb:\/\/(?:[^@/]*@)?([^:/,?]+):?(\d+)?/.exec(mongodbUrl) ?? [];
  const counts: Record<string, number> = {};
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host, port: Number(port), noDelay: true });
    const read = createCommandReader((name) => {
      if (!OWN_TALK.has(name)) counts[name] = (counts[name] ?? 0) + 1;
    });
    client.setNoDelay(true);
    client.on('data', read);
    client.pipe(upstream).pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: mongodbUrl.replace(/^(mongodb:\/\/(?:[^@/]*@)?)[^/?]+/, `$1${own}`),
    counts: () => ({ ...counts }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * Reads the stream of a client: 16 bytes of header (length first, operation code last), 4 of
 * flags, a section's kind, then the command as BSON whose first member is named like the command.
 */
export function createCommandReader(onCommand: (name: string) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, chunk]);
    while (pending.length >= 16) {
      const length = pending.readInt32LE(0);
      if (length < 16 || pending.length < length) return;
      if (pending.readInt32LE(12) === OP_MSG) {
        const nameAt = 16 + 4 + 1 + 4 + 1;
        onCommand(pending.toString('latin1', nameAt, pending.indexOf(0, nameAt)));
      }
      pending = pending.subarray(length);
    }
  };
}
