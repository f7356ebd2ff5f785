import { attemptsOf, ENDED_STATES, type Hold, isMiddle } from '../hold.ts';
import type { Seat } from '../seat.ts';
import { abandonTry } from './abandon-try.ts';
import { abortHold } from './abort-hold.ts';
import type { HoldStores } from './dependencies.ts';

/**
 * Looks from held seats to their holds: frees those whose hold has ended, ends a try that broke
 * off before its document, and gives back what a try took for a hold that lives without it. Answers
 * how much was freed, seats or tries.
 */
export async function settleHeldSeats(stores: HoldStores, seats: readonly Seat[]): Promise<number> {
  const claims = new Map(
    seats.flatMap(({ eventId, hold }) =>
      hold ? [[`${hold.id} ${hold.attemptId}`, { ...hold, eventId }] as const] : [],
    ),
  );
  const known = await stores.holds.statesOf([...claims.values()].map((claim) => claim.id));
  let freed = 0;
  for (const { id: holdId, attemptId, userId, eventId } of claims.values()) {
    const hold = known.get(holdId);
    if (hold === undefined || hold.state === 'aborted') {
      freed += await abortHold(stores, { holdId, userId, eventId });
    } else if (ENDED_STATES.includes(hold.state)) {
      freed += await stores.seats.freeHeldBy(eventId, holdId);
    } else if (!attemptsOf(hold).includes(attemptId)) {
      freed += Number(await abandonTry(stores, hold, attemptId, eventId));
    }
  }
  return freed;
}

/** The same for seats under a pin: those that their hold has left behind follow it. */
export async function settleCommittingSeats(
  stores: HoldStores,
  seats: readonly Seat[],
): Promise<number> {
  const known = await stores.holds.statesOf(seats.flatMap((seat) => seat.hold?.id ?? []));
  const pins = new Map(seats.flatMap((seat) => (seat.commit ? [[seat.commit.pinId, seat]] : [])));
  let settled = 0;
  for (const [pinId, seat] of pins) {
    const to = outcomeOf(known.get(seat.hold?.id ?? ''), pinId);
    if (to) settled += await stores.seats.settlePin(seat.eventId, pinId, to);
  }
  return settled;
}

/** What seats under a pin should be by their hold; undefined while the hold is still at it. */
function outcomeOf(hold: Hold | undefined, pinId: string): 'sold' | 'available' | undefined {
  if (hold === undefined) return 'available';
  if (isMiddle(hold.state)) return undefined;
  if (hold.pinId === pinId && hold.state === 'pinned') return undefined;
  return hold.pinId === pinId && hold.state === 'confirmed' ? 'sold' : 'available';
}
