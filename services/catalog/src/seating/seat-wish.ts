import { companionsAlone } from './seat-policy.ts';
import { KINDS, type Seating } from './seating.ts';

/** How far a party may be parted, from not at all to wherever there are seats. */
export const SPREADS = ['adjacent', 'near', 'scattered'] as const;
export type Spread = (typeof SPREADS)[number];

/** What a party looks for. */
export type SeatWish = {
  partySize: number;
  /** Categories it may sit in; undefined is any. */
  categories?: ReadonlySet<string>;
  section?: string;
  /** A flag for each seat that must have it: `['accessible']` is one accessible seat. */
  needs: readonly string[];
  /** The furthest it lets itself be parted. */
  spread: Spread;
};

/** Places in the plan from `start` to before `end`. */
export type Range = { start: number; end: number };

export const seatsOf = (ranges: readonly Range[]): number[] =>
  ranges
    .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, n) => start + n))
    .sort((a, b) => a - b);

/** What a wish comes to in a plan: which seats may be given, and what a choice must have. */
export type Terms = {
  /** 1 for each seat that is free and may be given to this party. */
  eligible: Uint8Array;
  special?: SpecialTerms;
};

/** For a party that needs certain seats. */
export type SpecialTerms = {
  /** Whether seats have what the party needs, and companions sit by their accessible seat. */
  satisfies: (ranges: readonly Range[]) => boolean;
  /** How many accessible seats a choice has beyond those needed; fewer is better. */
  surplus: (ranges: readonly Range[]) => number;
};

/**
 * Accessible seats and their companions are for parties that need them; others get them only once
 * fewer ordinary seats are left in their categories than they are.
 */
export function termsOf(seating: Seating, free: Uint8Array, wish: SeatWish): Terms {
  const { kinds, categoryOf, sectionOf } = seating;
  const isIn = Uint8Array.from(seating.categories, (name) =>
    !wish.categories || wish.categories.has(name) ? 1 : 0,
  );
  const section = wish.section === undefined ? -1 : seating.sections.indexOf(wish.section);
  const needsThem = wish.needs.includes('accessible') || wish.needs.includes('companion');
  let ordinary = 0;
  for (let seat = 0; seat < free.length; seat += 1) {
    if (free[seat] === 1 && kinds[seat] === KINDS.ordinary)
      ordinary += isIn[categoryOf[seat] ?? 0] ?? 0;
  }
  const most = needsThem || ordinary < wish.partySize ? KINDS.companion : KINDS.ordinary;
  const eligible = new Uint8Array(free.length);
  for (let seat = 0; seat < free.length; seat += 1) {
    const fits =
      free[seat] === 1 &&
      (kinds[seat] ?? 0) <= most &&
      isIn[categoryOf[seat] ?? 0] === 1 &&
      (wish.section === undefined || sectionOf[seat] === section);
    if (fits) eligible[seat] = 1;
  }
  if (wish.needs.length === 0) return { eligible };
  return { eligible, special: specialTerms(seating, wish.needs, needsThem) };
}

function specialTerms(
  seating: Seating,
  needs: readonly string[],
  needsThem: boolean,
): SpecialTerms {
  const counts = [...Map.groupBy(needs, (flag) => flag)].map(([flag, { length: least }]) => ({
    least,
    before: countBefore(seating, flag),
  }));
  const accessible = needs.filter((flag) => flag === 'accessible').length;
  const accessibleBefore = countBefore(seating, 'accessible');
  return {
    satisfies: (ranges) =>
      counts.every(({ least, before }) => countIn(before, ranges) >= least) &&
      !(needsThem && companionsAlone(seating, seatsOf(ranges), seatsOf(ranges)).length > 0),
    surplus: (ranges) =>
      needsThem ? Math.max(0, countIn(accessibleBefore, ranges) - accessible) : 0,
  };
}

/** How many seats before each place have a flag, and of all at the end. */
function countBefore({ faces }: Seating, flag: string): Uint32Array {
  const before = new Uint32Array(faces.length + 1);
  faces.forEach(({ flags }, seat) => {
    before[seat + 1] = (before[seat] ?? 0) + (flags.includes(flag) ? 1 : 0);
  });
  return before;
}

function countIn(before: Uint32Array, ranges: readonly Range[]): number {
  let count = 0;
  for (const { start, end } of ranges) count += (before[end] ?? 0) - (before[start] ?? 0);
  return count;
}
