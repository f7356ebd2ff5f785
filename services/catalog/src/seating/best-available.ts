import { splitNear } from './near-split.ts';
import { leavesSingle, singlesLeft } from './seat-policy.ts';
import { type SeatWish, type Spread, seatsOf, type Terms, termsOf } from './seat-wish.ts';
import { KINDS, MOST_POINTS, type Seating } from './seating.ts';

export type SeatChoice = {
  /** Places in the plan, in its order. */
  seats: number[];
  spread: Spread;
  /** Whether a seat stays behind alone, since no choice side by side was without. */
  leavesSingle: boolean;
};

/** Outweighs any difference of views that a party can have. */
const POINTS_OF_SURPLUS = 1_000 * MOST_POINTS;

/**
 * The best free seats for a party; `free` has 1 for each free seat. Side by side without leaving
 * a single seat, then side by side, then parted but near, then, only if asked for, wherever there
 * are any; among equals of these the best view, then the first in the plan. The same
 * seats and wish give the same choice.
 */
export function chooseSeats(
  seating: Seating,
  free: Uint8Array,
  wish: SeatWish,
): SeatChoice | undefined {
  const terms = termsOf(seating, free, wish);
  const run = bestRun(seating, free, terms, wish.partySize);
  if (run) {
    const seats = seatsOf([{ start: run.start, end: run.start + wish.partySize }]);
    return { seats, spread: 'adjacent', leavesSingle: run.leavesSingle };
  }
  if (wish.spread === 'adjacent') return undefined;
  const near = splitNear(seating, free, terms, wish.partySize);
  const seats =
    near ?? (wish.spread === 'scattered' ? scatter(seating, free, terms, wish) : undefined);
  return (
    seats && {
      seats,
      spread: near ? 'near' : 'scattered',
      leavesSingle: singlesLeft(seating, free, seats).length > 0,
    }
  );
}

export type Run = { start: number; leavesSingle: boolean };

/** The best seats side by side for so many; one pass over the plan. */
export function bestRun(
  seating: Seating,
  free: Uint8Array,
  { eligible, special }: Terms,
  size: number,
): Run | undefined {
  const { runStarts, viewSums } = seating;
  const isFree = (seat: number) => free[seat] === 1;
  let [clean, cleanPoints, best, bestPoints] = [-1, -Infinity, -1, -Infinity];
  for (let seat = 0, length = 0; seat < eligible.length; seat += 1) {
    length = eligible[seat] === 0 ? 0 : runStarts[seat] === seat ? 1 : length + 1;
    if (length < size) continue;
    const start = seat - size + 1;
    const view = (viewSums[seat + 1] ?? 0) - (viewSums[start] ?? 0);
    if (view <= cleanPoints) continue;
    let points = view;
    if (special) {
      const run = [{ start, end: seat + 1 }];
      if (!special.satisfies(run)) continue;
      points -= POINTS_OF_SURPLUS * special.surplus(run);
    }
    if (points > bestPoints) [best, bestPoints] = [start, points];
    if (points > cleanPoints && !leavesSingle(seating, isFree, start, seat + 1)) {
      [clean, cleanPoints] = [start, points];
    }
  }
  if (clean >= 0) return { start: clean, leavesSingle: false };
  return best >= 0 ? { start: best, leavesSingle: true } : undefined;
}

/** Seats in as few groups as possible: the largest group there is, then the next for the rest. */
function scatter(
  seating: Seating,
  free: Uint8Array,
  terms: Terms,
  wish: SeatWish,
): number[] | undefined {
  const seats: number[] = [];
  const left = free.slice();
  const eligible = terms.eligible.slice();
  const give = (seat: number) => {
    seats.push(seat);
    left[seat] = 0;
    eligible[seat] = 0;
  };
  for (const seat of needed(seating, terms, wish.needs)) give(seat);
  // The rest of a party with needs takes nothing that others may need.
  if (terms.special) {
    seating.kinds.forEach((kind, seat) => {
      if (kind !== KINDS.ordinary) eligible[seat] = 0;
    });
  }
  let size = wish.partySize - seats.length;
  while (seats.length < wish.partySize && size > 0) {
    const run = bestRun(seating, left, { eligible }, Math.min(size, wish.partySize - seats.length));
    if (run === undefined) size -= 1;
    else {
      const end = run.start + Math.min(size, wish.partySize - seats.length);
      for (let seat = run.start; seat < end; seat += 1) give(seat);
    }
  }
  seats.sort((a, b) => a - b);
  return seats.length === wish.partySize && terms.special?.satisfies(seats.map(asRange)) !== false
    ? seats
    : undefined;
}

const asRange = (seat: number) => ({ start: seat, end: seat + 1 });

/** For each need the seat with the best view that has it. */
function needed(seating: Seating, { eligible }: Terms, needs: readonly string[]): number[] {
  const found: number[] = [];
  for (const need of needs) {
    let best = -1;
    seating.faces.forEach((face, seat) => {
      if (eligible[seat] !== 1 || found.includes(seat) || !face.flags.includes(need)) return;
      if (best < 0 || (seating.views[seat] ?? 0) > (seating.views[best] ?? 0)) best = seat;
    });
    if (best >= 0) found.push(best);
  }
  return found;
}
