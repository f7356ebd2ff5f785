import type { SeatChoice } from './best-available.ts';
import { candidatesOf, placeAmong, startsOf } from './candidates.ts';
import { type SeatWish, type Spread, termsOf } from './seat-wish.ts';
import { KINDS, MOST_POINTS, type Seating } from './seating.ts';

/** Why a party was given its seats, as it is told. */
export type ChoiceReasons = {
  spread: Spread;
  leavesSingle: boolean;
  /** How good the view is on average: 100 is the middle of a first row. */
  score: number;
  /** Place among all choices side by side that the empty house would have for the same wish. */
  rank?: { place: number; of: number };
  groups: {
    section: string;
    row: string;
    /** 1 is the first row of the section. */
    rowFromFront: number;
    /** 1 is the middle of the full row, 0 its end. */
    centrality: number;
    seatIds: string[];
  }[];
};

export function reasonsOf(seating: Seating, wish: SeatWish, choice: SeatChoice): ChoiceReasons {
  const { faces, runStarts, depths, centralities, views } = seating;
  const groups: number[][] = [];
  for (const seat of choice.seats) {
    const last = groups.at(-1)?.at(-1);
    const goesOn = last === seat - 1 && runStarts[last] === runStarts[seat];
    if (goesOn) groups.at(-1)?.push(seat);
    else groups.push([seat]);
  }
  const mean = (of: readonly number[], values: { readonly [seat: number]: number }) =>
    of.reduce((sum, seat) => sum + (values[seat] ?? 0), 0) / of.length;
  const rank = choice.spread === 'adjacent' ? rankOf(seating, wish, choice.seats) : undefined;
  return {
    spread: choice.spread,
    leavesSingle: choice.leavesSingle,
    score: Math.round((mean(choice.seats, views) / MOST_POINTS) * 1_000) / 10,
    ...(rank && { rank }),
    groups: groups.map((group) => ({
      section: faces[group[0] ?? 0]?.section ?? '',
      row: faces[group[0] ?? 0]?.row ?? '',
      rowFromFront: (depths[group[0] ?? 0] ?? 0) + 1,
      centrality: Math.round(mean(group, centralities) * 100) / 100,
      seatIds: group.map((seat) => faces[seat]?.seatId ?? ''),
    })),
  };
}

/** The place of a choice among all that the empty house would have side by side. */
function rankOf(
  seating: Seating,
  wish: SeatWish,
  seats: readonly number[],
): { place: number; of: number } {
  const view = seats.reduce((sum, seat) => sum + (seating.views[seat] ?? 0), 0);
  const candidates = candidatesOf(seating, wish);
  if (candidates) return { place: placeAmong(candidates, view), of: candidates.starts.length };
  const { viewSums } = seating;
  let [place, of] = [1, 0];
  for (const start of startsOf(seating, wish)) {
    of += 1;
    if ((viewSums[start + wish.partySize] ?? 0) - (viewSums[start] ?? 0) > view) place += 1;
  }
  return { place, of };
}

/** What would be possible where nothing fits: free seats and the most side by side. */
export type Room = { free: number; largestTogether: number };

/** The room by category, of ordinary seats, and within the wish as a whole. */
export function roomOf(
  seating: Seating,
  free: Uint8Array,
  wish: SeatWish,
): { wished: Room; byCategory: Map<string, Room> } {
  const { kinds, categoryOf, categories } = seating;
  const { eligible } = termsOf(seating, free, wish);
  const wished = measure(seating, (seat) => (eligible[seat] === 1 ? 0 : undefined));
  const ofCategory = measure(seating, (seat) =>
    free[seat] === 1 && kinds[seat] === KINDS.ordinary ? categoryOf[seat] : undefined,
  );
  const none = { free: 0, largestTogether: 0 };
  return {
    wished: wished.get(0) ?? none,
    byCategory: new Map(categories.map((name, number) => [name, ofCategory.get(number) ?? none])),
  };
}

/** Counts the seats of each group and the longest of its stretches; undefined is no group. */
function measure(
  { faces, runStarts }: Seating,
  groupOf: (seat: number) => number | undefined,
): Map<number, Room> {
  const rooms = new Map<number, Room>();
  let last: number | undefined;
  let length = 0;
  for (let seat = 0; seat < faces.length; seat += 1) {
    const group = groupOf(seat);
    length = group === last && runStarts[seat] !== seat ? length + 1 : 1;
    last = group;
    if (group === undefined) continue;
    const room = rooms.get(group) ?? { free: 0, largestTogether: 0 };
    room.free += 1;
    room.largestTogether = Math.max(room.largestTogether, length);
    rooms.set(group, room);
  }
  return rooms;
}
