import { createHash } from 'node:crypto';
import { buildBoxes, buildRows, type Point, type Row, type Section } from './rows.ts';

/** The part of pretix's seating-plan JSON that the demo's plans use. */
export type SeatingPlan = {
  name: string;
  categories: { name: string; color: string }[];
  zones: SeatingZone[];
  size: { width: number; height: number };
};
export type SeatingZone = {
  name: string;
  zone_id: string;
  uuid: string;
  position: Point;
  rows: SeatingRow[];
  areas: SeatingArea[];
};
export type SeatingRow = {
  row_number: string;
  row_label?: string;
  row_number_position: 'start' | 'both' | null;
  uuid: string;
  position: Point;
  seats: SeatingSeat[];
};
export type SeatingSeat = {
  seat_guid: string;
  seat_number: string;
  position: Point;
  category: string;
};
export type SeatingArea = {
  shape: 'rectangle';
  uuid: string;
  position: Point;
  rotation: number;
  color: string;
  border_color: string;
  rectangle: { width: number; height: number };
  text: { text: string; color: string; size: number; position: Point };
};

/** A named part of the house, drawn in absolute coordinates. */
export type Part = { code: string; name: string; rows: Row[]; rowLabel?: string };
export type Stage = { text: string; at: Point; width: number; height: number };
export type Layout = { stage: Stage; parts: Part[] };

const MARGIN = 60;

export const seated = (section: Section): Part => ({
  code: section.code,
  name: section.name,
  rows: buildRows(section),
});

export const boxed = (section: Section): Part => ({
  code: section.code,
  name: section.name,
  rows: buildBoxes(section),
  rowLabel: 'Box %s',
});

/**
 * Writes a layout as a pretix seating plan. A seat's place on the drawing is the sum of its own,
 * its row's and its zone's position. The drawing is moved so that it begins at the margin.
 */
export function buildSeatingPlan(
  name: string,
  categories: { name: string; color: string }[],
  { stage, parts }: Layout,
): SeatingPlan {
  const corner = { x: stage.at.x + stage.width, y: stage.at.y + stage.height };
  const seats = parts.flatMap((part) => part.rows.flatMap((row) => row.places.map((p) => p.at)));
  const [left, right] = extent([stage.at.x, corner.x, ...seats.map((p) => p.x)]);
  const [top, bottom] = extent([stage.at.y, corner.y, ...seats.map((p) => p.y)]);
  const move = (p: Point) => ({ x: p.x - left + MARGIN, y: p.y - top + MARGIN });
  const zones = parts.map((part) => buildZone(name, part, move));
  const [first] = zones;
  first?.areas.push(buildStage(name, stage, between(first.position, move(stage.at))));
  return {
    name,
    categories: categories.map(({ name, color }) => ({ name, color })),
    zones,
    size: {
      width: Math.ceil(right - left + 2 * MARGIN),
      height: Math.ceil(bottom - top + 2 * MARGIN),
    },
  };
}

function buildZone(plan: string, part: Part, move: (p: Point) => Point): SeatingZone {
  const position = rounded(move(part.rows[0]?.places[0]?.at ?? { x: 0, y: 0 }));
  const rows = part.rows.map(({ label, places }): SeatingRow => {
    const start = rounded(move(places[0]?.at ?? { x: 0, y: 0 }));
    return {
      row_number: label,
      ...(part.rowLabel && { row_label: part.rowLabel }),
      row_number_position: part.rowLabel ? null : places.length > 15 ? 'both' : 'start',
      uuid: stableUuid(`${plan}/${part.code}/${label}`),
      position: between(position, start),
      seats: places.map((place) => ({
        seat_guid: `${part.code}-${label}-${place.number}`,
        seat_number: place.number,
        position: between(start, move(place.at)),
        category: place.category,
      })),
    };
  });
  const uuid = stableUuid(`${plan}/${part.code}`);
  return { name: part.name, zone_id: part.code, uuid, position, rows, areas: [] };
}

function buildStage(plan: string, { text, width, height }: Stage, position: Point): SeatingArea {
  return {
    shape: 'rectangle',
    uuid: stableUuid(`${plan}/stage`),
    position,
    rotation: 0,
    color: '#e5e7eb',
    border_color: '#6b7280',
    rectangle: { width, height },
    text: { text, color: '#374151', size: 24, position: { x: width / 2, y: height / 2 } },
  };
}

/** The smallest and the greatest; spread arguments would overflow the stack for a full arena. */
function extent(values: number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

const tenth = (n: number) => Math.round(n * 10) / 10;
const rounded = (p: Point): Point => ({ x: tenth(p.x), y: tenth(p.y) });
const between = (from: Point, to: Point) => rounded({ x: to.x - from.x, y: to.y - from.y });

/** The format asks for version 4, which is random; a digest in that form keeps files the same. */
function stableUuid(path: string): string {
  const hex = createHash('sha256').update(path).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
