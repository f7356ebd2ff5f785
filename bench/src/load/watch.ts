import { connect, type Socket } from 'node:net';
import type { WatchAnswer, WatchOrder } from './watchers.ts';

// The program of a process that holds many sockets: most only take what comes, some read it.
const KEY = 'sec-websocket-key: aG9sZGZhc3QtYmVuY2gtMQ==';
/** Sent unasked, so that nobody takes a socket that does not read pings for dead. */
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
const PONG_MS = 20_000;
/** Connections being opened at once. */
const AT_ONCE = 64;

const sockets: Socket[] = [];
let arrivals: number[] = [];
let lost = 0;
let bytes = 0;

/** A client's text message, masked with zeros (RFC 6455, 5.3). */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

async function open({
  url,
  path,
  subscribe,
  sampled,
  sockets: count,
}: WatchOrder & { do: 'open' }) {
  const { hostname, port } = new URL(url);
  let next = 0;
  const openOne = async (at: number): Promise<void> => {
    const reads = at < sampled ? createReader() : undefined;
    const upgraded = Promise.withResolvers<void>();
    let isUpgraded = false;
    const buffer = Buffer.allocUnsafe(16_384);
    const socket = connect({
      host: hostname,
      port: Number(port),
      onread: {
        // Sockets that only take what comes share one buffer.
        buffer: reads ? buffer : SHARED,
        callback(length, chunk) {
          bytes += length;
          if (!isUpgraded) {
            isUpgraded = true;
            upgraded.resolve();
          } else {
            reads?.(Buffer.from(chunk.subarray(0, length)));
          }
          return true;
        },
      },
    });
    socket.on('error', upgraded.reject);
    socket.on('close', () => {
      lost += 1;
    });
    socket.write(
      `GET ${path} HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\nupgrade: websocket\r\n` +
        `sec-websocket-version: 13\r\n${KEY}\r\n\r\n`,
    );
    await upgraded.promise;
    if (subscribe) socket.write(masked(subscribe));
    sockets.push(socket);
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < count) {
        next += 1;
        await openOne(next - 1);
      }
    }),
  );
}

const SHARED = Buffer.allocUnsafe(65_536);

/** Notes when each seat's change came: pairs of its place and the instant. */
function createReader(): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const nowMs = performance.timeOrigin + performance.now();
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const message = nextMessage(rest);
      if (message === undefined) return;
      rest = rest.subarray(message.end);
      for (const line of message.text.split('\n')) {
        const frame = line === '' ? {} : (JSON.parse(line) as { changes?: [number, number][] });
        for (const [order] of frame.changes ?? []) arrivals.push(order, nowMs);
      }
    }
  };
}

function nextMessage(bytes: Buffer): { text: string; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] ?? 0) & 0x7f;
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < header) return undefined;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = header + length;
  if (bytes.length < end) return undefined;
  const isText = ((bytes[0] ?? 0) & 0x0f) === 1;
  return { text: isText ? bytes.toString('utf8', header, end) : '', end };
}

async function obey(order: WatchOrder): Promise<WatchAnswer> {
  if (order.do === 'open') {
    await open(order);
  } else if (order.do === 'close') {
    for (const socket of sockets.splice(0)) socket.removeAllListeners('close').destroy();
  }
  const answer = { open: sockets.length, lost, bytes, arrivals: Float64Array.from(arrivals) };
  if (order.do !== 'count') arrivals = [];
  bytes = 0;
  return answer;
}

setInterval(() => {
  for (const socket of sockets) socket.write(PONG);
}, PONG_MS).unref();

process.on('message', (order: WatchOrder) => {
  obey(order).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
