import { createServer } from 'node:http';
import { type Document, MongoClient } from 'mongodb';
import { readSettings, stopOnSignal } from './settings.ts';

export type RawDriverSettings = {
  port: number;
  mongodbUrl: string;
  database: string;
  /** `one`: a findOneAndUpdate a seat. `set`: an updateMany a batch, and a find of who won. */
  statement: 'one' | 'set';
  inFlight: number;
  /** Seats in one statement. */
  batch: number;
};

export type RawRun = { seats: number; seconds: number; taken: number };

type RawSeat = { _id: string; status: string; version: number; hold?: { id: string } };

// No service at all: the store's own driver takes seats in a loop, in a collection with no index
// but its key. It would be faster only with a store that is.
const settings = readSettings<RawDriverSettings>();
const client = await new MongoClient(settings.mongodbUrl, {
  writeConcern: { w: 'majority', j: true },
  maxPoolSize: settings.inFlight,
}).connect();
const seats = client.db(settings.database).collection<RawSeat>(`raw_${settings.statement}`);

const TAKEABLE: Document = {
  $or: [
    { status: 'available' },
    { status: 'held', $expr: { $not: [{ $gt: ['$hold.expiresAt', '$$NOW'] }] } },
  ],
};

function taken(hold: Document): Document[] {
  return [
    {
      $set: {
        status: 'held',
        version: { $add: ['$version', 1] },
        hold: {
          $mergeObjects: [
            hold,
            { userId: { $literal: 'buyer' }, round: 0, takenAt: '$$NOW' },
            { expiresAt: { $add: ['$$NOW', 600_000] } },
          ],
        },
      },
    },
  ];
}

async function takeOne(id: string): Promise<number> {
  const seat = await seats.findOneAndUpdate(
    { _id: id, ...TAKEABLE },
    taken({ id: { $literal: `hold-${id}` } }),
    { returnDocument: 'after' },
  );
  return seat === null ? 0 : 1;
}

async function takeSet(ids: string[]): Promise<number> {
  const holds = ids.map((id) => `hold-${id}`);
  const own = {
    $arrayElemAt: [{ $literal: holds }, { $indexOfArray: [{ $literal: ids }, '$_id'] }],
  };
  await seats.updateMany({ _id: { $in: ids }, ...TAKEABLE }, taken({ id: own }));
  const found = await seats
    .find({ _id: { $in: ids } }, { projection: { hold: 1, version: 1 } })
    .toArray();
  return found.filter((seat) => seat.hold?.id === `hold-${seat._id}`).length;
}

/** Takes new seats, which it makes first; the making is not timed. */
async function run(wanted: number): Promise<RawRun> {
  await seats.deleteMany({});
  const ids = Array.from({ length: wanted }, (_, at) => `seat-${String(at).padStart(7, '0')}`);
  for (let at = 0; at < wanted; at += 5_000) {
    await seats.insertMany(
      ids.slice(at, at + 5_000).map((id) => ({ _id: id, status: 'available', version: 1 })),
    );
  }
  let next = 0;
  let won = 0;
  const startedAt = performance.now();
  const work = async () => {
    while (next < wanted) {
      const chosen = ids.slice(next, next + settings.batch);
      next += settings.batch;
      const one = settings.statement === 'one';
      const count = one ? await takeOne(chosen[0] ?? '') : await takeSet(chosen);
      won += count;
    }
  };
  await Promise.all(Array.from({ length: settings.inFlight }, work));
  return { seats: wanted, seconds: (performance.now() - startedAt) / 1_000, taken: won };
}

const server = createServer((request, response) => {
  if (request.method !== 'POST') return response.end('alive');
  const count = Number(new URL(request.url ?? '', 'http://raw').searchParams.get('seats'));
  run(count).then(
    (result) => response.end(JSON.stringify(result)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(settings.port, '127.0.0.1');
stopOnSignal(async () => {
  server.closeAllConnections();
  await client.close();
});
