import { KINDS, type Seating } from './seating.ts';

/** What an event's organizer asks of choices; companion seats are looked after in any event. */
export type SeatPolicy = { orphans: 'allow' | 'avoid' };

export const DEFAULT_POLICY: SeatPolicy = { orphans: 'allow' };

/** Seats of a plan by their places in it. */
export type Seats = readonly number[];

/** A choice of free seats; `own` are seats that the chooser holds already. */
export type Chosen = { seats: Seats; own?: Seats };

export type Objection = {
  rule: 'single_seat_left' | 'companion_alone';
  /** The seats that would be left alone, or the companion seats without their accessible one. */
  concerns: number[];
  /** As many seats near those asked for, by which the rule would be kept. */
  suggestion: number[];
};

/**
 * Whether a choice of free seats keeps the policy; `free` has 1 for each free seat. The first
 * objection is answered, with a choice that keeps the policy: where there is none, the rule
 * gives way and nothing is objected to.
 */
export function judgeChoice(
  seating: Seating,
  free: Uint8Array,
  policy: SeatPolicy,
  { seats, own = [] }: Chosen,
): Objection | undefined {
  const alone = companionsAlone(seating, [...seats, ...own], seats);
  if (alone.length > 0) {
    const suggestion = withoutCompanions(seating, free, seats);
    if (suggestion) return { rule: 'companion_alone', concerns: alone, suggestion };
  }
  return policy.orphans === 'avoid' ? judgeSingles(seating, free, seats) : undefined;
}

/**
 * Whether the seat `leaves` of a hold may be given back; `others` are seats that its owner keeps and
 * could as well give back instead. It is objected to where it would be a single seat and another of
 * its category would not; where there is no such other, the rule gives way. A seat that has no
 * neighbours in any case is not left alone by anybody.
 */
export function judgeDrop(
  seating: Seating,
  free: Uint8Array,
  policy: SeatPolicy,
  { leaves, others }: { leaves: number; others: Seats },
): Objection | undefined {
  const { kinds, categoryOf, runStarts, runEnds } = seating;
  const joinsNone = (seat: number) => {
    const [first, last] = [runStarts[seat] ?? 0, runEnds[seat] ?? 0];
    const isFree = (at: number) => at >= first && at < last && free[at] === 1;
    return last - first > 1 && !isFree(seat - 1) && !isFree(seat + 1);
  };
  const isOrdinary = (seat: number) => kinds[seat] === KINDS.ordinary;
  if (policy.orphans !== 'avoid' || !isOrdinary(leaves) || !joinsNone(leaves)) return undefined;
  const [instead] = others
    .filter((seat) => isOrdinary(seat) && categoryOf[seat] === categoryOf[leaves])
    .filter((seat) => !joinsNone(seat))
    .toSorted((a, b) => Math.abs(a - leaves) - Math.abs(b - leaves));
  if (instead === undefined) return undefined;
  return { rule: 'single_seat_left', concerns: [leaves], suggestion: [instead] };
}

/** Whether taking the seats from `start` to before `end` of a run leaves a seat beside them alone. */
export function leavesSingle(
  { runStarts, runEnds }: Seating,
  isFree: (seat: number) => boolean,
  start: number,
  end: number,
): boolean {
  const first = runStarts[start] ?? 0;
  const last = runEnds[start] ?? 0;
  const isLeft = (seat: number) => seat >= first && seat < last && isFree(seat);
  return (isLeft(start - 1) && !isLeft(start - 2)) || (isLeft(end) && !isLeft(end + 1));
}

/** The free seats that a choice leaves alone and that were not alone before. */
export function singlesLeft(seating: Seating, free: Uint8Array, seats: Seats): number[] {
  return gapsOf(seating, free, seats).flatMap((gap) => singlesOf(gap));
}

/** Companion seats of `seats` that come without an accessible seat they belong to. */
export function companionsAlone(seating: Seating, withSeats: Seats, seats: Seats): number[] {
  const together = new Set(withSeats);
  return seats.filter((seat) => {
    const accessible = seating.companionsOf.get(seat);
    return accessible !== undefined && !accessible.some((one) => together.has(one));
  });
}

/** Free seats side by side, as many as there are, with those of them that were chosen. */
type Gap = { start: number; end: number; chosen: number[] };

/** The gaps that a choice takes seats of; seats that are not free are passed over. */
function gapsOf({ runStarts, runEnds }: Seating, free: Uint8Array, seats: Seats): Gap[] {
  const gaps: Gap[] = [];
  for (const seat of seats.toSorted((a, b) => a - b)) {
    if (free[seat] !== 1) continue;
    const last = gaps.at(-1);
    if (last && seat < last.end) {
      last.chosen.push(seat);
      continue;
    }
    let [start, end] = [seat, seat + 1];
    while (start > (runStarts[seat] ?? 0) && free[start - 1] === 1) start -= 1;
    while (end < (runEnds[seat] ?? 0) && free[end] === 1) end += 1;
    gaps.push({ start, end, chosen: [seat] });
  }
  return gaps;
}

function singlesOf({ start, end, chosen }: Gap): number[] {
  const singles: number[] = [];
  let from = start;
  for (const seat of [...chosen, end]) {
    if (seat - from === 1) singles.push(from);
    from = seat + 1;
  }
  return singles;
}

/**
 * A gap of one seat more than are chosen in it leaves one alone, wherever they sit: its size forces
 * that. In any other gap there is a way without. Accessible seats are where they are: a choice of
 * them has no other way either.
 */
function judgeSingles(seating: Seating, free: Uint8Array, seats: Seats): Objection | undefined {
  const { kinds } = seating;
  const faulty = gapsOf(seating, free, seats).filter((gap) => {
    const spare = gap.end - gap.start - gap.chosen.length;
    const forced = spare === 1 ? 1 : 0;
    const isOrdinary = gap.chosen.every((seat) => kinds[seat] === KINDS.ordinary);
    return isOrdinary && singlesOf(gap).length > forced;
  });
  if (faulty.length === 0) return undefined;
  const moved = new Set(faulty.flatMap((gap) => gap.chosen));
  const suggestion = seats.filter((seat) => !moved.has(seat));
  const left = free.slice();
  for (const seat of suggestion) left[seat] = 0;
  for (const gap of faulty) {
    const start = nearestRun(seating, left, gap.chosen, true);
    if (start === undefined) return undefined;
    for (let seat = start; seat < start + gap.chosen.length; seat += 1) {
      suggestion.push(seat);
      left[seat] = 0;
    }
  }
  return {
    rule: 'single_seat_left',
    concerns: faulty.flatMap((gap) => singlesOf(gap)),
    suggestion: suggestion.toSorted((a, b) => a - b),
  };
}

/**
 * The nearest as many ordinary seats side by side in the categories of those asked for; `clean`
 * asks that none be left alone by it. Answers the first of them.
 */
function nearestRun(
  seating: Seating,
  free: Uint8Array,
  asked: Seats,
  clean: boolean,
): number | undefined {
  const isAsked = eligible(seating, free, asked);
  const isFree = (seat: number) => free[seat] === 1;
  const near = asked[0] ?? 0;
  let best: number | undefined;
  let length = 0;
  for (let seat = 0; seat < free.length; seat += 1) {
    if (seating.runStarts[seat] === seat) length = 0;
    length = isAsked(seat) ? length + 1 : 0;
    const start = seat - asked.length + 1;
    if (length < asked.length) continue;
    if (best !== undefined && Math.abs(start - near) >= Math.abs(best - near)) continue;
    if (!clean || !leavesSingle(seating, isFree, start, seat + 1)) best = start;
  }
  return best;
}

/** Free ordinary seats in the categories of the seats asked for. */
function eligible({ kinds, categoryOf }: Seating, free: Uint8Array, asked: Seats) {
  const categories = new Set(asked.map((seat) => categoryOf[seat]));
  return (seat: number) =>
    free[seat] === 1 && kinds[seat] === KINDS.ordinary && categories.has(categoryOf[seat]);
}

/**
 * As many ordinary seats as are asked for, side by side if possible; undefined when fewer are
 * left in their categories: then companion seats are for anyone.
 */
function withoutCompanions(seating: Seating, free: Uint8Array, asked: Seats): number[] | undefined {
  const start = nearestRun(seating, free, asked, true) ?? nearestRun(seating, free, asked, false);
  if (start !== undefined) return asked.map((_, n) => start + n);
  const isAsked = eligible(seating, free, asked);
  const near = asked[0] ?? 0;
  const nearest = Array.from(free.keys())
    .filter(isAsked)
    .toSorted((a, b) => Math.abs(a - near) - Math.abs(b - near))
    .slice(0, asked.length);
  return nearest.length === asked.length ? nearest.toSorted((a, b) => a - b) : undefined;
}
