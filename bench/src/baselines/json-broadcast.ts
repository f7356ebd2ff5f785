import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';
import { readSettings, stopOnSignal } from './settings.ts';

export type JsonBroadcastSettings = { port: number; redisUrl: string; key: string };

// Every change goes to every socket as it comes: read by a blocking call, written as JSON once,
// sent by ws. Sending several changes together would make it faster, and is what it is compared to.
const { port, redisUrl, key } = readSettings<JsonBroadcastSettings>();
const redis = new Redis(redisUrl);
const server = createServer((_request, response) => response.end('ok'));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => socket.on('error', () => undefined));

let stopping = false;
async function follow(): Promise<void> {
  let last = '0-0';
  while (!stopping) {
    const streams = (await redis.xread('BLOCK', 500, 'STREAMS', key, last)) ?? [];
    for (const [, entries] of streams) {
      for (const [id, fields] of entries) {
        last = id;
        const deltas = JSON.parse(fields[fields.indexOf('changes') + 1] ?? '[]') as number[][];
        for (const [order, , code] of deltas) {
          const text = Buffer.from(
            JSON.stringify({ type: 'SEAT_CHANGES', id, changes: [[order, code]] }),
          );
          for (const socket of sockets.clients) socket.send(text, { binary: false });
        }
      }
    }
  }
}
const following = follow();

server.listen(port, '127.0.0.1');
stopOnSignal(async () => {
  stopping = true;
  await following;
  redis.disconnect();
});
