import { monotonicMs } from '@holdfast/shared/clock.ts';
import type { Refusal } from '@holdfast/shared/errors.ts';
import type { SoldEvent } from '../event.ts';
import { seatKey } from '../seat.ts';
import { type Board, codeAt, freeAt } from '../seat-map/board.ts';
import type { FollowedBoard } from '../seat-map/boards.ts';
import { chooseSeats, type SeatChoice } from '../seating/best-available.ts';
import { chooseQuickly, type Untaken } from '../seating/candidates.ts';
import { type ChoiceReasons, reasonsOf } from '../seating/choice-reasons.ts';
import type { PromisedSeats } from '../seating/promised-seats.ts';
import type { SeatWish, Spread } from '../seating/seat-wish.ts';
import { seatingOf } from '../seating/seating.ts';
import type { TakenSeats } from '../taken-seats.ts';
import { priceOf } from '../ticket-types.ts';
import type { SeatBoards } from './dependencies.ts';
import { refuseUnfitting } from './refuse-unfitting.ts';

/** What a party asks for; prices are those of the event. */
export type BestWish = {
  partySize: number;
  category?: string;
  section?: string;
  maxPriceMinor?: number;
  /** As which type the seats are wanted, where not as the default. */
  ticketType?: string;
  needs?: readonly string[];
  spread?: Spread;
};

/** What a choice is made by. */
export type Seen = { event: SoldEvent; followed: FollowedBoard };

export type BestChoice = {
  event: SoldEvent;
  board: Board;
  /** Places in the plan. */
  seats: number[];
  seatIds: string[];
  reasons: ChoiceReasons;
};

type Deps = { boards: SeatBoards; promised: PromisedSeats; taken: TakenSeats };

/** A choice is made anew after this long, since holds run out without a change of the board. */
const KNOWN_MS = 100;
type Known = { asOf: string; untilMs: number; answers: Map<string, BestChoice | Refusal> };
const known = new WeakMap<FollowedBoard, Known>();

/**
 * The best seats for a party that are free on the board, not promised to another party of this
 * process, and not among `lost`. It waits for nothing, so that no other party chooses meanwhile.
 * Equal wishes share the answer while board and promises stand.
 */
export function pickBest(
  deps: Deps,
  seen: Seen,
  wish: BestWish,
  lost: ReadonlySet<string>,
): BestChoice | Refusal {
  const nowMs = deps.boards.nowMs();
  const answers = answersOf(seen.followed, deps.promised.revision, nowMs);
  const asked = JSON.stringify([seen.event.version, wish, ...lost]);
  const answer = answers.get(asked) ?? choose(deps, seen, wish, lost, nowMs);
  answers.set(asked, answer);
  return answer;
}

/** What was answered while this board and these promises stand. */
function answersOf(followed: FollowedBoard, promises: number, nowMs: number): Known['answers'] {
  const asOf = `${followed.revision}.${promises}`;
  const last = known.get(followed);
  if (last?.asOf === asOf && nowMs < last.untilMs) return last.answers;
  const answers: Known['answers'] = new Map();
  known.set(followed, { asOf, untilMs: nowMs + KNOWN_MS, answers });
  return answers;
}

function choose(
  deps: Deps,
  { event, followed: { board } }: Seen,
  wish: BestWish,
  lost: ReadonlySet<string>,
  nowMs: number,
): BestChoice | Refusal {
  const seating = seatingOf(board.faces);
  const seatWish = seatWishOf(event, wish);
  const promised = deps.promised.of(event._id);
  const now = monotonicMs();
  const idsOf = (seats: readonly number[]) => seats.map((seat) => board.faces[seat]?.seatId ?? '');
  const isLost = (seatId: string) =>
    lost.has(seatId) || deps.taken.refuses(seatKey(event._id, seatId), now);
  const withheld = new Set<number>();
  const isFree = (seat: number) =>
    codeAt(board, seat, nowMs) === 0 &&
    !withheld.has(seat) &&
    !promised.has(board.faces[seat]?.seatId ?? '');
  const answer = (choice: SeatChoice): BestChoice => ({
    event,
    board,
    seats: choice.seats,
    seatIds: idsOf(choice.seats),
    reasons: reasonsOf(seating, seatWish, choice),
  });
  const untaken = untakenOf(board, nowMs);
  // Whether a seat was lost is asked of choices only: that costs more than the rest of a look.
  const findLost = (choice: SeatChoice) =>
    choice.seats.filter((seat) => isLost(board.faces[seat]?.seatId ?? ''));
  for (;;) {
    const quick = chooseQuickly(seating, isFree, seatWish, untaken);
    if (quick === undefined) break;
    const gone = findLost(quick);
    if (gone.length === 0) return answer(quick);
    for (const seat of gone) withheld.add(seat);
  }

  const free = freeAt(board, nowMs);
  for (const seatId of [...promised.keys(), ...lost]) {
    const seat = board.indexOf.get(seatId);
    if (seat !== undefined) withheld.add(seat);
  }
  for (;;) {
    for (const seat of withheld) free[seat] = 0;
    const choice = chooseSeats(seating, free, seatWish);
    if (choice === undefined)
      return refuseUnfitting(event, seating, free, { asked: wish, wish: seatWish });
    const gone = findLost(choice);
    if (gone.length === 0) return answer(choice);
    for (const seat of gone) withheld.add(seat);
  }
}

type UntakenOf = Untaken & { openings: number; untilMs: number };
const untakens = new WeakMap<Board, UntakenOf>();

/** What is known of candidates without a taken seat, until one of those comes free. */
function untakenOf(board: Board, nowMs: number): Untaken {
  const last = untakens.get(board);
  if (last && last.openings === board.openings && nowMs < last.untilMs) return last;
  const untaken: UntakenOf = {
    openings: board.openings,
    untilMs: Number.POSITIVE_INFINITY,
    starts: new WeakMap(),
    isTaken(seat) {
      // One whose hold has ended by now makes this void at the next look.
      if (board.codes[seat] === 0) return false;
      untaken.untilMs = Math.min(untaken.untilMs, board.endsAtMs[seat] ?? 0);
      return true;
    },
  };
  untakens.set(board, untaken);
  return untaken;
}

function seatWishOf(event: SoldEvent, wish: BestWish): SeatWish {
  const { partySize, category, section, maxPriceMinor, needs = [], spread = 'near' } = wish;
  const type = event.ticketTypes?.find((one) => one.id === wish.ticketType);
  const categories = event.prices
    .filter((price) => category === undefined || price.category === category)
    .filter(
      (price) =>
        maxPriceMinor === undefined || (priceOf(event, price.category, type) ?? 0) <= maxPriceMinor,
    )
    .map((price) => price.category);
  return {
    partySize,
    categories: new Set(categories),
    ...(section !== undefined && { section }),
    needs,
    spread,
  };
}
