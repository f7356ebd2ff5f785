import { leavesSingle } from './seat-policy.ts';
import { type Range, seatsOf, type Terms } from './seat-wish.ts';
import type { Seating } from './seating.ts';

/** Eligible seats side by side, as many as there are. */
type Stretch = Range & { depth: number; middle: number };

/** A way to part a party: a lower cost is better, compared member by member from the front. */
type Parting = { ranges: readonly Range[]; cost: number[] };

/** How much wider than the party a parting that is still near may be, in seats. */
const NEAR_SEATS = 8;

/**
 * Parts a party into groups that stay near one another: in one row, or in two rows one behind the
 * other, of one section. Fewest groups first, then fewest people alone, fewest seats left single,
 * the least distance, the best view and the first in the plan.
 */
export function splitNear(
  seating: Seating,
  free: Uint8Array,
  terms: Terms,
  partySize: number,
): number[] | undefined {
  const isFree = (seat: number) => free[seat] === 1;
  let best: Parting | undefined;
  for (const stretches of bandsOf(seating, terms.eligible)) {
    for (const group of groupsOf(stretches, partySize, terms.special !== undefined)) {
      if (best && !terms.special && group.length > best.ranges.length) continue;
      for (const ranges of waysToTrim(group, partySize)) {
        const cost = costOf(seating, isFree, terms, ranges);
        if (cost && (best === undefined || isLess(cost, best.cost))) best = { ranges, cost };
      }
    }
  }
  return best && seatsOf(best.ranges);
}

/** For each row of a section, and each two that follow one another, its stretches from side to side. */
function bandsOf(seating: Seating, eligible: Uint8Array): Stretch[][] {
  const sections = new Map<string, Map<number, Stretch[]>>();
  for (const stretch of stretchesOf(seating, eligible)) {
    const face = seating.faces[stretch.start];
    const name = JSON.stringify([face?.section, face?.position?.floor]);
    const rows = sections.get(name) ?? new Map<number, Stretch[]>();
    const row = rows.get(stretch.depth) ?? [];
    row.push(stretch);
    sections.set(name, rows.set(stretch.depth, row));
  }
  const fromSideToSide = (stretches: Stretch[]) => stretches.sort((a, b) => a.middle - b.middle);
  return [...sections.values()].flatMap((rows) =>
    [...rows].flatMap(([depth, row]) => {
      const behind = rows.get(depth + 1);
      return behind
        ? [fromSideToSide(row), fromSideToSide([...row, ...behind])]
        : [fromSideToSide(row)];
    }),
  );
}

function* stretchesOf(seating: Seating, eligible: Uint8Array): Generator<Stretch> {
  const { runEnds, depths, offsets } = seating;
  for (let start = 0, end = 0; start < eligible.length; start = end) {
    end = start + 1;
    if (eligible[start] === 0) continue;
    while (end < (runEnds[start] ?? 0) && eligible[end] === 1) end += 1;
    const middle = ((offsets[start] ?? 0) + (offsets[end - 1] ?? 0)) / 2;
    yield { start, end, depth: depths[start] ?? 0, middle };
  }
}

/** For each stretch, it and those beside it until there is room for the party; on one side or both. */
function* groupsOf(
  stretches: readonly Stretch[],
  partySize: number,
  bothSides: boolean,
): Generator<Stretch[]> {
  for (const inOrder of bothSides ? [stretches, stretches.toReversed()] : [stretches]) {
    for (let from = 0; from < inOrder.length; from += 1) {
      let room = 0;
      let to = from;
      while (to < inOrder.length && room < partySize) {
        const { start, end } = inOrder[to] ?? { start: 0, end: 0 };
        room += end - start;
        to += 1;
      }
      if (room >= partySize) yield inOrder.slice(from, to);
    }
  }
}

/** Leaves out what is too much, at either end of a stretch that keeps a seat at least. */
function* waysToTrim(group: readonly Stretch[], partySize: number): Generator<readonly Range[]> {
  const spare = group.reduce((room, { start, end }) => room + end - start, 0) - partySize;
  if (spare === 0) yield group;
  else {
    for (const one of group) {
      if (one.end - one.start <= spare) continue;
      for (const trimmed of [
        { start: one.start + spare, end: one.end },
        { start: one.start, end: one.end - spare },
      ]) {
        yield group.map((other) => (other === one ? trimmed : other));
      }
    }
  }
}

/** Undefined when the party would not be near or would miss what it needs. */
function costOf(
  seating: Seating,
  isFree: (seat: number) => boolean,
  terms: Terms,
  ranges: readonly Range[],
): number[] | undefined {
  const { offsets, depths, viewSums } = seating;
  if (terms.special?.satisfies(ranges) === false) return undefined;
  let [left, right, alone, singles, view, size, first] = [
    Infinity,
    -Infinity,
    0,
    0,
    0,
    0,
    Infinity,
  ];
  for (const { start, end } of ranges) {
    const [one, other] = [offsets[start] ?? 0, offsets[end - 1] ?? 0];
    left = Math.min(left, one, other);
    right = Math.max(right, one, other);
    if (end - start === 1) alone += 1;
    if (leavesSingle(seating, isFree, start, end)) singles += 1;
    view += (viewSums[end] ?? 0) - (viewSums[start] ?? 0);
    size += end - start;
    first = Math.min(first, start);
  }
  if (right - left + 1 > size + NEAR_SEATS) return undefined;
  const rows = ranges.some(({ start }) => depths[start] !== depths[first]) ? 1 : 0;
  const surplus = terms.special?.surplus(ranges) ?? 0;
  return [surplus, ranges.length, alone, singles, right - left + rows, -view, first];
}

function isLess(cost: readonly number[], other: readonly number[]): boolean {
  const place = cost.findIndex((one, n) => one !== other[n]);
  return place >= 0 && (cost[place] ?? 0) < (other[place] ?? 0);
}
