import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Booking } from './booking.ts';
import { OUTCOMES } from './checkout.ts';

const LOOK_MS = 1_000;

export type Outcomes = ReturnType<typeof createOutcomes>;

/**
 * Lets requests wait for a booking to reach its outcome. This process's commits give it to them at
 * once; for those of other instances a loop looks once a second, for all who wait together.
 */
export function createOutcomes(deps: {
  /** Which of these bookings have their outcome. */
  findSettled: (bookingIds: readonly string[]) => Promise<string[]>;
  log: Logger;
}) {
  const waiting = new Map<string, Set<(booking?: Booking) => void>>();

  function tell(bookingId: string, booking?: Booking): void {
    for (const wake of waiting.get(bookingId) ?? []) wake(booking);
  }

  const loop: Loop = createLoop({
    name: 'outcomes',
    intervalMs: LOOK_MS,
    log: deps.log,
    async round() {
      if (waiting.size > 0) {
        for (const id of await deps.findSettled([...waiting.keys()])) tell(id);
      }
      return 0;
    },
  });

  /** Resolves when somebody tells of the booking, with it if told, or when `signal` aborts. */
  function listen(bookingId: string, signal: AbortSignal): Promise<Booking | undefined> {
    const { promise, resolve } = Promise.withResolvers<Booking | undefined>();
    const wakers = waiting.get(bookingId) ?? new Set();
    waiting.set(bookingId, wakers.add(resolve));
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    return promise.finally(() => {
      wakers.delete(resolve);
      if (wakers.size === 0) waiting.delete(bookingId);
    });
  }

  return {
    loop,
    /** Gives a booking that has its outcome to those who wait for it. */
    tell: (booking: Booking) => tell(booking.id, booking),
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
          const late = sleep(leftMs, undefined, { signal: limit }).catch(() => undefined);
          const outcome = await Promise.race([told, late]);
          if (outcome !== undefined) return outcome;
        } finally {
          over.abort();
        }
      }
    },
  };
}
