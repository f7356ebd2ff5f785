import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { type Answer, ask } from '../ask.ts';
import type { Bench, Program } from '../bench.ts';
import { type Catalogs, openCatalogs } from '../catalog.ts';
import { introduce } from '../contenders.ts';
import { type Ending, seedEndingHolds } from '../ending-holds.ts';
import type { Buyer } from '../issuer.ts';
import { openConnection } from '../load/connection.ts';
import { get, send } from '../load/plan.ts';
import { insertAll, makeTemplate } from '../seeding.ts';
import { latencyOf } from '../statistics.ts';
import type { Figure, Prepared, Workload } from '../workload.ts';

const EVENTS = 10;
/** A prime: an owner's holds go to different events, and stay under the cap of an account. */
const OWNERS = 2_003;
const MOST_SAMPLES = 200;
const RETRY_EVERY_MS = 50;
const LOOK_EVERY_MS = 100;
const ENDS_A_LOOK = 500;
/** All in the first answer, which holds 101 by default. */
const WHOLE = { projection: { _id: 1 }, batchSize: ENDS_A_LOOK + 1 };
const SEAT_HOLD = { projection: { 'hold.id': 1 }, batchSize: ENDS_A_LOOK + 1 };
/** Why a hold that has ended is not extended, before and after its stored state follows. */
const ENDED = new Set(['hold_expired', 'hold_not_active']);
const GIVE_UP_MS = 60_000;
const ONE_SECOND_MS = 1_000;
const CEILING = { batch: 200, inFlight: 4 };
/** Left for seeding to end before the first hold does. */
const SEEDING_MS = 3_000;
const SEEDING_MS_A_THOUSAND = 1_500;

/** W15: fifty thousand holds end within one second; nobody may wait for their seats. */
export const endingHolds: Workload = {
  id: 'W15',
  group: 'catalog',
  title: '50,000 holds ending in one second',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const catalogs = await openCatalogs(bench, 'W15');
  const catalog = await catalogs.start();
  const faults: string[] = [];
  return {
    contenders: [],
    bars: [
      { kind: 'figure', figure: 'for sale again, p95', atMost: 1_000 },
      { kind: 'figure', figure: 'shown free, p95', atMost: 1_000 },
      { kind: 'figure', figure: 'stored state behind, most', atMost: 5_000 },
      { kind: 'figure', figure: 'honoured past the end', atMost: 0 },
      { kind: 'figure', figure: 'store ceiling / stored', atLeast: 0.6, isAim: true },
    ],
    figures: () => measure(bench, catalogs, catalog, faults),
    audit: async () => [...faults, ...(await catalogs.audit())],
  };
}

async function measure(
  bench: Bench,
  catalogs: Catalogs,
  catalog: Program,
  faults: string[],
): Promise<Figure[]> {
  const holds = bench.quick ? 500 : 50_000;
  const samples = Math.min(MOST_SAMPLES, holds / 10);
  const template = await makeTemplate(catalog, catalogs.db, catalogs.organizer, {
    seatCount: holds / EVENTS + 1,
  });
  const owners = await bench.issuer.buyers(OWNERS);
  const rivals = await bench.issuer.buyers(samples);
  bench.say(`seeding ${holds} holds that end together`);
  const endsAt = Date.now() + SEEDING_MS + (holds / 1_000) * SEEDING_MS_A_THOUSAND;
  const seeded = { template, events: EVENTS, owners, holds, endsAt };
  const endings = await seedEndingHolds(catalog, catalogs.db, seeded);
  await introduce(bench, catalog, rivals);
  // Holds are made through catalog, which then knows how the seats stand: it is shown these.
  for (const { eventId } of new Set(endings.map(({ event }) => event))) {
    await ask(catalog, 'GET', `/api/events/${eventId}/availability`);
  }
  if (Date.now() > endsAt) throw new Error('Seeding took longer than the holds last');
  bench.say('waiting for their end');
  const every = holds / samples;
  const sample = async <T>(
    offset: number,
    act: (wire: Wire, of: Ending, at: number) => Promise<T>,
  ) =>
    Promise.all(
      endings
        .filter((_, at) => at % every === offset)
        .map((ending, at) => onWire(catalog, (wire) => act(wire, ending, at))),
    );
  const [resold, shown, honoured, behindMs] = await Promise.all([
    sample(0, (wire, ending, at) => buyAgain(wire, ending, rivals[at])),
    sample(1, seeFree),
    sample(2, (wire, ending) => extendPastEnd(wire, ending, faults)),
    watchStored(catalogs, endings),
  ]);
  bench.say('ending as many without a service');
  const ceilingMs = await endWithoutService(catalogs.db, holds);
  const [again, free] = [latencyOf(resold), latencyOf(shown)];
  return [
    { name: 'holds ended', value: endings.length, unit: '' },
    { name: 'for sale again, p95', value: again.p95, unit: 'ms' },
    { name: 'for sale again, most', value: again.most, unit: 'ms' },
    { name: 'shown free, p95', value: free.p95, unit: 'ms' },
    { name: 'stored state behind, most', value: behindMs, unit: 'ms' },
    { name: 'all ended in', value: ONE_SECOND_MS + behindMs, unit: 'ms' },
    { name: 'store ceiling, all ended in', value: ceilingMs, unit: 'ms' },
    { name: 'store ceiling / stored', value: ceilingMs / (ONE_SECOND_MS + behindMs), unit: '' },
    { name: 'honoured past the end', value: honoured.filter(Boolean).length, unit: '' },
  ];
}

const untilEnd = ({ expiresAt }: Ending) => sleep(Math.max(0, expiresAt.getTime() - Date.now()));

/** Milliseconds from the end of a hold until somebody else has its seat. */
async function buyAgain(wire: Wire, ending: Ending, rival: Buyer | undefined): Promise<number> {
  if (!rival) throw new Error('There are fewer rivals than samples');
  await untilEnd(ending);
  const path = `/api/events/${ending.event.eventId}/holds`;
  const wish = send('POST', path, rival.token, { seatIds: [ending.seatId] });
  return retryUntil(ending, async () => (await wire(wish)).status === 201);
}

/** Milliseconds from the end of a hold until its seat is shown as free. */
async function seeFree(wire: Wire, ending: Ending): Promise<number> {
  await untilEnd(ending);
  const look = get(`/api/events/${ending.event.eventId}/seats/${ending.seatId}`);
  return retryUntil(ending, async () => {
    const { body } = await wire<{ seat?: { status: string } }>(look);
    return body.seat?.status === 'available';
  });
}

async function retryUntil({ expiresAt }: Ending, isDone: () => Promise<boolean>): Promise<number> {
  for (;;) {
    const done = await isDone();
    const sinceMs = Date.now() - expiresAt.getTime();
    if (done || sinceMs > GIVE_UP_MS) return sinceMs;
    await sleep(RETRY_EVERY_MS);
  }
}

/** Whether a hold could be extended after its end; a refusal for another reason proves nothing. */
async function extendPastEnd(wire: Wire, ending: Ending, faults: string[]): Promise<boolean> {
  await untilEnd(ending);
  const path = `/api/holds/${ending.holdId}/extend`;
  const extension = send('POST', path, ending.owner.token, { durationSeconds: 60 });
  const { status, body } = await wire<{ code?: string }>(extension);
  if (status >= 400 && !ENDED.has(body.code ?? '')) {
    faults.push(`extending an ended hold was answered ${status} ${body.code}`);
  }
  return status < 400;
}

/** Asks on a connection of one's own, which was open before. */
type Wire = <T = unknown>(request: string) => Promise<Answer<T>>;

async function onWire<T>(catalog: Program, act: (wire: Wire) => Promise<T>): Promise<T> {
  const { hostname, port } = new URL(catalog.url);
  const connection = await openConnection(hostname, Number(port));
  const wire = <Body>(request: string) =>
    new Promise<Answer<Body>>((resolve, reject) =>
      connection.ask(Buffer.from(request), (answer) => {
        if (answer instanceof Error) reject(answer);
        else resolve({ status: answer.status, body: JSON.parse(answer.body.toString()) });
      }),
    );
  try {
    return await act(wire);
  } finally {
    connection.close();
  }
}

/** How far the stored state of holds and seats was behind their ends, at most. */
async function watchStored({ db }: Catalogs, endings: readonly Ending[]): Promise<number> {
  let behindMs = 0;
  // A few at a time, in the order of their ends: a look at all of them would cost what it measures.
  for (let first = 0; first < endings.length; first += ENDS_A_LOOK) {
    const ended = endings.slice(first, first + ENDS_A_LOOK);
    for (const ending of ended.slice(-1)) await untilEnd(ending);
    for (let left = await notStored(db, ended); left.length > 0; left = await notStored(db, left)) {
      const oldest = Math.min(...left.map(({ expiresAt }) => expiresAt.getTime()));
      behindMs = Math.max(behindMs, Date.now() - oldest);
      if (behindMs > GIVE_UP_MS) return behindMs;
      await sleep(LOOK_EVERY_MS);
    }
  }
  return behindMs;
}

/** Those of the holds that are stored as live, or whose seat is stored as theirs. */
async function notStored(db: Db, ended: readonly Ending[]): Promise<Ending[]> {
  const ids = ended.map(({ holdId }) => holdId);
  const seatIds = ended.map(({ event, seatId }) => `${event.eventId}:${seatId}`);
  const [holds, seats] = await Promise.all([
    db
      .collection<{ _id: string }>('holds')
      .find({ _id: { $in: ids }, state: { $in: ['held', 'expiring'] } }, WHOLE)
      .toArray(),
    db
      .collection<{ _id: string; hold: { id: string } }>('seats')
      .find({ _id: { $in: seatIds }, status: 'held', 'hold.id': { $in: ids } }, SEAT_HOLD)
      .toArray(),
  ]);
  const live = new Set([...holds.map(({ _id }) => _id), ...seats.map(({ hold }) => hold.id)]);
  return ended.filter(({ holdId }) => live.has(holdId));
}

/**
 * Milliseconds in which the store ends as many holds for a loop with no service in front: their
 * states and those of their seats in bare documents, by set-based updates.
 */
async function endWithoutService(db: Db, holds: number): Promise<number> {
  const bare = db.collection<{ _id: string; state: string; version: number }>('raw_ends');
  const documents = Array.from({ length: 2 * holds }, (_, at) => ({
    _id: `ending-${at}`,
    state: 'held',
    version: 1,
  }));
  await insertAll(db, bare.collectionName, documents);
  const startedAt = performance.now();
  let next = 0;
  const work = async () => {
    while (next < documents.length) {
      const ids = documents.slice(next, next + CEILING.batch).map(({ _id }) => _id);
      next += CEILING.batch;
      await bare.updateMany({ _id: { $in: ids }, state: 'held' }, [
        { $set: { state: 'ended', version: { $add: ['$version', 1] } } },
      ]);
    }
  };
  await Promise.all(Array.from({ length: CEILING.inFlight }, work));
  return performance.now() - startedAt;
}
