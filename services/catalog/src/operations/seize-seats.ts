import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { explainMiss, isTaken, type Miss, type Seat, type SeatStanding, seatKey } from '../seat.ts';
import type { Take } from '../stores/seat-rules.ts';
import type { HoldStores } from './dependencies.ts';
import { refuseCooling, refuseTaken } from './refusals.ts';

/** How long a try waits for rivals that are not settled themselves; far below the orphans' age. */
const PATIENCE_MS = 3_000;
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 50;

type Sought = Pick<Take, 'eventId' | 'onSaleAt' | 'offSaleAt' | 'userId'>;
type FinalMiss = Exclude<Miss, { reason: 'contended' }>;

/**
 * Takes all of the seats or none, and explains a miss. First in one
 * statement, shared with the tries of the same tick. A try that only
 * met rivals not yet settled gives back what it took and goes once more alone, seat by seat in
 * the order of their ids, keeping what it has and waiting for the next: since every waiting try
 * goes in that order and none waits for one that has lost, one of any set of rivals wins. It
 * is refused only because of a seat that is gone for good (or, after 3 s, still in unsettled hands).
 */
export async function seizeSeats(
  stores: HoldStores,
  take: Take,
  seatIds: readonly string[],
): Promise<Seat[] | Refusal> {
  const seats = await stores.seats.takeMany(take, seatIds);
  if (seats.length === seatIds.length) return seats;
  if (seats.length > 0) await stores.seats.giveBack(take.eventId, take.holdId, take.attemptId);
  const miss = await explain(stores, take, seatIds);
  return miss.reason === 'contended' ? takeInOrder(stores, take, seatIds) : refuseMiss(miss, take);
}

async function takeInOrder(
  stores: HoldStores,
  take: Take,
  seatIds: readonly string[],
): Promise<Seat[] | Refusal> {
  const end = monotonicMs() + PATIENCE_MS;
  const seats: Seat[] = [];
  const inOrder = seatIds.toSorted((a, b) =>
    seatKey(take.eventId, a) < seatKey(take.eventId, b) ? -1 : 1,
  );
  for (const seatId of inOrder) {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const seat = await stores.seats.takeOne(take, seatId);
      if (seat !== null) {
        seats.push(seat);
        break;
      }
      const miss = await explain(stores, take, [seatId]);
      if (miss.reason !== 'contended' || monotonicMs() > end) {
        await stores.seats.giveBack(take.eventId, take.holdId, take.attemptId);
        return refuseMiss(
          miss.reason === 'contended' ? { reason: 'taken', seatIds: [seatId] } : miss,
          take,
        );
      }
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }
  return seats;
}

/** The same, and the quota's claim of the try goes with its seats where it took none. */
export async function seizeOrUndo(
  stores: HoldStores,
  take: Take,
  seatIds: readonly string[],
): Promise<Seat[] | Refusal> {
  let seats: Seat[] | Refusal;
  try {
    seats = await seizeSeats(stores, take, seatIds);
  } catch (error) {
    // Best effort: what can not be undone now, the sweeper frees as an orphan.
    await undoTake(stores, take).catch((cause) =>
      stores.log.warn('hold.undo_failed', { holdId: take.holdId, error: String(cause) }),
    );
    throw error;
  }
  if (isRefusal(seats)) await stores.quotas.dropTry(take);
  return seats;
}

/** Gives back what a try took, then its claim. */
export async function undoTake(stores: HoldStores, take: Take): Promise<void> {
  await stores.seats.giveBack(take.eventId, take.holdId, take.attemptId);
  await stores.quotas.dropTry(take);
}

/** Why the seats can not be had, or `contended` if they may; what was seen is kept in mind. */
export async function explain(
  stores: HoldStores,
  take: Sought,
  seatIds: readonly string[],
): Promise<Miss> {
  const lookedAt = monotonicMs();
  const found = await stores.seats.look(take.eventId, seatIds);
  const rivals = found.flatMap((seat) =>
    seat.status === 'held' && seat.hold ? [seat.hold.id] : [],
  );
  const settled = await stores.holds.settledTries(rivals);
  const now = found[0]?.now ?? new Date(0);
  for (const seat of found) {
    if (isTaken(seat, settled, now)) stores.taken.learn(seat._id, lookedAt, lastsMs(seat, now));
    else stores.taken.forget([seat._id]);
  }
  return explainMiss({ ...take, wanted: seatIds, found, settled, now });
}

/** How long the hold on a taken seat has left; a seat whose hold is past is pinned or sold. */
function lastsMs(seat: SeatStanding, now: Date): number {
  const leftMs = (seat.hold?.expiresAt.getTime() ?? 0) - now.getTime();
  return leftMs > 0 ? leftMs : Number.POSITIVE_INFINITY;
}

export function refuseMiss(miss: FinalMiss, take: Pick<Sought, 'onSaleAt' | 'offSaleAt'>): Refusal {
  switch (miss.reason) {
    case 'not_found':
      return refused('seat_not_found', `The event has no seat ${miss.seatIds.join(', ')}.`, {
        seatIds: miss.seatIds,
      });
    case 'not_on_sale':
      return refused(
        'event_not_on_sale',
        `The sale opens at ${take.onSaleAt.toISOString()}: try again then.`,
        { onSaleAt: take.onSaleAt.toISOString() },
      );
    case 'sale_ended':
      return refused('event_not_on_sale', 'The sale is over.', {
        offSaleAt: take.offSaleAt?.toISOString(),
      });
    case 'taken':
      return refuseTaken(miss.seatIds);
    case 'cooling':
      return refuseCooling(miss);
  }
}
