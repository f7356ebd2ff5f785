import { setTimeout as sleep } from 'node:timers/promises';
import { latencyOf } from '../statistics.ts';
import type { WireAnswer } from './answer-reader.ts';
import { type Connection, openConnection } from './connection.ts';
import type { LoadPlan, LoadResult } from './plan.ts';

const CODE = /"code":"(\w+)"/;

/** Sends a plan from this process and measures the answers. */
export async function runPlan(plan: LoadPlan): Promise<LoadResult> {
  const { hostname, port } = new URL(plan.url);
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, () => openConnection(hostname, Number(port))),
  );
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const count = createCount(plan);
  if (plan.ratePerSecond === undefined) {
    await runClosed(plan, connections, count, startedAt);
  } else {
    await runOpen({ ...plan, ratePerSecond: plan.ratePerSecond }, connections, count, startedAt);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  for (const connection of connections) connection.close();
  return { ...count.result(), seconds, cpuMicros: cpu.user + cpu.system };
}

type Count = ReturnType<typeof createCount>;

/** Counts answers and keeps the entity tags that later requests repeat. */
function createCount(plan: LoadPlan) {
  const texts = plan.requests.map(({ text }) => Buffer.from(text));
  const etags = new Map<string, string>();
  const outcomes: Record<string, number> = {};
  const latencies: number[] = [];
  let bytes = 0;

  return {
    /** The bytes of a request, with the entity tag it is to repeat. */
    bytesOf(index: number): Buffer {
      const plain = texts[index] ?? Buffer.alloc(0);
      const request = plan.requests[index];
      const etag = request?.isConditional ? etags.get(request.etagOf ?? '') : undefined;
      if (etag === undefined) return plain;
      const head = plain.subarray(0, -2);
      return Buffer.concat([head, Buffer.from(`if-none-match: ${etag}\r\n\r\n`)]);
    },
    add(index: number, answer: WireAnswer | Error, sinceMs: number): void {
      latencies.push(performance.now() - sinceMs);
      const outcome = outcomeOf(answer);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (answer instanceof Error) return;
      bytes += answer.body.length;
      const name = plan.requests[index]?.etagOf;
      if (name !== undefined && answer.etag !== undefined) etags.set(name, answer.etag);
    },
    result: () => ({
      answered: latencies.length,
      outcomes,
      latency: latencyOf(latencies),
      bytes,
    }),
  };
}

function outcomeOf(answer: WireAnswer | Error): string {
  if (answer instanceof Error) return `fault ${answer.message}`;
  if (answer.status < 400) return `${answer.status}`;
  return `${answer.status} ${CODE.exec(answer.body.toString('latin1'))?.[1] ?? ''}`.trimEnd();
}

/** Sends the requests of a chain one after another while the answers say to go on. */
function runChain(
  { plan, connection, count }: { plan: LoadPlan; connection: Connection; count: Count },
  chain: readonly number[],
  sinceMs: number,
  onEnd: () => void,
  at = 0,
): void {
  const index = chain[at] ?? 0;
  connection.ask(count.bytesOf(index), (answer) => {
    count.add(index, answer, sinceMs);
    const goesOn = !(answer instanceof Error) && plan.goOnAfter?.includes(answer.status);
    if (goesOn && at + 1 < chain.length) {
      runChain({ plan, connection, count }, chain, performance.now(), onEnd, at + 1);
    } else {
      onEnd();
    }
  });
}

/** Each connection sends as soon as its last answer came. */
async function runClosed(
  plan: LoadPlan,
  connections: readonly Connection[],
  count: Count,
  startedAt: number,
): Promise<void> {
  const endsAt = startedAt + (plan.durationMs ?? Number.POSITIVE_INFINITY);
  const total = plan.durationMs === undefined ? plan.chains.length : Number.POSITIVE_INFINITY;
  let next = 0;
  await Promise.all(
    connections.map(
      (connection) =>
        new Promise<void>((resolve) => {
          const go = () => {
            const now = performance.now();
            if (next >= total || now >= endsAt) return resolve();
            const chain = plan.chains[next % plan.chains.length] ?? [];
            next += 1;
            runChain({ plan, connection, count }, chain, now, go);
          };
          go();
        }),
    ),
  );
}

/** Chains start by the schedule; one that finds no free connection waits, and its wait counts. */
async function runOpen(
  plan: LoadPlan & { ratePerSecond: number },
  connections: readonly Connection[],
  count: Count,
  startedAt: number,
): Promise<void> {
  const everyMs = 1_000 / plan.ratePerSecond;
  const total =
    plan.durationMs === undefined ? plan.chains.length : Math.floor(plan.durationMs / everyMs);
  const free = [...connections];
  const dueAt = (turn: number) => startedAt + turn * everyMs;
  let next = 0;
  let ended = 0;
  const dispatch = () => {
    while (free.length > 0 && next < total && dueAt(next) <= performance.now()) {
      const connection = free.pop();
      if (connection === undefined) return;
      const chain = plan.chains[next % plan.chains.length] ?? [];
      const scheduled = dueAt(next);
      next += 1;
      runChain({ plan, connection, count }, chain, scheduled, () => {
        ended += 1;
        free.push(connection);
        dispatch();
      });
    }
  };
  while (ended < total) {
    dispatch();
    await sleep(1);
  }
}
