import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { LRUCache } from 'lru-cache';
import { monotonicMs } from '../clock.ts';
import { createCountedIds } from '../ids.ts';
import type { Metrics, Tally } from '../metrics.ts';
import { acceptedId } from '../origin.ts';
import type { Keep } from './route.ts';

const MOST_BYTES = 64 * 1024 * 1024;
/** Longer ones are slower as text: with their heads they do not fit into 16 KiB. */
const LONGEST_TEXT = 12 * 1024;
const MOST_FORGOTTEN = 100_000;
/** What an answer takes besides its body, about. */
const OVERHEAD_BYTES = 1_024;
/** How long an answer is kept while changes made elsewhere may go unheard. */
export const UNSURE_LIFE_MS = 150;

/** An answer that nobody asked for in so long is let go. */
const IDLE_MS = 60_000;
const MOST_ASKED = 1_000;
/** What ends within this time is asked about. */
const RENEW_BEFORE_MS = 1_500;

type Answer = {
  body: string | Buffer;
  etag: string;
  /** Header names and values in turn, by status, without those that differ by request. */
  head: Readonly<Record<200 | 304, readonly string[]>>;
  tags: readonly string[];
  keptAt: number;
  endsAt: number;
  /** When it must be made anew, whatever the store says. */
  mustEndAt: number;
  forMs: number;
  stamp: Keep['stamp'];
  usedAt: number;
  reads: Readonly<Record<200 | 304, Tally>>;
};
/** Where the answer of an address depends on request headers, these are named first. */
type Kept = { answer: Answer } | { vary: readonly string[] };

/**
 * Answers to reads that many ask for alike, as whole responses in memory, given out before the
 * middleware chain is entered. A route says with its reply for how long and until what changes;
 * `forget` ends the answers that tell of a thing. Nothing that decides may be read from here.
 *
 * `isSure` tells whether changes made by other processes are heard of at once; while it is not, an
 * answer lives 150 ms, so that none is older than that and one look-up.
 */
export function createKeptAnswers(options: {
  metrics: Metrics;
  isSure: () => boolean;
  /**
   * The present stamps by what they are of, for many at once. Answers that were used of late are
   * asked about before they end, so that they are not made anew while nothing has changed.
   */
  confirm?: (of: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  mostBytes?: number;
  idleMs?: number;
}) {
  const { metrics, isSure, idleMs = IDLE_MS } = options;
  const nextId = createCountedIds();
  const byTag = new Map<string, Set<string>>();
  const kept = new LRUCache<string, Kept>({
    maxSize: options.mostBytes ?? MOST_BYTES,
    sizeCalculation: (one) => ('answer' in one ? one.answer.body.length : 0) + OVERHEAD_BYTES,
    dispose: (one, key) => {
      if ('answer' in one) unlist(one.answer.tags, key);
    },
  });
  // An answer that was being made while its subject changed must not be kept.
  let changes = 0;
  let clearedAt = 0;
  const forgottenAt = new LRUCache<string, number>({ max: MOST_FORGOTTEN });
  const making = new Map<string, Promise<unknown>>();

  function unlist(tags: readonly string[], key: string): void {
    for (const tag of tags) {
      const keys = byTag.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) byTag.delete(tag);
    }
  }

  function find(request: IncomingMessage, now: number): Answer | undefined {
    const url = request.url ?? '';
    const first = kept.get(url);
    const found = first && 'vary' in first ? kept.get(keyOf(request, first.vary)) : first;
    if (found === undefined || 'vary' in found) return undefined;
    const { answer } = found;
    const isOver = answer.endsAt <= now || (now - answer.keptAt > UNSURE_LIFE_MS && !isSure());
    return isOver ? undefined : answer;
  }

  return {
    /** Answers the request if its answer is kept; false leaves it untouched. */
    answer(request: IncomingMessage, response: ServerResponse): boolean {
      if (request.method !== 'GET' || hasBody(request)) return false;
      const now = monotonicMs();
      const answer = find(request, now);
      if (answer === undefined) return false;
      answer.usedAt = now;
      const { headers } = request;
      const requestId = acceptedId(headers['x-request-id']) ?? nextId();
      const status = matches(headers['if-none-match'], answer.etag) ? 304 : 200;
      response.writeHead(status, ['x-request-id', requestId, ...answer.head[status]]);
      response.end(status === 200 ? answer.body : '', 'latin1');
      answer.reads[status].count += 1;
      return true;
    },

    /** Runs once for all who ask the same at the same time; the later ones get the first's result. */
    async once<T>(request: IncomingMessage, route: string, run: () => Promise<T>): Promise<T> {
      const key = keyOf(request, ['accept', 'accept-language']);
      const other = making.get(key) as Promise<T> | undefined;
      if (other !== undefined) {
        metrics.keptReads(route, 'shared').count += 1;
        return other;
      }
      metrics.keptReads(route, 'miss').count += 1;
      const own = run();
      making.set(key, own);
      try {
        return await own;
      } finally {
        if (making.get(key) === own) making.delete(key);
      }
    },

    /** A mark to take before the reply is made, for `keep`. */
    mark: () => changes,

    /** Keeps a 200 that is about to be sent, unless what it tells of has changed since the mark. */
    keep(
      request: IncomingMessage,
      response: { route: string; headers: Record<string, unknown>; body: Buffer; etag: string },
      keep: Keep,
      mark: number,
    ): void {
      const isStale =
        clearedAt > mark || keep.tags.some((tag) => (forgottenAt.get(tag) ?? 0) > mark);
      if (isStale || keep.forMs <= 0) return;
      const { vary = [] } = keep;
      const url = request.url ?? '';
      if (vary.length > 0) kept.set(url, { vary });
      const key = vary.length > 0 ? keyOf(request, vary) : url;
      const keptAt = monotonicMs();
      const answer: Answer = {
        body: inOneWrite(response.body),
        etag: response.etag,
        head: headsOf(response.headers, response.body.length),
        tags: keep.tags,
        keptAt,
        endsAt: keptAt + keep.forMs,
        mustEndAt: keptAt + (keep.stamp?.atMostMs ?? keep.forMs),
        forMs: keep.forMs,
        stamp: keep.stamp,
        usedAt: keptAt,
        reads: {
          200: metrics.keptReads(response.route, 'hit'),
          304: metrics.keptReads(response.route, 'not_modified'),
        },
      };
      kept.set(key, { answer });
      for (const tag of keep.tags) {
        const keys = byTag.get(tag) ?? new Set();
        byTag.set(tag, keys.add(key));
      }
    },

    /** Asks about answers in use that end soon; how many go on. To be called twice a second. */
    async renew(): Promise<number> {
      const now = monotonicMs();
      const ending: Answer[] = [];
      for (const one of kept.values()) {
        const soon = 'answer' in one && one.answer.endsAt - now < RENEW_BEFORE_MS;
        if (soon && one.answer.stamp && now - one.answer.usedAt < idleMs) ending.push(one.answer);
      }
      if (ending.length === 0 || !options.confirm || !isSure()) return 0;
      const mark = changes;
      const of = [...new Set(ending.map(({ stamp }) => stamp?.of ?? ''))];
      const stamps = new Map<string, string>();
      for (let at = 0; at < of.length; at += MOST_ASKED) {
        for (const one of await options.confirm(of.slice(at, at + MOST_ASKED))) stamps.set(...one);
      }
      const isGood = ({ stamp, tags }: Answer) =>
        stamp !== undefined &&
        stamps.get(stamp.of) === stamp.value &&
        clearedAt <= mark &&
        !tags.some((tag) => (forgottenAt.get(tag) ?? 0) > mark);
      const good = ending.filter(isGood);
      for (const answer of good) {
        answer.endsAt = Math.min(now + answer.forMs, answer.mustEndAt);
      }
      return good.length;
    },

    /** To be called once a change is stored: what tells of these is asked anew. */
    forget(tags: readonly string[]): void {
      changes += 1;
      // Those who come now must not be given what was begun before the change.
      making.clear();
      for (const tag of tags) {
        forgottenAt.set(tag, changes);
        for (const key of [...(byTag.get(tag) ?? [])]) kept.delete(key);
      }
    },

    /** Forgets everything, say because changes may have gone unheard. */
    clear(): void {
      changes += 1;
      clearedAt = changes;
      making.clear();
      kept.clear();
    },
  };
}

export type KeptAnswers = ReturnType<typeof createKeptAnswers>;

/** The strong validator of a body. */
export function etagOf(body: Buffer): string {
  return `"${hash('sha1', body, 'base64url')}"`;
}

/** Whether If-None-Match names the validator (RFC 9110, 13.1.2: weak comparison). */
export function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  return condition
    .split(',')
    .map((one) => one.trim())
    .some((one) => one === '*' || one === etag || one === `W/${etag}`);
}

/**
 * A body as it is sent fastest, with the encoding `latin1`: a short one as text of its bytes, which
 * Node writes together with the head.
 */
export function inOneWrite(body: Buffer): string | Buffer {
  return body.length > LONGEST_TEXT ? body : body.toString('latin1');
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

function keyOf(request: IncomingMessage, vary: readonly string[]): string {
  return [request.url ?? '', ...vary.map((name) => String(request.headers[name] ?? ''))].join('\n');
}

const BY_REQUEST = new Set(['x-request-id', 'content-length', 'connection', 'date']);

function headsOf(headers: Record<string, unknown>, length: number): Answer['head'] {
  const names = Object.entries(headers).flatMap(([name, value]) =>
    BY_REQUEST.has(name) || value === undefined ? [] : [name, String(value)],
  );
  return { 200: [...names, 'content-length', String(length)], 304: names };
}
