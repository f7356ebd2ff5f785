import { LRUCache } from 'lru-cache';
import type { SeatChoice } from './best-available.ts';
import { leavesSingle } from './seat-policy.ts';
import { type SeatWish, seatsOf, termsOf } from './seat-wish.ts';
import { MOST_POINTS, type Seating } from './seating.ts';

/**
 * All choices side by side that the empty house has for a wish, best view first, then the first
 * in the plan. With them the best one left is the first that is free.
 */
export type Candidates = { starts: Int32Array; views: Float64Array };

/** Choices of all wishes together, at 12 bytes each. */
const MOST_CHOICES = 2_000_000;
const known = new LRUCache<string, Candidates>({
  maxSize: MOST_CHOICES,
  sizeCalculation: ({ starts }) => starts.length + 1,
});
const numbers = new WeakMap<Seating, number>();
let seatings = 0;

/**
 * The candidates for a wish, worked out once for many parties. Undefined for a party with needs:
 * there are too many different ones to keep.
 */
export function candidatesOf(seating: Seating, wish: SeatWish): Candidates | undefined {
  if (wish.needs.length > 0) return undefined;
  const number = numbers.get(seating) ?? seatings++;
  numbers.set(seating, number);
  const { partySize, categories, section } = wish;
  const key = JSON.stringify([number, partySize, categories && [...categories].sort(), section]);
  const candidates = known.get(key) ?? sortCandidates(seating, wish);
  known.set(key, candidates);
  return candidates;
}

function sortCandidates(seating: Seating, wish: SeatWish): Candidates {
  const { viewSums, faces } = seating;
  const viewFrom = (start: number) =>
    (viewSums[start + wish.partySize] ?? 0) - (viewSums[start] ?? 0);
  // View and place as one number each: typed arrays sort those many times as fast as a comparison.
  const most = MOST_POINTS * wish.partySize;
  const keys = Float64Array.from(
    startsOf(seating, wish),
    (start) => (most - viewFrom(start)) * faces.length + start,
  ).sort();
  const starts = Int32Array.from(keys, (key) => key % faces.length);
  return { starts, views: Float64Array.from(starts, viewFrom) };
}

/** Where each choice side by side begins that a wish has in the empty house. */
export function* startsOf(seating: Seating, wish: SeatWish): Generator<number> {
  const free = new Uint8Array(seating.faces.length).fill(1);
  const { eligible, special } = termsOf(seating, free, wish);
  for (let seat = 0, length = 0; seat < eligible.length; seat += 1) {
    length = eligible[seat] === 0 ? 0 : seating.runStarts[seat] === seat ? 1 : length + 1;
    const start = seat - wish.partySize + 1;
    if (length < wish.partySize) continue;
    if (special?.satisfies([{ start, end: seat + 1 }]) !== false) yield start;
  }
}

/**
 * Of the candidates of wishes those that have no seat known to be taken, in their order. Good while
 * no seat comes free.
 */
export type Untaken = {
  starts: WeakMap<Candidates, Int32Array>;
  isTaken: (seat: number) => boolean;
};

/**
 * The best choice side by side that leaves no single seat, found by looking at few seats: what
 * `chooseSeats` answers, or undefined where that has to look closer. What is met that is taken is
 * dropped from `untaken`, so that the next party does not look at it again.
 */
export function chooseQuickly(
  seating: Seating,
  isFree: (seat: number) => boolean,
  wish: SeatWish,
  { starts: known, isTaken }: Untaken = { starts: new WeakMap(), isTaken: () => false },
): SeatChoice | undefined {
  const candidates = candidatesOf(seating, wish);
  if (candidates === undefined) return undefined;
  const starts = known.get(candidates) ?? candidates.starts.slice();
  let choice: SeatChoice | undefined;
  let seen = 0;
  let kept = 0;
  while (choice === undefined && seen < starts.length) {
    const start = starts[seen] ?? 0;
    seen += 1;
    let end = start;
    while (end < start + wish.partySize && isFree(end)) end += 1;
    const isWhole = end === start + wish.partySize;
    if (!isWhole && isTaken(end)) continue;
    starts[kept] = start;
    kept += 1;
    if (isWhole && !leavesSingle(seating, isFree, start, end)) {
      choice = { seats: seatsOf([{ start, end }]), spread: 'adjacent', leavesSingle: false };
    }
  }
  starts.copyWithin(kept, seen);
  known.set(candidates, starts.subarray(0, starts.length - (seen - kept)));
  return choice;
}

/** The place of a view among the candidates, 1 is the best; equal views share a place. */
export function placeAmong({ views }: Candidates, view: number): number {
  let [low, high] = [0, views.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((views[middle] ?? 0) > view) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}
