import type { Latency } from '../statistics.ts';

/** One request as it goes over the wire. */
export type WireRequest = {
  /** The whole request; see `get` and `post`. */
  readonly text: string;
  /** The server it goes to, where that is not the plan's. */
  readonly url?: string;
  /** The name under which the ETag of its answers is kept. */
  readonly etagOf?: string;
  /** Sent with `If-None-Match` and the last ETag that was kept under that name. */
  readonly isConditional?: boolean;
  /** What is taken from its answer for later requests of the chain: the first group of each pattern. */
  readonly takes?: Readonly<Record<string, string>>;
  /** Its text has `{name}` where something taken is to stand. */
  readonly isFilled?: boolean;
  /** A pattern whose first group, found in the answer, is told with the status. */
  readonly tells?: string;
};

/** What a generator is to send. */
export type LoadPlan = {
  readonly url: string;
  readonly connections: number;
  readonly requests: readonly WireRequest[];
  /** Each a row of requests by index; the next of a row is sent after an answer of `goOnAfter`. */
  readonly chains: readonly (readonly number[])[];
  readonly goOnAfter?: readonly number[];
  /** Repeats the chains until then; without it each is sent once. */
  readonly durationMs?: number;
  /**
   * Open loop: chains start by this schedule whether earlier ones were answered or not, and
   * latency counts from the scheduled instant. Without it each connection sends when it is free.
   */
  readonly ratePerSecond?: number;
  /** What each chain is called; the time of whole chains is told by these names. */
  readonly kinds?: readonly string[];
  /** Whether the result has what each chain took from its answers. */
  readonly keepsTaken?: boolean;
};

export type LoadResult = {
  readonly answered: number;
  readonly seconds: number;
  /** By status, with the problem's code: `201`, `409 seat_unavailable`; `fault ...` when none came. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Milliseconds an answer took, from its schedule in an open loop. */
  readonly latency: Latency;
  /** Chains that came to their last request, by kind: from the schedule to the last answer. */
  readonly chains: Readonly<Record<string, Latency & { readonly count: number }>>;
  /** What the chains took, in their order. */
  readonly taken: readonly Readonly<Record<string, string>>[];
  readonly bytes: number;
  /** CPU microseconds that the generator itself used. */
  readonly cpuMicros: number;
};

export function get(path: string, headers: Readonly<Record<string, string>> = {}): string {
  return write('GET', path, headers, '');
}

export function send(
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  token: string,
  body: object,
): string {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return write(method, path, headers, JSON.stringify(body));
}

/** A request with what was taken from earlier answers in place of its `{name}`s. */
export function fill(text: string, taken: Readonly<Record<string, string>>): string {
  const filled = text.replaceAll(/\{(\w+)\}/g, (place, name: string) => taken[name] ?? place);
  const bodyAt = filled.indexOf('\r\n\r\n') + 4;
  const length = Buffer.byteLength(filled.slice(bodyAt));
  return filled.replace(/(content-length: )\d+/, `$1${length}`);
}

function write(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): string {
  const all = {
    host: 'bench',
    ...headers,
    ...(body !== '' && { 'content-length': `${Buffer.byteLength(body)}` }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
