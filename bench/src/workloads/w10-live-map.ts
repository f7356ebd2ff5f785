import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import {
  SEAT_MAP_STREAM_LENGTH,
  seatMapEpochKey,
  seatMapKey,
  writeSeatMapEntry,
} from '@holdfast/shared/contracts/seat-map.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { Redis } from 'ioredis';
import type { Bench, Program } from '../bench.ts';
import { programAt } from '../contenders.ts';
import { startWatchers, type Watchers } from '../load/watchers.ts';
import { withCpu } from '../measure.ts';
import { latencyOf, median } from '../statistics.ts';
import { type Contender, type Figure, NotThere, type Sample, type Workload } from '../workload.ts';

const GATEWAY = fileURLToPath(import.meta.resolve('@holdfast/gateway/main.ts'));
/** Sockets that read what they get; the others only take it. */
const SAMPLED = 100;

/** What a contender is put under. */
type Load = { sockets: number; changesPerSecond: number; seconds: number };

/**
 * W10: one event that ten thousand look at, 200 seats changing a second. What is compared is CPU:
 * a change that reached a socket is one delivery, and its rate is taken by the second of CPU.
 */
export const liveMap: Workload = {
  id: 'W10',
  group: 'catalog',
  title: 'live seat map, 10,000 sockets, 200 changes a second',
  async prepare(bench) {
    const load: Load = bench.quick
      ? { sockets: 200, changesPerSecond: 50, seconds: 1 }
      : { sockets: 10_000, changesPerSecond: 200, seconds: 8 };
    // A broadcast of each change can not carry that on these cores; its CPU a delivery is the same.
    const small = bench.quick ? load : { sockets: 1_000, changesPerSecond: 40, seconds: 8 };
    await requireFiles(load.sockets + 500);
    const feed = createFeed(bench);
    const gateway = await startGateway(bench, feed.topicPrefix);
    const broadcast = await bench.start({
      name: 'json-broadcast',
      file: programAt('json-broadcast'),
      args: [JSON.stringify({ redisUrl: bench.stores.REDIS_URL, key: feed.key })],
      ready: '/',
    });
    const kilobytes: number[] = [];
    const subscribe = JSON.stringify({ type: 'SUBSCRIBE_EVENT', eventId: feed.eventId });
    return {
      contenders: [
        socketContender(bench, {
          name: 'holdfast',
          what: 'gateway, changes of 100 ms together, one frame for all',
          program: gateway,
          feed,
          load,
          subscribe,
          note: (grownBytes) => kilobytes.push(grownBytes / load.sockets / 1_000),
        }),
        socketContender(bench, {
          name: 'JSON broadcast',
          what: `each change at once to each of ${small.sockets} sockets, by ws, ${small.changesPerSecond} a second; sending several together would be faster`,
          program: broadcast,
          feed,
          load: small,
        }),
      ],
      bars: [
        { kind: 'ratio', of: 'holdfast', to: 'JSON broadcast', atLeast: 20 },
        { kind: 'figure', figure: 'staleness p95', atMost: 300 },
        { kind: 'figure', figure: 'memory a socket', atMost: 16 },
      ],
      figures: async (samples): Promise<Figure[]> => {
        const latencies = (samples.get('holdfast') ?? []).flatMap(({ latency }) => latency ?? []);
        const own = samples.get('holdfast') ?? [];
        const coreShare = own.map(({ cpuMicros, seconds }) => cpuMicros.own / seconds / 10_000);
        return [
          { name: 'staleness p50', value: median(latencies.map(({ p50 }) => p50)), unit: 'ms' },
          { name: 'staleness p95', value: median(latencies.map(({ p95 }) => p95)), unit: 'ms' },
          { name: 'staleness p99', value: median(latencies.map(({ p99 }) => p99)), unit: 'ms' },
          // The first time tells: later sockets find memory that earlier ones have left.
          { name: 'memory a socket', value: Math.max(...kilobytes, 0), unit: 'kB' },
          { name: 'gateway, share of a core', value: median(coreShare), unit: '%' },
        ];
      },
      audit: async () => [],
      async close() {
        await gateway.stop();
        await broadcast.stop();
        await feed.close();
        await dropTopics(bench.stores.KAFKA_BROKERS, feed.topicPrefix);
      },
    };
  },
};

function socketContender(
  bench: Bench,
  of: {
    name: string;
    what: string;
    program: Program;
    feed: Feed;
    load: Load;
    subscribe?: string;
    note?: (grownBytes: number) => void;
  },
): Contender {
  const { load, program, feed } = of;
  async function measure(watchers: Watchers): Promise<Sample> {
    const before = await residentBytes(program.pid);
    await watchers.ask({
      do: 'open',
      url: program.url,
      path: '/api/live',
      sockets: load.sockets,
      sampled: Math.min(SAMPLED, load.sockets),
      ...(of.subscribe && { subscribe: of.subscribe }),
    });
    // Everybody is in once a change reaches those who came last as well.
    await feed.run({ changesPerSecond: 20, seconds: 1 });
    await watchers.ask({ do: 'take' });
    const { result, own, stores } = await withCpu(bench, [program.pid], async () => {
      const writtenAt = await feed.run(load);
      const expected = writtenAt.size * Math.min(SAMPLED, load.sockets);
      const got = await waitUntil(
        'the changes to arrive',
        async () => {
          const answer = await watchers.ask({ do: 'count' });
          return answer.arrivals.length / 2 >= expected && answer;
        },
        { limitMs: 10_000, everyMs: 200 },
      ).catch(() => watchers.ask({ do: 'count' }));
      return { writtenAt, got, expected };
    });
    of.note?.((await residentBytes(program.pid)) - before);
    return toSample(load, result, { own, stores });
  }
  return {
    name: of.name,
    what: of.what,
    async measure() {
      const watchers = startWatchers();
      try {
        return await measure(watchers);
      } finally {
        await watchers.ask({ do: 'close' });
        await watchers.stop();
      }
    },
  };
}

function toSample(
  load: Load,
  result: {
    writtenAt: ReadonlyMap<number, number>;
    got: { arrivals: Float64Array; lost: number };
    expected: number;
  },
  { own, stores }: { own: number; stores: number | undefined },
): Sample {
  const { writtenAt, got, expected } = result;
  const stalenessMs: number[] = [];
  for (let at = 0; at < got.arrivals.length; at += 2) {
    const written = writtenAt.get(got.arrivals[at] ?? -1);
    if (written !== undefined) stalenessMs.push((got.arrivals[at + 1] ?? 0) - written);
  }
  const deliveries = writtenAt.size * load.sockets;
  return {
    perSecond: deliveries / (own / 1_000_000),
    answered: deliveries,
    seconds: load.seconds,
    outcomes: { delivered: deliveries },
    latency: latencyOf(stalenessMs),
    cpuMicros: { own, stores, load: 0 },
    faults: [
      ...(got.lost > 0 ? [`${got.lost} sockets were closed`] : []),
      ...(stalenessMs.length < expected
        ? [`${stalenessMs.length} of ${expected} changes arrived where they were read`]
        : []),
    ],
  };
}

/** Writes changes of seats as catalog does, each of a seat of its own. */
function createFeed(bench: Bench) {
  const topicPrefix = `bench_w10_${bench.run}.`;
  const eventId = newId();
  const redis = new Redis(bench.stores.REDIS_URL);
  const key = seatMapKey(topicPrefix, eventId);
  const epoch = newId();
  let order = 0;

  return {
    topicPrefix,
    eventId,
    key,
    /** Writes at this rate for so long; answers when each place's change was written. */
    async run({ changesPerSecond, seconds }: Pick<Load, 'changesPerSecond' | 'seconds'>) {
      await redis.set(seatMapEpochKey(topicPrefix), epoch);
      const writtenAt = new Map<number, number>();
      const startedAt = performance.now();
      const total = changesPerSecond * seconds;
      for (let done = 0; done < total; done += 1) {
        order += 1;
        const fields = writeSeatMapEntry({ epoch, changes: [[order, 2, 2, 0]] });
        writtenAt.set(order, performance.timeOrigin + performance.now());
        await redis.xadd(key, 'MAXLEN', '~', SEAT_MAP_STREAM_LENGTH, '*', ...fields);
        const dueMs = ((done + 1) / changesPerSecond) * 1_000 - (performance.now() - startedAt);
        if (dueMs > 1) await sleep(dueMs);
      }
      return writtenAt;
    },
    async close() {
      await redis.del(key, seatMapEpochKey(topicPrefix));
      redis.disconnect();
    },
  };
}

type Feed = ReturnType<typeof createFeed>;

function startGateway(bench: Bench, topicPrefix: string): Promise<Program> {
  return bench.start({
    name: 'gateway',
    file: GATEWAY,
    env: (port) => ({
      ...bench.stores,
      TOPIC_PREFIX: topicPrefix,
      HOST: '127.0.0.1',
      PORT: `${port}`,
      AUTH_URL: bench.issuer.url,
      CATALOG_URL: bench.issuer.url,
      BOOKING_URL: bench.issuer.url,
      LOG_LEVEL: 'warn',
      LIVE_CONNECTIONS_PER_ADDRESS: '20000',
    }),
    ready: '/livez',
  });
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
}

async function requireFiles(wanted: number): Promise<void> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const allowed = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1] ?? '0';
  if (allowed !== 'unlimited' && Number(allowed) < wanted) {
    throw new NotThere(
      `a process may open ${allowed} files, ${wanted} are needed: raise it with "ulimit -n ${wanted}" and run again`,
    );
  }
}
