import { monotonicMs } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { refuseSale } from '../event-status.ts';
import { waitAtMost } from '../patience.ts';
import type { PromisedSeats } from '../seating/promised-seats.ts';
import type { HoldNow } from '../stores/holds.ts';
import { type BestChoice, type BestWish, pickBest, type Seen } from './pick-best.ts';
import { mostSeats, refuseTooMany } from './refusals.ts';
import { replay, type TakeDependencies, takeSeats } from './take-seats.ts';

export type TakeBest = {
  userId: string;
  eventId: string;
  wish: BestWish;
  durationMs: number | undefined;
  idempotencyKey: string | undefined;
  origin: Origin;
};

export type BestDependencies = TakeDependencies & { promised: PromisedSeats };

/** What a choice needs of the service. */
export type Sight = Pick<BestDependencies, 'boards' | 'events' | 'limits' | 'promised' | 'taken'>;

/** Refusals of single seats: a choice without them may do. */
const LOST: readonly string[] = ['seat_unavailable', 'seat_cooling_down'];

/** How long a party goes on choosing anew after losing its choice to others. */
const PATIENCE_MS = 10_000;

/**
 * Takes the best free seats for a party. It chooses by the board, leaving out what other parties
 * of this process are just taking, and takes its choice like any other seats; who loses a race
 * chooses anew without the seats it lost. A repeat under its Idempotency-Key answers the stored
 * hold, though another choice would be made now: its fingerprint is of the wish.
 */
export async function takeBest(
  deps: BestDependencies,
  command: TakeBest,
): Promise<HoldNow | Refusal> {
  const { eventId, wish, ...rest } = command;
  const request = fingerprint({ eventId, bestAvailable: wish, durationMs: rest.durationMs });
  if (rest.idempotencyKey !== undefined) {
    const earlier = await deps.holds.find(derivedId('hold', rest.userId, rest.idempotencyKey));
    if (earlier) return replay(earlier, request);
  }
  const lost = new Set<string>();
  let hasLookedAgain = false;
  const end = monotonicMs() + PATIENCE_MS;
  for (;;) {
    const seen = await seeSeats(deps, eventId, wish);
    if (isRefusal(seen)) return seen;
    // From here to the promise nothing is awaited: no other party chooses in between.
    const choice = pickBest(deps, seen, wish, lost);
    if (isRefusal(choice)) {
      // What others are about to take may yet be free.
      const others = deps.promised.untilOver(eventId);
      if (others && monotonicMs() <= end) {
        await waitAtMost(others, end - monotonicMs());
        continue;
      }
      if (hasLookedAgain || !(await hasMoved(deps, seen))) return choice;
      hasLookedAgain = true;
      continue;
    }
    const { seatIds } = choice;
    const settle = deps.promised.promise(eventId, seatIds);
    try {
      const taken = await takeSeats(deps, {
        ...rest,
        eventId,
        seatIds,
        ...(wish.ticketType !== undefined && { types: { forAll: wish.ticketType } }),
        chosen: { fingerprint: request, reasons: choice.reasons, event: seen.event },
      });
      const isLost = isRefusal(taken) && LOST.includes(taken.code);
      if (!isLost || monotonicMs() > end) return taken;
      for (const seatId of lostIn(taken, seatIds)) lost.add(seatId);
    } finally {
      settle();
    }
  }
}

/** Whether a board that is true enough to refuse by is another than the one seen. */
async function hasMoved({ boards }: Sight, { event, followed }: Seen): Promise<boolean> {
  const now = await boards.findToRefuse(event._id);
  return now !== undefined && now !== followed;
}

function lostIn(refusal: Refusal, asked: readonly string[]): readonly string[] {
  const seatIds = refusal.extra?.seatIds;
  return Array.isArray(seatIds) ? seatIds : asked;
}

/** The best free seats for a party as this process sees them, without taking them. */
export async function findBest(
  deps: Sight,
  eventId: string,
  wish: BestWish,
): Promise<BestChoice | Refusal> {
  const seen = await seeSeats(deps, eventId, wish);
  if (isRefusal(seen)) return seen;
  const choice = pickBest(deps, seen, wish, new Set());
  if (!isRefusal(choice) || !(await hasMoved(deps, seen))) return choice;
  const again = await seeSeats(deps, eventId, wish);
  return isRefusal(again) ? again : pickBest(deps, again, wish, new Set());
}

async function seeSeats(deps: Sight, eventId: string, wish: BestWish): Promise<Seen | Refusal> {
  const [event, followed] = await Promise.all([
    deps.events.find(eventId),
    deps.boards.find(eventId),
  ]);
  const closed = refuseSale(event, eventId);
  if (closed || event === undefined || followed === undefined) {
    return closed ?? refused('event_not_found', `There is no event ${eventId} for sale.`);
  }
  return refuseTooMany(wish.partySize, mostSeats(deps.limits, event)) ?? { event, followed };
}
