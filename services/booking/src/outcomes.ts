import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Booking } from './booking.ts';
import { OUTCOMES } from './checkout.ts';

const LOOK_MS = 1_000;

export type Outcomes = ReturnType<typeof createOutcomes>;

/**
 * Lets requests wait for a booking to reach its outcome. This process's commits wake them at
 * once; for those of other instances a loop looks once a second, for all who wait together.
 */
export function createOutcomes(deps: {
  /** Which of these bookings have their outcome. */
  findSettled: (bookingIds: readonly string[]) => Promise<string[]>;
  log: Logger;
}) {
  const waiting = new Map<string, Set<() => void>>();

  function tell(bookingId: string): void {
    for (const wake of waiting.get(bookingId) ?? []) wake();
  }

  const loop: Loop = createLoop({
    name: 'outcomes',
    intervalMs: LOOK_MS,
    log: deps.log,
    async round() {
      if (waiting.size > 0) (await deps.findSettled([...waiting.keys()])).forEach(tell);
      return 0;
    },
  });

  /** Resolves when somebody tells of the booking, or `signal` aborts. */
  function listen(bookingId: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakers = waiting.get(bookingId) ?? new Set();
    waiting.set(bookingId, wakers.add(resolve));
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => {
      wakers.delete(resolve);
      if (wakers.size === 0) waiting.delete(bookingId);
    });
  }

  return {
    loop,
    /** Wakes those who wait for the booking. */
    tell,
    /** The booking at its outcome, after `seconds`, or when `signal` aborts, whichever is first. */
    async waitFor(
      bookingId: string,
      options: {
        read: () => Promise<Booking | undefined>;
        /** Whether to stop waiting whatever the status, as for one who may not see the booking. */
        stops: (booking: Booking | undefined) => boolean;
        seconds: number;
        signal: AbortSignal;
      },
    ): Promise<Booking | undefined> {
      const { read, stops, seconds, signal } = options;
      const end = monotonicMs() + seconds * 1_000;
      for (;;) {
        const leftMs = Math.max(0, end - monotonicMs());
        const over = new AbortController();
        const limit = AbortSignal.any([signal, over.signal]);
        // Listening begins before the look, so that a change in between is not missed.
        const told = listen(bookingId, limit);
        try {
          const booking = await read();
          const settled =
            booking === undefined || OUTCOMES.includes(booking.status) || stops(booking);
          if (settled || leftMs === 0 || signal.aborted) return booking;
          await Promise.race([told, sleep(leftMs, undefined, { signal: limit }).catch(() => {})]);
        } finally {
          over.abort();
        }
      }
    },
  };
}
