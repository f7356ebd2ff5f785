import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../ask.ts';
import type { Bench, Program } from '../bench.ts';
import { type Catalogs, openCatalogs } from '../catalog.ts';
import { introduce } from '../contenders.ts';
import { type Ending, seedEndingHolds } from '../ending-holds.ts';
import type { Buyer } from '../issuer.ts';
import { makeTemplate } from '../seeding.ts';
import { latencyOf } from '../statistics.ts';
import type { Figure, Prepared, Workload } from '../workload.ts';

const EVENTS = 10;
/** A prime: an owner's holds go to different events, and stay under the cap of an account. */
const OWNERS = 2_003;
const MOST_SAMPLES = 200;
const RETRY_EVERY_MS = 50;
const LOOK_EVERY_MS = 100;
/** Why a hold that has ended is not extended, before and after its stored state follows. */
const ENDED = new Set(['hold_expired', 'hold_not_active']);
const GIVE_UP_MS = 60_000;
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
  if (Date.now() > endsAt) throw new Error('Seeding took longer than the holds last');
  bench.say('waiting for their end');
  const every = holds / samples;
  const sample = (offset: number) => endings.filter((_, at) => at % every === offset);
  const [resold, shown, honoured, behindMs] = await Promise.all([
    Promise.all(sample(0).map((ending, at) => buyAgain(catalog, ending, rivals[at]))),
    Promise.all(sample(1).map((ending) => seeFree(catalog, ending))),
    Promise.all(sample(2).map((ending) => extendPastEnd(catalog, ending, faults))),
    watchStored(catalogs, endsAt),
  ]);
  const [again, free] = [latencyOf(resold), latencyOf(shown)];
  return [
    { name: 'holds ended', value: endings.length, unit: '' },
    { name: 'for sale again, p95', value: again.p95, unit: 'ms' },
    { name: 'for sale again, most', value: again.most, unit: 'ms' },
    { name: 'shown free, p95', value: free.p95, unit: 'ms' },
    { name: 'stored state behind, most', value: behindMs, unit: 'ms' },
    { name: 'honoured past the end', value: honoured.filter(Boolean).length, unit: '' },
  ];
}

const untilEnd = ({ expiresAt }: Ending) => sleep(Math.max(0, expiresAt.getTime() - Date.now()));

/** Milliseconds from the end of a hold until somebody else has its seat. */
async function buyAgain(
  catalog: Program,
  ending: Ending,
  rival: Buyer | undefined,
): Promise<number> {
  if (!rival) throw new Error('There are fewer rivals than samples');
  await untilEnd(ending);
  const path = `/api/events/${ending.event.eventId}/holds`;
  return retryUntil(ending, async () => {
    const answer = await ask(catalog, 'POST', path, {
      as: rival,
      body: { seatIds: [ending.seatId] },
    });
    return answer.status === 201;
  });
}

/** Milliseconds from the end of a hold until its seat is shown as free. */
async function seeFree(catalog: Program, ending: Ending): Promise<number> {
  await untilEnd(ending);
  const path = `/api/events/${ending.event.eventId}/seats/${ending.seatId}`;
  return retryUntil(ending, async () => {
    const { body } = await ask<{ seat?: { status: string } }>(catalog, 'GET', path);
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
async function extendPastEnd(catalog: Program, ending: Ending, faults: string[]): Promise<boolean> {
  await untilEnd(ending);
  const path = `/api/holds/${ending.holdId}/extend`;
  const { status, body } = await ask<{ code?: string }>(catalog, 'POST', path, {
    as: ending.owner,
    body: { durationSeconds: 60 },
  });
  if (status >= 400 && !ENDED.has(body.code ?? '')) {
    faults.push(`extending an ended hold was answered ${status} ${body.code}`);
  }
  return status < 400;
}

/** How far the stored state of holds and seats was behind their ends, at most. */
async function watchStored({ db }: Catalogs, endsAt: number): Promise<number> {
  const lastEnd = endsAt + 1_000;
  let behindMs = 0;
  for (;;) {
    await sleep(LOOK_EVERY_MS);
    const now = Date.now();
    if (now < endsAt) continue;
    const [oldest] = await db
      .collection('holds')
      .find({ state: { $in: ['held', 'expiring'] }, expiresAt: { $lte: new Date(now) } })
      .sort({ expiresAt: 1 })
      .limit(1)
      .toArray();
    if (oldest) {
      behindMs = Math.max(behindMs, now - (oldest.expiresAt as Date).getTime());
    } else if (now > lastEnd) {
      const held = { status: 'held', 'hold.expiresAt': { $lte: new Date(now) } };
      const stuck = await db.collection('seats').countDocuments(held, { limit: 1 });
      if (stuck === 0) return behindMs;
      behindMs = Math.max(behindMs, now - lastEnd);
    }
    if (behindMs > GIVE_UP_MS) return behindMs;
  }
}
