import { LRUCache } from 'lru-cache';

/** How long what was seen of a seat may refuse others, and so how late a freed seat is offered. */
export const FRESH_MS = 250;
const MOST_SEATS = 200_000;

/** Instants by the monotonic clock of this process. */
type Sight = { at: number; freshUntil: number; endsAt: number };

/**
 * Seats that this process saw taken, so that a certain loser costs the store nothing (DESIGN,
 * "Under load"). It only ever refuses, and only by what was seen within 250 ms or after the try
 * came; else the next try asks the store, which alone decides. No sight outlives the hold it is of. Seats are
 * named by their keys (seat.ts), instants are monotonic milliseconds.
 */
export function createTakenSeats() {
  const sights = new LRUCache<string, Sight>({ max: MOST_SEATS });

  return {
    /**
     * Whether a try for the seat is certain to lose at that instant. One that waited while another
     * looked (asked at `askedAt`, before that look began) would not see more by a look of its own.
     */
    refuses(key: string, now: number, askedAt = Number.POSITIVE_INFINITY): boolean {
      const sight = sights.get(key);
      if (sight === undefined || sight.endsAt <= now) return false;
      return sight.freshUntil > now || sight.at >= askedAt;
    },

    /** Whether the seat was taken when it was last seen, by a hold that is not over yet. */
    suspects: (key: string, now: number): boolean => (sights.get(key)?.endsAt ?? 0) > now,

    /** The seat was taken at that instant, for `lastsMs` more (Infinity: pinned or sold). */
    learn(key: string, at: number, lastsMs: number): void {
      sights.set(key, { at, freshUntil: at + Math.min(FRESH_MS, lastsMs), endsAt: at + lastsMs });
    },

    forget(keys: readonly string[]): void {
      for (const key of keys) sights.delete(key);
    },
  };
}

export type TakenSeats = ReturnType<typeof createTakenSeats>;
