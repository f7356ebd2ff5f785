import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { seatNewsOf } from '../seat-map/seat-changes.ts';

/** An event whose seats keep changing is counted once in so long. */
const EVERY_MS = 1_000;
/** And once more when they stopped: boards may be behind by that while Redis is away. */
const LAST_LOOK_MS = 3_000;
/** The longest part of the time that counting one event may take. */
const BUSY_PART = 0.1;

/** Which events' seats are to be counted, and when: those of which a message told a change. */
export function createRecounts(count: (eventId: string) => Promise<void>) {
  const changed = new Set<string>();
  const notBefore = new Map<string, number>();
  const lastLooks = new Map<string, number>();

  function findDue(now: number): string[] {
    for (const [eventId, at] of notBefore) if (at <= now) notBefore.delete(eventId);
    for (const [eventId, at] of lastLooks) {
      if (at > now) continue;
      lastLooks.delete(eventId);
      changed.add(eventId);
    }
    return [...changed].filter((eventId) => !notBefore.has(eventId));
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
      const due = findDue(monotonicMs());
      for (const eventId of due) {
        const startedAt = monotonicMs();
        // Before the count: what changes during it is counted once more.
        changed.delete(eventId);
        try {
          await count(eventId);
        } catch (error) {
          changed.add(eventId);
          throw error;
        }
        const tookMs = monotonicMs() - startedAt;
        notBefore.set(eventId, startedAt + Math.max(EVERY_MS, tookMs / BUSY_PART));
      }
      return due.length;
    },
  };
}

export type Recounts = ReturnType<typeof createRecounts>;
