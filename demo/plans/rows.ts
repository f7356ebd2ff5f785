/** A point on the drawing: x to the right, y downwards, in pixels. */
export type Point = { x: number; y: number };

export type Place = { number: string; category: string; at: Point };
export type Row = { label: string; places: Place[] };

/**
 * A stack of rows that look one way. Lengths are pixels, angles degrees clockwise from "up the
 * page". With a radius the rows are concentric arcs around a point that far in front of the first
 * row; without one they are straight.
 */
export type Section = {
  /** Prefix of the seats' ids. */
  code: string;
  name: string;
  /** One category, or the category that begins at each named row. */
  category: string | Record<string, string>;
  /** Middle of the front row. */
  at: Point;
  facing?: number;
  radius?: number;
  rows: number;
  /** Labels of the rows from the front; letters without I and O by default. */
  labels?: string[];
  /** Seats in the front and in the last row of each block; aisles lie between blocks. */
  blocks: [front: number, last: number][];
  pitch?: number;
  rowPitch?: number;
  aisle?: number;
  /** `odd-even` counts from the middle: 1, 3, 5 to the left and 2, 4, 6 to the right. */
  numbering?: 'rising' | 'odd-even';
  /** Numbers that are never given out: the next seat simply has the next number. */
  skip?: number[];
  /** Numbers that are lost to a pillar, by row: the place stays empty. */
  pillars?: Record<string, number[]>;
  /** Numbers of wheelchair places, by row; the neighbouring seat is the companion's. */
  wheelchair?: Record<string, number[]>;
  /** Numbers with a restricted view, by row. */
  restricted?: Record<string, number[]>;
};

export const WHEELCHAIR = 'Wheelchair';
export const COMPANION = 'Companion';
export const RESTRICTED = 'Restricted view';

const SEAT_PITCH = 24;
const ROW_PITCH = 30;
const AISLE = 40;

/** A, B, C ... without I and O, which read as 1 and 0; then AA, BB and so on. */
export function letters(count: number): string[] {
  const alphabet = [...'ABCDEFGHJKLMNPQRSTUVWXYZ'];
  return Array.from({ length: count }, (_, i) =>
    (alphabet[i % alphabet.length] ?? '').repeat(Math.floor(i / alphabet.length) + 1),
  );
}

/** 1, 2, 3 ... without the numbers in `skip`. */
export function numbers(count: number, skip: number[] = []): string[] {
  return counted(count, 1, 1, skip).map(String);
}

function counted(count: number, first: number, step: number, skip: number[]): number[] {
  const found: number[] = [];
  for (let n = first; found.length < count; n += step) if (!skip.includes(n)) found.push(n);
  return found;
}

/** The rows of a section from the front, seats from left to right as they see the stage. */
export function buildRows(section: Section): Row[] {
  const labels = section.labels ?? letters(section.rows);
  let category = typeof section.category === 'string' ? section.category : '';
  return Array.from({ length: section.rows }, (_, row) => {
    const label = labels[row] ?? String(row + 1);
    if (typeof section.category !== 'string') category = section.category[label] ?? category;
    const points = rowPoints(section, row).flat();
    const places = numberSeats(section, points.length).map((number, i) => ({
      number,
      category,
      at: points[i] ?? section.at,
    }));
    return { label, places: markPlaces(section, label, places) };
  });
}

/** The same places as boxes: each block is one box, its front seats first. */
export function buildBoxes(section: Section): Row[] {
  const lines = Array.from({ length: section.rows }, (_, row) => rowPoints(section, row));
  const category = typeof section.category === 'string' ? section.category : '';
  return numbers(section.blocks.length, section.skip).map((label, box) => ({
    label,
    places: lines
      .flatMap((blocks) => blocks[box] ?? [])
      .map((at, i) => ({ number: String(i + 1), category, at })),
  }));
}

/** Where the seats of a row are, block by block. */
function rowPoints(section: Section, row: number): Point[][] {
  const { at, radius, pitch = SEAT_PITCH, aisle = AISLE } = section;
  const angle = ((section.facing ?? 0) * Math.PI) / 180;
  const ahead = { x: Math.sin(angle), y: -Math.cos(angle) };
  const right = { x: Math.cos(angle), y: Math.sin(angle) };
  const back = row * (section.rowPitch ?? ROW_PITCH);
  const progress = section.rows > 1 ? row / (section.rows - 1) : 0;
  const counts = section.blocks.map(([front, last]) =>
    Math.round(front + (last - front) * progress),
  );
  const seats = counts.reduce((sum, n) => sum + n, 0);
  const width = seats * pitch + (counts.length - 1) * aisle;

  const onRow = (along: number): Point => {
    const bend = radius === undefined ? 0 : along / (radius + back);
    const side = radius === undefined ? along : (radius + back) * Math.sin(bend);
    const depth = radius === undefined ? back : (radius + back) * Math.cos(bend) - radius;
    return {
      x: at.x + right.x * side - ahead.x * depth,
      y: at.y + right.y * side - ahead.y * depth,
    };
  };
  let along = (pitch - width) / 2;
  return counts.map((count) => {
    const block = Array.from({ length: count }, (_, i) => onRow(along + i * pitch));
    along += count * pitch + aisle;
    return block;
  });
}

function numberSeats({ numbering, skip = [] }: Section, count: number): string[] {
  if (numbering !== 'odd-even') return numbers(count, skip);
  const left = Math.ceil(count / 2);
  const odd = counted(left, 1, 2, skip).reverse();
  return [...odd, ...counted(count - left, 2, 2, skip)].map(String);
}

function markPlaces(section: Section, row: string, places: Place[]): Place[] {
  const listed = (seats: Record<string, number[]> | undefined, place: Place) =>
    seats?.[row]?.includes(Number(place.number)) ?? false;
  for (const place of places) if (listed(section.restricted, place)) place.category = RESTRICTED;
  for (const [i, place] of places.entries()) {
    if (!listed(section.wheelchair, place)) continue;
    place.category = WHEELCHAIR;
    const neighbour = places[i + 1] ?? places[i - 1];
    if (neighbour) neighbour.category = COMPANION;
  }
  return places.filter((place) => !listed(section.pillars, place));
}

export type Fan = Omit<Section, 'at' | 'facing' | 'blocks' | 'code' | 'name' | 'radius'> & {
  /** The point all its sections look at. */
  centre: Point;
  radius: number;
  /** Facing of its two edges, in degrees. */
  from: number;
  to: number;
  /** Code and name of each wedge. */
  wedges: { code: string; name: string }[];
};

/** Cuts a fan into wedge-shaped sections with aisles between them; rows grow towards the back. */
export function fanSections(fan: Fan): Section[] {
  const { centre, from, to, wedges, ...shared } = fan;
  const { radius, rows, pitch = SEAT_PITCH, rowPitch = ROW_PITCH, aisle = AISLE } = fan;
  const step = (to - from) / wedges.length;
  const fitting = (r: number) => Math.floor(((step * Math.PI * r) / 180 - aisle) / pitch);
  return wedges.map((wedge, i) => {
    const facing = from + (i + 0.5) * step;
    const angle = (facing * Math.PI) / 180;
    return {
      ...shared,
      ...wedge,
      facing,
      at: { x: centre.x - Math.sin(angle) * radius, y: centre.y + Math.cos(angle) * radius },
      blocks: [[fitting(radius), fitting(radius + (rows - 1) * rowPitch)]],
    };
  });
}

/** Round tables, one row each: seats stand on a circle around the table's middle. */
export function buildTables(
  middles: { label: string; at: Point; category: string }[],
  seats: number,
  radius: number,
): Row[] {
  return middles.map(({ label, at, category }) => ({
    label,
    places: Array.from({ length: seats }, (_, i) => {
      const angle = ((i + 0.5) * 2 * Math.PI) / seats;
      return {
        number: String(i + 1),
        category,
        at: { x: at.x + radius * Math.sin(angle), y: at.y - radius * Math.cos(angle) },
      };
    }),
  }));
}
