import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { SoldEvent } from '../event.ts';
import type { HoldLimits } from './dependencies.ts';

/** Most seats that one hold of the event may have, and so one order. */
export function mostSeats(limits: HoldLimits, event: SoldEvent | undefined): number {
  return Math.min(limits.seatsPerHold, event?.maxPerOrder ?? limits.seatsPerHold);
}

export function refuseTooMany(wanted: number, most: number): Refusal | undefined {
  if (wanted <= most) return undefined;
  return refused('too_many_seats', `A hold takes ${most} seats at most; this makes ${wanted}.`, {
    maxSeats: most,
  });
}

export function refuseFull(maxPerUser: number, used: number): Refusal {
  return refused(
    'quota_exceeded',
    `One account may have ${maxPerUser} seats of this event; this one has ${used} already.`,
    { maxPerUser, used },
  );
}

/** `did` is what a request under the key did before, such as `made another venue`. */
export function refuseReusedKey(did: string): Refusal {
  return refused(
    'idempotency_key_reused',
    `This Idempotency-Key ${did}: send this request under a new key.`,
  );
}

export function refuseInFlight(): Refusal {
  return refused(
    'request_in_flight',
    'A request with this Idempotency-Key is being worked on: ask again in a moment.',
  );
}

export function refuseCooling(cooling: { seatIds: readonly string[]; leftMs: number }): Refusal {
  const { seatIds, leftMs } = cooling;
  const retryAfterSeconds = Math.ceil(leftMs / 1_000);
  return refused(
    'seat_cooling_down',
    `Your hold on these seats ran out, so others may take them first: ${seatIds.join(', ')}. ` +
      `Choose others, or try again in ${retryAfterSeconds} s.`,
    { seatIds, retryAfterSeconds },
  );
}

export function refuseTaken(seatIds: readonly string[]): Refusal {
  return refused(
    'seat_unavailable',
    `These seats are taken: ${seatIds.join(', ')}. Choose others.`,
    { seatIds },
  );
}
