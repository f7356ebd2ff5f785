import { setTimeout as sleep } from 'node:timers/promises';
import { askFor } from '../ask.ts';
import type { Bench, Program } from '../bench.ts';
import { type Catalogs, openCatalogs } from '../catalog.ts';
import type { WireAnswer } from '../load/answer-reader.ts';
import { openConnection } from '../load/connection.ts';
import { get } from '../load/plan.ts';
import { copyEvents, makeTemplate, type SeededEvent } from '../seeding.ts';
import { latencyOf } from '../statistics.ts';
import type { Figure, Prepared, Workload } from '../workload.ts';

/** Events that change at the same time. */
const AT_ONCE = 4;
const READ_EVERY_MS = 2;
/** After the first fresh answer nothing older may come back; watched for so long. */
const WATCH_MS = 150;
const GIVE_UP_MS = 5_000;

/** W2: how long after a change a read by another process may still show what was before. */
export const staleness: Workload = {
  id: 'W2',
  group: 'catalog',
  title: 'stale read after a change, across two processes',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const catalogs = await openCatalogs(bench, 'W2');
  const writer = await catalogs.start();
  const reader = await catalogs.start({ name: 'catalog-2' });
  const template = await makeTemplate(writer, catalogs.db, catalogs.organizer, { seatCount: 1 });
  const events = await copyEvents(catalogs.db, template, AT_ONCE);
  const changes = bench.quick ? 3 : 40 * bench.rounds;
  const faults: string[] = [];
  const measure = async (which: string) => {
    bench.say(`${changes * events.length} changes ${which}`);
    const found = await Promise.all(
      events.map((event) => watchChanges(catalogs, { writer, reader, event, changes, faults })),
    );
    return describe(which, found.flat());
  };
  return {
    contenders: [],
    bars: [
      { kind: 'figure', figure: 'stale with Redis, p99', atMost: 250 },
      { kind: 'figure', figure: 'stale without Redis, p99', atMost: 250 },
    ],
    async figures() {
      const figures = await measure('with Redis');
      await bench.withoutRedis(async () => {
        figures.push(...(await measure('without Redis')));
      });
      return figures;
    },
    audit: async () => [...faults, ...(await catalogs.audit())],
  };
}

function describe(which: string, staleMs: readonly number[]): Figure[] {
  const { p50, p99, most } = latencyOf(staleMs);
  return [
    { name: `stale ${which}, changes`, value: staleMs.length, unit: '' },
    { name: `stale ${which}, p50`, value: p50, unit: 'ms' },
    { name: `stale ${which}, p99`, value: p99, unit: 'ms' },
    { name: `stale ${which}, most`, value: most, unit: 'ms' },
  ];
}

/** Changes an event by one process while another is read all the time; milliseconds of staleness. */
async function watchChanges(
  { organizer }: Catalogs,
  of: { writer: Program; reader: Program; event: SeededEvent; changes: number; faults: string[] },
): Promise<number[]> {
  const { eventId } = of.event;
  const { hostname, port } = new URL(of.reader.url);
  const connection = await openConnection(hostname, Number(port));
  const request = Buffer.from(get(`/api/events/${eventId}`));
  const read = async (): Promise<number> => {
    const answer = await new Promise<WireAnswer | Error>((resolve) =>
      connection.ask(request, resolve),
    );
    if (answer instanceof Error) throw answer;
    return (JSON.parse(answer.body.toString()) as { event: { version: number } }).event.version;
  };
  const staleMs: number[] = [];
  for (let change = 0; change < of.changes; change += 1) {
    await read();
    const changed = await askFor<{ event: { version: number } }>(
      of.writer,
      'PATCH',
      `/api/events/${eventId}`,
      { as: organizer, body: { description: `Changed ${change + 1} times` } },
    );
    const changedAt = performance.now();
    const wanted = changed.event.version;
    staleMs.push(await watchUntil(read, wanted, changedAt, of.faults));
  }
  connection.close();
  return staleMs;
}

/** When the last read began that was answered with what was before the change. */
async function watchUntil(
  read: () => Promise<number>,
  wanted: number,
  changedAt: number,
  faults: string[],
): Promise<number> {
  let staleMs = 0;
  let freshAt: number | undefined;
  for (;;) {
    const sentAt = performance.now();
    const version = await read();
    if (version < wanted) {
      staleMs = Math.max(0, sentAt - changedAt);
      if (staleMs > GIVE_UP_MS) {
        faults.push(`version ${wanted} was not shown within ${GIVE_UP_MS} ms`);
        return staleMs;
      }
    } else {
      freshAt ??= sentAt;
      if (sentAt - freshAt > WATCH_MS) return staleMs;
    }
    await sleep(READ_EVERY_MS);
  }
}
