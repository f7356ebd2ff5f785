import { monotonicMs } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { chooseSeats } from '../best-available.ts';
import { type Board, freeAt } from '../board.ts';
import { type ChoiceReasons, reasonsOf, roomOf } from '../choice-reasons.ts';
import { type Event, refuseSale } from '../event.ts';
import type { PromisedSeats } from '../promised-seats.ts';
import { seatKey } from '../seat.ts';
import type { SeatWish, Spread } from '../seat-wish.ts';
import { type Seating, seatingOf } from '../seating.ts';
import type { HoldNow } from '../stores/holds.ts';
import { mostSeats, refuseTooMany } from './refusals.ts';
import { replay, type TakeDependencies, takeSeats } from './take-seats.ts';

/** What a party asks for; prices are those of the event. */
export type BestWish = {
  partySize: number;
  category?: string;
  section?: string;
  maxPriceMinor?: number;
  needs?: readonly string[];
  spread?: Spread;
};

export type TakeBest = {
  userId: string;
  eventId: string;
  wish: BestWish;
  durationMs: number | undefined;
  idempotencyKey: string | undefined;
  origin: Origin;
};

export type BestDependencies = TakeDependencies & { promised: PromisedSeats };

/** What a choice is made by. */
export type Sight = Pick<BestDependencies, 'boards' | 'events' | 'limits' | 'promised' | 'taken'>;

type Seen = { event: Event; board: Board };

export type BestChoice = Seen & { seats: number[]; reasons: ChoiceReasons };

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
  const end = monotonicMs() + PATIENCE_MS;
  for (;;) {
    const seen = await seeSeats(deps, eventId, wish);
    if (isRefusal(seen)) return seen;
    // From here to the promise nothing is awaited: no other party chooses in between.
    const choice = pickBest(deps, seen, wish, lost);
    const others = deps.promised.nextSettled(eventId);
    if (isRefusal(choice)) {
      // What others are about to take may yet be free.
      if (!others || monotonicMs() > end) return choice;
      await others;
      continue;
    }
    const seatIds = choice.seats.map((seat) => choice.board.faces[seat]?.seatId ?? '');
    const settle = deps.promised.promise(eventId, seatIds);
    try {
      const taken = await takeSeats(deps, {
        ...rest,
        eventId,
        seatIds,
        chosen: { fingerprint: request, reasons: choice.reasons },
      });
      const isLost = isRefusal(taken) && LOST.includes(taken.code);
      if (!isLost || monotonicMs() > end) return taken;
      for (const seatId of lostIn(taken, seatIds)) lost.add(seatId);
    } finally {
      settle();
    }
  }
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
  return isRefusal(seen) ? seen : pickBest(deps, seen, wish, new Set());
}

async function seeSeats(deps: Sight, eventId: string, wish: BestWish): Promise<Seen | Refusal> {
  const [event, board] = await Promise.all([deps.events.find(eventId), deps.boards.get(eventId)]);
  const closed = refuseSale(event, eventId);
  if (closed || event === undefined || board === undefined) {
    return closed ?? refused('event_not_found', `There is no event ${eventId} for sale.`);
  }
  return refuseTooMany(wish.partySize, mostSeats(deps.limits, event)) ?? { event, board };
}

function pickBest(
  deps: Sight,
  { event, board }: Seen,
  wish: BestWish,
  lost: ReadonlySet<string>,
): BestChoice | Refusal {
  const free = freeAt(board, deps.boards.nowMs());
  const withhold = (seatId: string) => {
    const seat = board.indexOf.get(seatId);
    if (seat !== undefined) free[seat] = 0;
  };
  for (const seatId of lost) withhold(seatId);
  for (const seatId of deps.promised.of(event._id).keys()) withhold(seatId);

  const seating = seatingOf(board.faces);
  const seatWish = seatWishOf(event, wish);
  const now = monotonicMs();
  for (;;) {
    const choice = chooseSeats(seating, free, seatWish);
    if (choice === undefined) return refuseUnfitting(event, seating, free, wish, seatWish);
    const seatIds = choice.seats.map((seat) => board.faces[seat]?.seatId ?? '');
    const gone = seatIds.filter((seatId) => deps.taken.refuses(seatKey(event._id, seatId), now));
    if (gone.length === 0) {
      return { event, board, seats: choice.seats, reasons: reasonsOf(seating, seatWish, choice) };
    }
    gone.forEach(withhold);
  }
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
  wish: BestWish,
  seatWish: SeatWish,
): Refusal {
  const { wished, byCategory } = roomOf(seating, free, seatWish);
  const side = wished.largestTogether;
  return refused(
    'no_fitting_seats',
    `No ${wish.partySize} seats fit the wish; ${wished.free} are free, at most ${side} side by side. ` +
      'Ask for fewer, another category or section, or a wider spread.',
    {
      free: wished.free,
      largestTogether: wished.largestTogether,
      categories: event.prices.map(({ category, priceMinor }) => ({
        category,
        priceMinor,
        ...(byCategory.get(category) ?? { free: 0, largestTogether: 0 }),
      })),
    },
  );
}
