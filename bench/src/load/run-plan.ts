import { setTimeout as sleep } from 'node:timers/promises';
import { latencyOf } from '../statistics.ts';
import type { WireAnswer } from './answer-reader.ts';
import { type Connection, openConnection } from './connection.ts';
import { fill, type LoadPlan, type LoadResult, type WireRequest } from './plan.ts';

const CODE = /"code":"(\w+)"/;

/** Sends a plan from this process and measures the answers. */
export async function runPlan(plan: LoadPlan): Promise<LoadResult> {
  const servers = [...new Set(plan.requests.map(({ url }) => url ?? plan.url))];
  const clients = await Promise.all(
    Array.from({ length: plan.connections }, () => connectTo(servers)),
  );
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const count = createCount(plan);
  if (plan.ratePerSecond === undefined) {
    await runClosed(plan, clients, count, startedAt);
  } else {
    await runOpen({ ...plan, ratePerSecond: plan.ratePerSecond }, clients, count, startedAt);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  for (const connection of clients.flatMap((one) => [...one.values()])) connection.close();
  return { ...count.result(), seconds, cpuMicros: cpu.user + cpu.system };
}

type Count = ReturnType<typeof createCount>;
/** What a client has: a connection to each server that it asks, one of them busy at a time. */
type Client = ReadonlyMap<string, Connection>;

async function connectTo(servers: readonly string[]): Promise<Client> {
  const connections = servers.map(async (server) => {
    const { hostname, port } = new URL(server);
    return [server, await openConnection(hostname, Number(port))] as const;
  });
  return new Map(await Promise.all(connections));
}

/** Counts answers and keeps the entity tags that later requests repeat. */
function createCount(plan: LoadPlan) {
  const texts = plan.requests.map(({ text }) => Buffer.from(text));
  const etags = new Map<string, string>();
  const outcomes: Record<string, number> = {};
  const latencies: number[] = [];
  const chains = new Map<string, number[]>();
  const taken: Record<string, string>[] = [];
  let bytes = 0;

  return {
    /** The bytes of a request, with the entity tag it is to repeat and what the chain has taken. */
    bytesOf(index: number, own: Taken): Buffer {
      const plain = texts[index] ?? Buffer.alloc(0);
      const request = plan.requests[index];
      if (request?.isFilled) return Buffer.from(fill(request.text, own));
      const etag = request?.isConditional ? etags.get(request.etagOf ?? '') : undefined;
      if (etag === undefined) return plain;
      const head = plain.subarray(0, -2);
      return Buffer.concat([head, Buffer.from(`if-none-match: ${etag}\r\n\r\n`)]);
    },
    add(index: number, answer: WireAnswer | Error, sinceMs: number, own: Taken): void {
      latencies.push(performance.now() - sinceMs);
      const request = plan.requests[index];
      const outcome = outcomeOf(answer, request);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (answer instanceof Error) return;
      bytes += answer.body.length;
      for (const [name, pattern] of Object.entries(request?.takes ?? {})) {
        own[name] = new RegExp(pattern).exec(answer.body.toString())?.[1] ?? '';
      }
      const name = request?.etagOf;
      if (name !== undefined && answer.etag !== undefined) etags.set(name, answer.etag);
    },
    /** A chain has had the answer to its last request. */
    end(chain: number, sinceMs: number): void {
      const kind = plan.kinds?.[chain] ?? '';
      const list = chains.get(kind) ?? [];
      list.push(performance.now() - sinceMs);
      chains.set(kind, list);
    },
    /** Where a chain puts what it takes. */
    takingOf(chain: number): Taken {
      const own = {};
      if (plan.keepsTaken) taken[chain] = own;
      return own;
    },
    result: () => ({
      answered: latencies.length,
      outcomes,
      latency: latencyOf(latencies),
      chains: Object.fromEntries(
        [...chains].map(([kind, list]) => [kind, { ...latencyOf(list), count: list.length }]),
      ),
      taken,
      bytes,
    }),
  };
}

type Taken = Record<string, string>;

function outcomeOf(answer: WireAnswer | Error, request: WireRequest | undefined): string {
  if (answer instanceof Error) return `fault ${answer.message}`;
  if (answer.status < 400 && request?.tells !== undefined) {
    const [, told = '?'] = new RegExp(request.tells).exec(answer.body.toString()) ?? [];
    return `${answer.status} ${told}`;
  }
  if (answer.status < 400) return `${answer.status}`;
  return `${answer.status} ${CODE.exec(answer.body.toString('latin1'))?.[1] ?? ''}`.trimEnd();
}

/** Sends the requests of a chain one after another while the answers say to go on. */
function runChain(
  { plan, client, count }: { plan: LoadPlan; client: Client; count: Count },
  turn: number,
  startedMs: number,
  onEnd: () => void,
): void {
  const at = turn % plan.chains.length;
  const chain = plan.chains[at] ?? [];
  const own = count.takingOf(at);
  const step = (place: number, sinceMs: number): void => {
    const index = chain[place] ?? 0;
    const server = plan.requests[index]?.url ?? plan.url;
    client.get(server)?.ask(count.bytesOf(index, own), (answer) => {
      count.add(index, answer, sinceMs, own);
      const isLast = place + 1 >= chain.length;
      const goesOn = !(answer instanceof Error) && plan.goOnAfter?.includes(answer.status);
      if (goesOn && !isLast) return step(place + 1, performance.now());
      if (isLast) count.end(at, startedMs);
      onEnd();
    });
  };
  step(0, startedMs);
}

/** Each connection sends as soon as its last answer came. */
async function runClosed(
  plan: LoadPlan,
  clients: readonly Client[],
  count: Count,
  startedAt: number,
): Promise<void> {
  const endsAt = startedAt + (plan.durationMs ?? Number.POSITIVE_INFINITY);
  const total = plan.durationMs === undefined ? plan.chains.length : Number.POSITIVE_INFINITY;
  let next = 0;
  await Promise.all(
    clients.map(
      (client) =>
        new Promise<void>((resolve) => {
          const go = () => {
            const now = performance.now();
            if (next >= total || now >= endsAt) return resolve();
            next += 1;
            runChain({ plan, client, count }, next - 1, now, go);
          };
          go();
        }),
    ),
  );
}

/** Chains start by the schedule; one that finds no free connection waits, and its wait counts. */
async function runOpen(
  plan: LoadPlan & { ratePerSecond: number },
  clients: readonly Client[],
  count: Count,
  startedAt: number,
): Promise<void> {
  const everyMs = 1_000 / plan.ratePerSecond;
  const total =
    plan.durationMs === undefined ? plan.chains.length : Math.floor(plan.durationMs / everyMs);
  const free = [...clients];
  const dueAt = (turn: number) => startedAt + turn * everyMs;
  let next = 0;
  let ended = 0;
  const dispatch = () => {
    while (free.length > 0 && next < total && dueAt(next) <= performance.now()) {
      const client = free.pop();
      if (client === undefined) return;
      const scheduled = dueAt(next);
      next += 1;
      runChain({ plan, client, count }, next - 1, scheduled, () => {
        ended += 1;
        free.push(client);
        dispatch();
      });
    }
  };
  while (ended < total) {
    dispatch();
    await sleep(1);
  }
}
