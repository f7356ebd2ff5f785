import type { Position, SeatFace } from '../seat.ts';

/** What a seat is kept for. Standing places have no neighbours. */
export const KINDS = { ordinary: 0, accessible: 1, companion: 2, standing: 3 } as const;
export type Kind = (typeof KINDS)[keyof typeof KINDS];

/** Points of a view: 10,000 is the middle of a first row. */
export const MOST_POINTS = 10_000;
const POINTS_OF_ROW = 6_000;
const POINTS_OF_CENTRE = 4_000;
/** Neighbours further apart than this many usual steps of their section have an aisle between. */
const AISLE_STEPS = 1.75;

/**
 * How the seats of a plan lie to one another, worked out once a plan. All arrays go by the place
 * of a seat in the plan. A run is seats of a row side by side with no aisle or gap between.
 */
export type Seating = {
  readonly faces: readonly SeatFace[];
  readonly runStarts: Int32Array;
  /** One past the last seat of the run. */
  readonly runEnds: Int32Array;
  readonly kinds: Uint8Array;
  readonly categories: readonly string[];
  readonly categoryOf: Uint16Array;
  readonly sections: readonly string[];
  readonly sectionOf: Uint16Array;
  /** The row counted from the front of its section, from 0. */
  readonly depths: Uint16Array;
  /** Distance from the middle of the full row, in usual steps of its section, with its side. */
  readonly offsets: Float64Array;
  /** 1 in the middle of the full row, 0 at its ends, whatever is left of it. */
  readonly centralities: Float64Array;
  /** How good the view is, in points; whole numbers, so that sums are exact. */
  readonly views: Int32Array;
  /** The sum of the views before each seat, and of all at the end. */
  readonly viewSums: Float64Array;
  /** The accessible seats that a companion seat belongs to. */
  readonly companionsOf: ReadonlyMap<number, readonly number[]>;
};

type Row = { start: number; end: number; section: string; depth: number; step: number };

const known = new WeakMap<readonly SeatFace[], Seating>();

/** The seating of a plan's faces; worked out once for each list of them. */
export function seatingOf(faces: readonly SeatFace[]): Seating {
  const seating = known.get(faces) ?? readSeating(faces);
  known.set(faces, seating);
  return seating;
}

export function readSeating(faces: readonly SeatFace[]): Seating {
  const rows = readRows(faces);
  const seats = faces.length;
  const kinds = Uint8Array.from(faces, kindOf);
  const runStarts = new Int32Array(seats);
  const runEnds = new Int32Array(seats);
  const depths = new Uint16Array(seats);
  const offsets = new Float64Array(seats);
  const centralities = new Float64Array(seats);
  for (const row of rows) {
    markRuns(faces, row, runStarts, runEnds);
    depths.fill(row.depth, row.start, row.end);
  }
  for (const line of readLines(faces, rows)) measureLine(faces, line, offsets, centralities);

  const deepest = rows.reduce((most, row) => Math.max(most, row.depth), 0);
  const views = Int32Array.from(faces, (_, seat) => {
    const clear = faces[seat]?.flags.includes('restricted_view') ? 0.5 : 1;
    const front = deepest === 0 ? 1 : 1 - (depths[seat] ?? 0) / deepest;
    const points = POINTS_OF_ROW * front + POINTS_OF_CENTRE * (centralities[seat] ?? 0);
    return Math.round(points * clear);
  });
  const viewSums = new Float64Array(seats + 1);
  for (let seat = 0; seat < seats; seat += 1) {
    viewSums[seat + 1] = (viewSums[seat] ?? 0) + (views[seat] ?? 0);
  }
  const { names: categories, places: categoryOf } = numbered(faces, (face) => face.category);
  const { names: sections, places: sectionOf } = numbered(faces, (face) => face.section);
  return {
    faces,
    runStarts,
    runEnds,
    kinds,
    categories,
    categoryOf,
    sections,
    sectionOf,
    depths,
    offsets,
    centralities,
    views,
    viewSums,
    companionsOf: readCompanions(kinds, runStarts, runEnds),
  };
}

const positionOf = (face: SeatFace | undefined): Position | undefined => face?.position;

function kindOf(face: SeatFace): Kind {
  if (positionOf(face) === undefined) return KINDS.standing;
  if (face.flags.includes('accessible')) return KINDS.accessible;
  return face.flags.includes('companion') ? KINDS.companion : KINDS.ordinary;
}

function numbered(faces: readonly SeatFace[], nameOf: (face: SeatFace) => string) {
  const numbers = new Map<string, number>();
  const places = Uint16Array.from(faces, (face) => {
    const name = nameOf(face);
    const number = numbers.get(name) ?? numbers.size;
    numbers.set(name, number);
    return number;
  });
  return { names: [...numbers.keys()], places };
}

/** Rows are seats that follow one another in the plan with one section, row and floor. */
function readRows(faces: readonly SeatFace[]): Row[] {
  const rows: Row[] = [];
  const depthOf = new Map<string, Map<string, number>>();
  for (let start = 0, end = 0; start < faces.length; start = end) {
    const first = faces[start];
    if (first === undefined) break;
    while (end < faces.length && sameRow(first, faces[end])) end += 1;
    const section = JSON.stringify([first.section, positionOf(first)?.floor]);
    const ranks = depthOf.get(section) ?? new Map<string, number>();
    const depth = ranks.get(first.row) ?? ranks.size;
    depthOf.set(section, ranks.set(first.row, depth));
    rows.push({ start, end, section, depth, step: 0 });
  }
  for (const ofSection of Map.groupBy(rows, (row) => row.section).values()) {
    const step = usualStep(faces, ofSection);
    for (const row of ofSection) row.step = step;
  }
  return rows;
}

function sameRow(one: SeatFace, other: SeatFace | undefined): boolean {
  return (
    other !== undefined &&
    one.row === other.row &&
    one.section === other.section &&
    positionOf(one)?.floor === positionOf(other)?.floor
  );
}

/** The median distance of neighbours in a section. */
function usualStep(faces: readonly SeatFace[], rows: readonly Row[]): number {
  const steps = rows.flatMap(({ start, end }) =>
    Array.from({ length: end - start - 1 }, (_, n) => distance(faces, start + n, start + n + 1)),
  );
  return steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
}

function distance(faces: readonly SeatFace[], one: number, other: number): number {
  const [a, b] = [positionOf(faces[one]), positionOf(faces[other])];
  return a && b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
}

function markRuns(
  faces: readonly SeatFace[],
  row: Row,
  runStarts: Int32Array,
  runEnds: Int32Array,
): void {
  for (let start = row.start, end = row.start; start < row.end; start = end) {
    end += 1;
    while (end < row.end && isBeside(faces, end - 1, row.step)) end += 1;
    runStarts.fill(start, start, end);
    runEnds.fill(end, start, end);
  }
}

/** Whether a seat and the next of its row have neither an aisle nor a gap between them. */
function isBeside(faces: readonly SeatFace[], seat: number, step: number): boolean {
  const [one, next] = [faces[seat], faces[seat + 1]];
  if (positionOf(one) === undefined || positionOf(next) === undefined) return false;
  if (one?.flags.includes('aisle') && next?.flags.includes('aisle')) return false;
  return distance(faces, seat, seat + 1) <= step * AISLE_STEPS;
}

/**
 * Full rows: rows of one name on one floor that lie in one line of the plan, such as the left,
 * middle and right parts of row A, count as one, so that its middle is the middle of the house.
 */
function readLines(faces: readonly SeatFace[], rows: readonly Row[]): Row[][] {
  const parts = rows.map((row) => ({ row, ...extentOf(faces, row) }));
  const groups = Map.groupBy(parts, ({ row, floor }) =>
    JSON.stringify([floor, faces[row.start]?.row]),
  );
  return [...groups.values()].flatMap((group) => {
    const lines: (typeof group)[] = [];
    for (const part of group.toSorted((a, b) => a.left - b.left || a.row.start - b.row.start)) {
      const line = lines.find((one) => continues(one.at(-1), part));
      if (line) line.push(part);
      else lines.push([part]);
    }
    return lines.map((line) => line.map(({ row }) => row));
  });
}

type Extent = ReturnType<typeof extentOf> & { row: Row };

/** Whether a row goes on to the right of another, at about its height. */
function continues(last: Extent | undefined, next: Extent): boolean {
  return (
    last?.isLevel === true &&
    next.isLevel &&
    next.left > last.right &&
    next.top <= last.bottom + last.row.step &&
    next.bottom >= last.top - last.row.step
  );
}

function extentOf(faces: readonly SeatFace[], row: Row) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let seat = row.start; seat < row.end; seat += 1) {
    const { x, y } = positionOf(faces[seat]) ?? { x: 0, y: 0 };
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const floor = positionOf(faces[row.start])?.floor;
  return { left, right, top, bottom, floor, isLevel: right - left > bottom - top };
}

/** Measures each seat along the straight line from one end of the full row to the other. */
function measureLine(
  faces: readonly SeatFace[],
  line: readonly Row[],
  offsets: Float64Array,
  centralities: Float64Array,
): void {
  const seats = line.flatMap((row) =>
    Array.from({ length: row.end - row.start }, (_, n) => row.start + n),
  );
  const ends = line
    .flatMap((row) => [positionOf(faces[row.start]), positionOf(faces[row.end - 1])])
    .filter((position) => position !== undefined)
    .toSorted((a, b) => a.x - b.x || a.y - b.y);
  const [start, end] = [ends[0], ends.at(-1)];
  if (start === undefined || end === undefined) return;
  const length = Math.hypot(end.x - start.x, end.y - start.y) || 1;
  const [ux, uy] = [(end.x - start.x) / length, (end.y - start.y) / length];
  const [middleX, middleY] = [(start.x + end.x) / 2, (start.y + end.y) / 2];
  let furthest = 0;
  for (const seat of seats) {
    const { x, y } = positionOf(faces[seat]) ?? { x: middleX, y: middleY };
    const offset = (x - middleX) * ux + (y - middleY) * uy;
    offsets[seat] = offset;
    furthest = Math.max(furthest, Math.abs(offset));
  }
  const step = line[0]?.step || 1;
  for (const seat of seats) {
    const offset = offsets[seat] ?? 0;
    centralities[seat] = furthest === 0 ? 1 : 1 - Math.abs(offset) / furthest;
    offsets[seat] = offset / step;
  }
}

/** A companion seat belongs to the next accessible seat on each side, past other companions. */
function readCompanions(
  kinds: Uint8Array,
  runStarts: Int32Array,
  runEnds: Int32Array,
): Map<number, number[]> {
  const companionsOf = new Map<number, number[]>();
  kinds.forEach((kind, seat) => {
    if (kind !== KINDS.companion) return;
    const sides = [-1, 1].flatMap((direction) => {
      let at = seat + direction;
      while (kinds[at] === KINDS.companion) at += direction;
      const inRun = at >= (runStarts[seat] ?? 0) && at < (runEnds[seat] ?? 0);
      return inRun && kinds[at] === KINDS.accessible ? [at] : [];
    });
    if (sides.length > 0) companionsOf.set(seat, sides);
  });
  return companionsOf;
}
