import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { LRUCache } from 'lru-cache';
import { seatNewsOf } from '../seat-map/seat-changes.ts';

/** An event whose seats keep changing is counted once in so long. */
const EVERY_MS = 1_000;
/** And once more when they stopped: boards may be behind by that while Redis is away. */
const LAST_LOOK_MS = 3_000;
/** The longest part of the time that counting one event may take. */
const BUSY_PART = 0.1;
/** Events that were not counted of late: their boards have to be read first, some in each round. */
const MOST_NEW = 10;
const MOST_KNOWN = 20_000;

/**
 * Which events' seats are to be counted, and when: those of which a message told a change. Those of
 * one round are counted at once, so that `count` may gather them; it answers how many ms the seats
 * of the event took. A round that takes long is followed by a rest as long: holds go first.
 */
export function createRecounts(count: (eventId: string) => Promise<number>) {
  /** By event: the earliest change told of that is not counted, as its message says; or Infinity. */
  const changed = new Map<string, number>();
  const underWay = new Map<string, number>();
  const notBefore = new Map<string, number>();
  const lastLooks = new Map<string, number>();
  const known = new LRUCache<string, true>({ max: MOST_KNOWN });
  let restsUntil = 0;

  function findDue(now: number): string[] {
    for (const [eventId, at] of notBefore) if (at <= now) notBefore.delete(eventId);
    for (const [eventId, at] of lastLooks) {
      if (at > now) continue;
      lastLooks.delete(eventId);
      add(eventId, Number.POSITIVE_INFINITY);
    }
    let newOnes = 0;
    return [...changed.keys()].filter((eventId) => {
      if (notBefore.has(eventId)) return false;
      if (known.has(eventId)) return true;
      newOnes += 1;
      return newOnes <= MOST_NEW;
    });
  }

  function add(eventId: string, sinceMs: number): void {
    changed.set(eventId, Math.min(sinceMs, changed.get(eventId) ?? Number.POSITIVE_INFINITY));
  }

  function note(eventId: string, changedAtMs = Number.POSITIVE_INFINITY): void {
    add(eventId, changedAtMs);
    lastLooks.set(eventId, monotonicMs() + LAST_LOOK_MS);
  }

  /** Counts events at once; what changes meanwhile is counted once more. */
  async function countAll(eventIds: readonly string[]): Promise<void> {
    const startedAt = monotonicMs();
    const failures: unknown[] = [];
    const countOne = async (eventId: string) => {
      const sinceMs = changed.get(eventId) ?? Number.POSITIVE_INFINITY;
      changed.delete(eventId);
      underWay.set(eventId, sinceMs);
      try {
        const tookMs = await count(eventId);
        known.set(eventId, true);
        notBefore.set(eventId, startedAt + Math.max(EVERY_MS, tookMs / BUSY_PART));
      } catch (error) {
        add(eventId, sinceMs);
        failures.push(error);
      } finally {
        underWay.delete(eventId);
      }
    };
    await Promise.all(eventIds.map(countOne));
    if (failures.length > 0) throw failures[0];
  }

  return {
    note: (eventId: string) => note(eventId),

    /** Notes the events of which messages tell a change of seats. */
    noteMessages(messages: readonly Message[]): void {
      for (const message of messages) {
        const news = seatNewsOf(message);
        if (news) note(news.eventId, Date.parse(message.time));
      }
    },

    /** Counts those whose time has come; how many. */
    async round(): Promise<number> {
      const startedAt = monotonicMs();
      if (startedAt < restsUntil) return 0;
      const due = findDue(startedAt);
      try {
        await countAll(due);
      } finally {
        const endedAt = monotonicMs();
        restsUntil = endedAt + (endedAt - startedAt);
      }
      return due.length;
    },

    /** The earliest change told of that is not counted yet, in ms of its message's time. */
    uncountedSince: (): number => Math.min(...changed.values(), ...underWay.values()),

    /** Counts whatever is left, before the process ends. */
    finish: () => countAll([...changed.keys()]),
  };
}

export type Recounts = ReturnType<typeof createRecounts>;
