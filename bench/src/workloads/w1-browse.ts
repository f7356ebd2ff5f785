import { seededRandom } from '@holdfast/demo/random.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { askFor } from '../ask.ts';
import type { Bench, Program } from '../bench.ts';
import { captureAnswers } from '../captured.ts';
import { type Catalogs, openCatalogs } from '../catalog.ts';
import { httpContender, programAt } from '../contenders.ts';
import { get, type LoadPlan } from '../load/plan.ts';
import { openLoopFigures } from '../open-loop.ts';
import { CATEGORIES, CITIES, describeEvent, WORDS } from '../programme.ts';
import { copyEvents, makeTemplate, type SeededEvent } from '../seeding.ts';
import { zipf } from '../statistics.ts';
import type { Contender, Prepared, Workload } from '../workload.ts';

const WRITE_EVERY_MS = 1_000;
const CONNECTIONS = 64;

/** W1: what people do before they buy: 80 % one event, 15 % lists, 5 % searches, while events change. */
export const browse: Workload = {
  id: 'W1',
  group: 'catalog',
  title: 'browse: 80 % event, 15 % list, 5 % search, 1 write/s, Zipf over 10,000 events',
  prepare,
};

async function prepare(bench: Bench): Promise<Prepared> {
  const count = bench.quick ? 200 : 10_000;
  const catalogs = await openCatalogs(bench, 'W1');
  const catalog = await catalogs.start();
  bench.say(`seeding ${count} events`);
  const template = await makeTemplate(catalog, catalogs.db, catalogs.organizer, { seatCount: 1 });
  const events = await copyEvents(catalogs.db, template, count, describeEvent);
  await waitUntil('the events to be found by search', () => areListed(catalogs, count), {
    limitMs: 600_000,
    everyMs: 500,
  });
  const plan = visits(events, bench.quick ? 1_000 : 50_000);
  const paths = plan.requests.map(({ text }) => text.split(' ')[1] ?? '');
  bench.say(`capturing ${paths.length} answers for the baselines`);
  const captured = await captureAnswers(
    bench,
    catalog.url,
    paths,
    'application/json; charset=utf-8',
  );
  const start = (name: string) =>
    bench.start({
      name,
      file: programAt(name),
      args: [JSON.stringify({ answers: captured.file, jwksUrl: `${bench.issuer.url}/jwks` })],
      ready: name === 'bare-http' ? '/' : '/livez',
    });
  const [bare, chain] = [await start('bare-http'), await start('full-chain')];
  const timed = { ...plan, durationMs: bench.quick ? 500 : 5_000 };
  const contender = (name: string, what: string, program: Program): Contender => {
    const inner = httpContender(bench, {
      name,
      what,
      program,
      expected: /^200$/,
      planOf: () => ({ ...timed, url: program.url }),
    });
    return {
      ...inner,
      measure: (slice) => whileWriting(catalogs, catalog, events, () => inner.measure(slice)),
    };
  };
  return {
    contenders: [
      contender('holdfast', 'catalog, its kept answers ahead of the chain', catalog),
      contender('bare http', 'node:http giving out the same bytes from memory', bare),
      contender('full chain', 'the same routes through the HTTP kit, from memory', chain),
    ],
    bars: [
      { kind: 'ratio', of: 'holdfast', to: 'bare http', atLeast: 0.8 },
      { kind: 'ratio', of: 'holdfast', to: 'full chain', atLeast: 2 },
    ],
    figures: (samples) =>
      whileWriting(catalogs, catalog, events, () =>
        openLoopFigures(bench, samples.get('holdfast') ?? [], { ...timed, url: catalog.url }),
      ),
    audit: catalogs.audit,
  };
}

async function areListed({ db }: Catalogs, count: number): Promise<boolean> {
  return (await db.collection('listings').estimatedDocumentCount()) >= count;
}

/** A walk of many visits over few addresses: the order is drawn once and repeated. */
function visits(events: readonly SeededEvent[], steps: number): LoadPlan {
  const random = seededRandom(1);
  const popular = zipf(events.length, random.next);
  const indexes = new Map<string, number>();
  const anyOf = (list: readonly string[]) => list[random.between(0, list.length - 1)] ?? '';
  const visit = (): string => {
    const kind = random.next();
    if (kind < 0.8) return `/api/events/${events[popular()]?.eventId}`;
    const query =
      kind < 0.95
        ? { category: anyOf(CATEGORIES), city: anyOf(CITIES), limit: '20' }
        : { q: anyOf(WORDS), limit: '20' };
    const path = kind < 0.95 ? '/api/events' : '/api/search';
    return `${path}?${new URLSearchParams(query as Record<string, string>)}`;
  };
  const chains = Array.from({ length: steps }, () => {
    const path = visit();
    const index = indexes.get(path) ?? indexes.size;
    indexes.set(path, index);
    return [index];
  });
  const requests = [...indexes.keys()].map((path) => ({ text: get(path) }));
  return { url: '', connections: CONNECTIONS, requests, chains };
}

/** Changes one of the most visited events each second meanwhile, whoever is measured. */
async function whileWriting<T>(
  { organizer }: Catalogs,
  catalog: Program,
  events: readonly SeededEvent[],
  work: () => Promise<T>,
): Promise<T> {
  let writes = 0;
  let failed: unknown;
  const write = async () => {
    const { eventId } = events[writes % 20] ?? { eventId: '' };
    writes += 1;
    await askFor(catalog, 'PATCH', `/api/events/${eventId}`, {
      as: organizer,
      body: { description: `Changed ${writes} times` },
    });
  };
  const timer = setInterval(() => {
    write().catch((error: unknown) => {
      failed = error;
    });
  }, WRITE_EVERY_MS);
  try {
    const result = await work();
    if (failed) throw failed;
    return result;
  } finally {
    clearInterval(timer);
  }
}
