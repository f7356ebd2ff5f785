import type { SeatFace } from '../seat.ts';
import { type Plan, type PlanSection, seatsByRow } from './plan.ts';
import {
  type Problems,
  readFlags,
  readList,
  readNumber,
  readObject,
  readText,
} from './plan-reading.ts';

/**
 * What our plans say and pretix's format has no place for. It travels as the `uuid` of an area
 * without a shape, one a zone: the format's schema allows that and nothing of it is drawn.
 */
export type ZoneNote = {
  floor?: string;
  /** Of standing room, whose places are no seats there; the members of our own form. */
  standing?: Record<string, unknown>;
  /** By row; null where a row has none. */
  curves?: (number | null)[];
  /** Flags, and a floor other than the zone's, by seat id. */
  seats?: Record<string, { flags?: string[]; floor?: string }>;
};

const PREFIX = 'holdfast-1:';

/** Colours of categories in the order of the plan: the viewers of the format want some. */
const COLOURS = ['#3b82f6', '#f59e0b', '#10b981', '#ef4444', '#8b5cf6', '#14b8a6', '#64748b'];

/** The note among the areas of a zone, if one of ours is there. */
export function readNote(areas: unknown, at: string, problems: Problems): ZoneNote | undefined {
  if (!Array.isArray(areas)) return undefined;
  for (const area of areas) {
    const uuid: unknown = area?.uuid;
    if (typeof uuid !== 'string' || !uuid.startsWith(PREFIX)) continue;
    try {
      return checkNote(JSON.parse(uuid.slice(uuid.indexOf('{'))), `${at}.note`, problems);
    } catch {
      problems.push(`${at} has a note of an export from here that was damaged: export it again.`);
    }
  }
  return undefined;
}

/** Files come from anywhere: a note is read as carefully as the rest. */
function checkNote(value: unknown, at: string, problems: Problems): ZoneNote {
  const note = readObject(value, at, problems, ['floor', 'standing', 'curves', 'seats']);
  const floorOf = (floor: unknown, where: string) =>
    floor !== undefined && { floor: readText(floor, `${where}.floor`, problems) };
  return {
    ...floorOf(note.floor, at),
    ...(note.standing !== undefined && {
      standing: readObject(note.standing, `${at}.standing`, problems),
    }),
    ...(note.curves !== undefined && {
      curves: readList(note.curves, `${at}.curves`, problems).map((curve, r) =>
        curve === null ? null : readNumber(curve, `${at}.curves.${r}`, problems),
      ),
    }),
    ...(note.seats !== undefined && {
      seats: Object.fromEntries(
        Object.entries(readObject(note.seats, `${at}.seats`, problems)).map(([seatId, seat]) => {
          const where = `${at}.seats.${seatId}`;
          const { flags, floor } = readObject(seat, where, problems, ['flags', 'floor']);
          const own = flags !== undefined && { flags: readFlags(flags, where, problems) };
          return [seatId, { ...own, ...floorOf(floor, where) }];
        }),
      ),
    }),
  };
}

/**
 * Writes a plan as pretix's seating-plan JSON. One that was imported is its file as it came; of
 * any other an import gives the same seats again.
 */
export function writePretix(name: string, plan: Plan): string {
  if (plan.original !== null) return plan.original;
  const places = plan.seats.flatMap((seat) => seat.position ?? []);
  const boxes = plan.sections.flatMap(({ box }) =>
    box ? [{ x: box.x + box.width, y: box.y + box.height }] : [],
  );
  const farthest = (side: 'x' | 'y') =>
    [...places, ...boxes].reduce((most, place) => Math.max(most, place[side]), 0);
  return JSON.stringify({
    name,
    categories: plan.categories.map((category, index) => ({
      name: category,
      color: COLOURS[index % COLOURS.length],
    })),
    zones: seatsByRow(plan).map(({ section, seats, rows }, index) => ({
      name: section.name,
      position: { x: 0, y: 0 },
      rows: rows.map(({ row, seats: own }) => ({
        row_number: row.name,
        ...(row.label !== undefined && { row_label: row.label }),
        ...(row.seatLabel !== undefined && { seat_label: row.seatLabel }),
        row_number_position: row.labelAt ?? null,
        position: { x: 0, y: 0 },
        seats: own.map(({ seatId, number, position, category }) => ({
          seat_guid: seatId,
          seat_number: number,
          position: { x: position?.x ?? 0, y: position?.y ?? 0 },
          category,
        })),
      })),
      areas: [...drawArea(section), ...writeNote(index, section, seats)],
    })),
    size: { width: Math.ceil(farthest('x')) + 1, height: Math.ceil(farthest('y')) + 1 },
  });
}

function drawArea({ name, box }: PlanSection) {
  if (box === undefined) return [];
  const [width, height] = [Math.round(box.width), Math.round(box.height)];
  return [
    {
      shape: 'rectangle',
      position: { x: box.x, y: box.y },
      rotation: 0,
      color: '#e5e7eb',
      border_color: '#9ca3af',
      rectangle: { width, height },
      text: { text: name, position: { x: box.width / 2, y: box.height / 2 } },
    },
  ];
}

/** With the zone's place, as no two objects of a file may have one uuid. */
function writeNote(index: number, section: PlanSection, seats: readonly SeatFace[]) {
  const note =
    section.kind === 'standing' ? noteStanding(section, seats) : noteSeated(section, seats);
  if (Object.keys(note).length === 0) return [];
  return [{ uuid: `${PREFIX}${index}:${JSON.stringify(note)}`, position: { x: 0, y: 0 } }];
}

function noteStanding(section: PlanSection, seats: readonly SeatFace[]): ZoneNote {
  const { category, flags } = seats[0] ?? { category: '', flags: [] };
  const { floor, box } = section;
  return {
    standing: {
      ...(floor !== undefined && { floor }),
      capacity: seats.length,
      category,
      flags,
      ...(box && { box }),
    },
  };
}

function noteSeated({ floor, rows }: PlanSection, seats: readonly SeatFace[]): ZoneNote {
  const own = seats.flatMap(({ seatId, flags, position }) => {
    const other = position?.floor !== undefined && position.floor !== floor;
    const said = {
      ...(flags.length > 0 && { flags }),
      ...(other && { floor: position.floor }),
    };
    return Object.keys(said).length > 0 ? [[seatId, said] as const] : [];
  });
  return {
    ...(floor !== undefined && { floor }),
    ...(rows.some((row) => row.curve !== undefined) && {
      curves: rows.map((row) => row.curve ?? null),
    }),
    ...(own.length > 0 && { seats: Object.fromEntries(own) }),
  };
}
