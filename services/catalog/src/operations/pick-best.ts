import { monotonicMs } from '@holdfast/shared/clock.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { chooseSeats, type SeatChoice } from '../best-available.ts';
import { type Board, codeAt, freeAt } from '../board.ts';
import type { FollowedBoard } from '../boards.ts';
import { chooseQuickly } from '../candidates.ts';
import { type ChoiceReasons, reasonsOf, roomOf } from '../choice-reasons.ts';
import type { Event } from '../event.ts';
import type { PromisedSeats } from '../promised-seats.ts';
import { seatKey } from '../seat.ts';
import type { SeatWish, Spread } from '../seat-wish.ts';
import { type Seating, seatingOf } from '../seating.ts';
import type { TakenSeats } from '../taken-seats.ts';
import type { SeatBoards } from './dependencies.ts';

/** What a party asks for; prices are those of the event. */
export type BestWish = {
  partySize: number;
  category?: string;
  section?: string;
  maxPriceMinor?: number;
  needs?: readonly string[];
  spread?: Spread;
};

/** What a choice is made by. */
export type Seen = { event: Event; followed: FollowedBoard };

export type BestChoice = {
  event: Event;
  board: Board;
  /** Places in the plan. */
  seats: number[];
  seatIds: string[];
  reasons: ChoiceReasons;
};

type Deps = { boards: SeatBoards; promised: PromisedSeats; taken: TakenSeats };

/** What fits nothing is asked again no sooner, unless the board changed. */
const REFUSED_MS = 100;
type Unfitting = { asOf: string; untilMs: number; refusals: Map<string, Refusal> };
const unfitting = new WeakMap<FollowedBoard, Unfitting>();

/**
 * The best seats for a party that are free on the board, not promised to another party of this
 * process, and not among `lost`. It waits for nothing, so that no other party chooses meanwhile.
 */
export function pickBest(
  deps: Deps,
  { event, followed }: Seen,
  wish: BestWish,
  lost: ReadonlySet<string>,
): BestChoice | Refusal {
  const { board } = followed;
  const nowMs = deps.boards.nowMs();
  const now = monotonicMs();
  const promised = deps.promised.of(event._id);
  const seatWish = seatWishOf(event, wish);
  const refusals = refusalsOf(followed, deps.promised.revision, nowMs);
  const refusedAs = JSON.stringify([event.version, wish, ...lost]);
  const refusal = refusals.get(refusedAs);
  if (refusal) return refusal;

  const seating = seatingOf(board.faces);
  const idOf = (seat: number) => board.faces[seat]?.seatId ?? '';
  const refuses = (seatId: string) => deps.taken.refuses(seatKey(event._id, seatId), now);
  const isWithheld = (seatId: string) =>
    promised.has(seatId) || lost.has(seatId) || refuses(seatId);
  const isFree = (seat: number) => codeAt(board, seat, nowMs) === 0 && !isWithheld(idOf(seat));
  let choice = chooseQuickly(seating, isFree, seatWish);
  if (choice === undefined) {
    const free = freeAt(board, nowMs);
    const withhold = (seatId: string) => {
      const seat = board.indexOf.get(seatId);
      if (seat !== undefined) free[seat] = 0;
    };
    for (const seatId of promised.keys()) withhold(seatId);
    for (const seatId of lost) withhold(seatId);
    choice = chooseSeats(seating, free, seatWish);
    for (let gone = goneOf(choice); gone.length > 0; gone = goneOf(choice)) {
      gone.forEach(withhold);
      choice = chooseSeats(seating, free, seatWish);
    }
    if (choice === undefined) {
      const unfit = refuseUnfitting(event, seating, free, seatWish);
      refusals.set(refusedAs, unfit);
      return unfit;
    }
  }
  const { seats } = choice;
  const reasons = reasonsOf(seating, seatWish, choice);
  return { event, board, seats, seatIds: seats.map(idOf), reasons };

  function goneOf(picked: SeatChoice | undefined): string[] {
    return (picked?.seats ?? []).map(idOf).filter(refuses);
  }
}

/** The refusals that stand while a board and the promises do. */
function refusalsOf(
  followed: FollowedBoard,
  promises: number,
  nowMs: number,
): Map<string, Refusal> {
  const asOf = `${followed.revision}.${promises}`;
  const known = unfitting.get(followed);
  if (known?.asOf === asOf && nowMs < known.untilMs) return known.refusals;
  const refusals = new Map<string, Refusal>();
  unfitting.set(followed, { asOf, untilMs: nowMs + REFUSED_MS, refusals });
  return refusals;
}

function seatWishOf(event: Event, wish: BestWish): SeatWish {
  const { partySize, category, section, maxPriceMinor, needs = [], spread = 'near' } = wish;
  const categories = event.prices
    .filter((price) => category === undefined || price.category === category)
    .filter((price) => maxPriceMinor === undefined || price.priceMinor <= maxPriceMinor)
    .map((price) => price.category);
  return {
    partySize,
    categories: new Set(categories),
    ...(section !== undefined && { section }),
    needs,
    spread,
  };
}

/** Says what would be possible instead. */
function refuseUnfitting(
  event: Event,
  seating: Seating,
  free: Uint8Array,
  wish: SeatWish,
): Refusal {
  const { wished, byCategory } = roomOf(seating, free, wish);
  return refused(
    'no_fitting_seats',
    `No ${wish.partySize} seats fit the wish: ${wished.free} are free, at most ` +
      `${wished.largestTogether} side by side. Ask for fewer, elsewhere, or with a wider spread.`,
    {
      ...wished,
      categories: event.prices.map(({ category, priceMinor }) => ({
        category,
        priceMinor,
        ...(byCategory.get(category) ?? { free: 0, largestTogether: 0 }),
      })),
    },
  );
}
