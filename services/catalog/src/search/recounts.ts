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
  const changed = new Set<string>();
  const notBefore = new Map<string, number>();
  const lastLooks = new Map<string, number>();
  const known = new LRUCache<string, true>({ max: MOST_KNOWN });
  let restsUntil = 0;

  function findDue(now: number): string[] {
    for (const [eventId, at] of notBefore) if (at <= now) notBefore.delete(eventId);
    for (const [eventId, at] of lastLooks) {
      if (at > now) continue;
      lastLooks.delete(eventId);
      changed.add(eventId);
    }
    let newOnes = 0;
    return [...changed].filter((eventId) => {
      if (notBefore.has(eventId)) return false;
      if (known.has(eventId)) return true;
      newOnes += 1;
      return newOnes <= MOST_NEW;
    });
  }

  function note(eventId: string): void {
    changed.add(eventId);
    lastLooks.set(eventId, monotonicMs() + LAST_LOOK_MS);
  }

  return {
    note,

    /** Notes the events of which messages tell a change of seats. */
    noteMessages(messages: readonly Message[]): void {
      for (const message of messages) {
        const news = seatNewsOf(message);
        if (news) note(news.eventId);
      }
    },

    /** Counts those whose time has come; how many. */
    async round(): Promise<number> {
      const startedAt = monotonicMs();
      if (startedAt < restsUntil) return 0;
      const due = findDue(startedAt);
      // Before the count: what changes during it is counted once more.
      for (const eventId of due) changed.delete(eventId);
      const failures: unknown[] = [];
      const countOne = async (eventId: string) => {
        try {
          const tookMs = await count(eventId);
          known.set(eventId, true);
          notBefore.set(eventId, startedAt + Math.max(EVERY_MS, tookMs / BUSY_PART));
        } catch (error) {
          changed.add(eventId);
          failures.push(error);
        }
      };
      await Promise.all(due.map(countOne));
      const endedAt = monotonicMs();
      restsUntil = endedAt + (endedAt - startedAt);
      if (failures.length > 0) throw failures[0];
      return due.length;
    },
  };
}

export type Recounts = ReturnType<typeof createRecounts>;
