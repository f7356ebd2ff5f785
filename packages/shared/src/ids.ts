import { createHash, randomFillSync } from 'node:crypto';
import { v5, v7, validate } from 'uuid';
import { systemClock } from './clock.ts';

/** Namespace of every id that Holdfast derives from other ids (RFC 9562, version 5). */
const NAMESPACE = '9c1d2f0e-6b7a-5c43-8f55-0a4f6d1f7b21';

const RANDOM_BYTES = 16;
/** Drawn for many ids at once: a draw costs several times what the rest of an id does. */
const drawn = Buffer.alloc(256 * RANDOM_BYTES);
let used = drawn.length;
let latestMs = 0;
let sequence = 0;

/** A new id: a UUID version 7, so that ids made later, by this process, sort later. */
export function newId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn);
    used = 0;
  }
  const random = drawn.subarray(used, used + RANDOM_BYTES);
  used += RANDOM_BYTES;
  const nowMs = systemClock.now().getTime();
  // From a random number below half of what there is room for: it never comes to the end of it.
  sequence = nowMs > latestMs ? random.readUInt32BE(0) >>> 1 : sequence + 1;
  latestMs = Math.max(latestMs, nowMs);
  return v7({ random, msecs: latestMs, seq: sequence });
}

/**
 * Ids of answers given out by the ten thousand: one random id for the process, and a count. Unique,
 * but not to be stored under: `newId` is for that.
 */
export function createCountedIds(): () => string {
  const process = newId();
  let count = 0;
  return () => {
    count += 1;
    return `${process}.${count}`;
  };
}

/**
 * The id that the same parts always give. A repeated command thus names the same
 * hold, and a repeated answer the same message.
 */
export function derivedId(...parts: readonly string[]): string {
  return v5(JSON.stringify(parts), NAMESPACE);
}

export function isId(value: string): boolean {
  return validate(value);
}

/** SHA-256 over JSON with sorted keys, in hex: equal requests have equal fingerprints. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
