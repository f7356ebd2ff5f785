import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { explainMiss, type Miss, type Seat, seatKey } from '../seat.ts';
import type { Take } from '../stores/seats.ts';
import type { HoldStores } from './dependencies.ts';

/** How long a try waits for rivals that are not settled themselves; far below the orphans' age. */
const PATIENCE_MS = 3_000;
const FIRST_PAUSE_MS = 4;
const LONGEST_PAUSE_MS = 50;

/**
 * Takes all of the seats or none, and explains a miss. First in one statement. A try that only
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
  const seats = await takeAtOnce(stores, take, seatIds);
  if (seats.length === seatIds.length) return seats;
  if (seats.length > 0) await stores.seats.giveBack(take.eventId, take.holdId, take.attemptId);
  const miss = await explain(stores, take, seatIds);
  return miss.reason === 'contended' ? takeInOrder(stores, take, seatIds) : refuse(miss, take);
}

async function takeAtOnce(
  stores: HoldStores,
  take: Take,
  seatIds: readonly string[],
): Promise<Seat[]> {
  const [only] = seatIds;
  if (only === undefined || seatIds.length > 1) return stores.seats.takeMany(take, seatIds);
  const seat = await stores.seats.takeOne(take, only);
  return seat === null ? [] : [seat];
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
        return refuse(
          miss.reason === 'contended' ? { reason: 'taken', seatIds: [seatId] } : miss,
          take,
        );
      }
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }
  return seats;
}

async function explain(stores: HoldStores, take: Take, seatIds: readonly string[]): Promise<Miss> {
  const found = await stores.seats.look(take.eventId, seatIds);
  const rivals = found.flatMap((seat) =>
    seat.status === 'held' && seat.hold ? [seat.hold.id] : [],
  );
  return explainMiss({
    wanted: seatIds,
    found,
    settled: rivals.length === 0 ? new Set() : await stores.holds.settledAmong(rivals),
    onSaleAt: take.onSaleAt,
    now: found[0]?.now ?? new Date(0),
  });
}

function refuse(miss: Exclude<Miss, { reason: 'contended' }>, take: Take): Refusal {
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
    case 'taken':
      return refused(
        'seat_unavailable',
        `These seats are taken: ${miss.seatIds.join(', ')}. Choose others.`,
        { seatIds: miss.seatIds },
      );
  }
}
