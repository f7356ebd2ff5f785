import type { Draft, DraftSeat, PlanRow, PlanSection } from './plan.ts';
import {
  type Problems,
  readFlags,
  readLabel,
  readList,
  readNumber,
  readObject,
  readText,
  round,
} from './plan-reading.ts';
import { labelOf, readStanding } from './plan-sections.ts';
import { readNote, type ZoneNote } from './pretix-note.ts';

/**
 * Reads pretix's seating-plan JSON: zones of rows of seats, whose positions add up. Members it
 * does not know are left alone. `categoryFlags` gives the seats of a category their flags, which
 * the format has no place for; an export of ours says them, floors and standing room in a note.
 */
export function readPretix(input: unknown, categoryFlags: unknown, problems: Problems): Draft {
  const plan = readObject(input, 'pretix', problems);
  const flags = readCategoryFlags(categoryFlags, problems);
  const draft: Draft = {
    seats: [],
    sections: [],
    categories: readList(plan.categories, 'pretix.categories', problems).map((category, c) => {
      const at = `pretix.categories.${c}`;
      return readText(readObject(category, at, problems).name, `${at}.name`, problems);
    }),
  };
  readList(plan.zones, 'pretix.zones', problems).forEach((value, z) => {
    const at = `pretix.zones.${z}`;
    const zone = readObject(value, at, problems);
    const note = readNote(zone.areas, at, problems);
    const { section, seats } =
      note?.standing === undefined
        ? readZone(zone, at, { index: z, flags, note }, problems)
        : readStanding({ name: zone.name, ...note.standing }, at, problems);
    draft.sections.push(section);
    for (const seat of seats) draft.seats.push(seat);
  });
  return draft;
}

type Known = { index: number; flags: Map<string, string[]>; note: ZoneNote | undefined };

function readZone(
  zone: Record<string, unknown>,
  at: string,
  { index, flags, note }: Known,
  problems: Problems,
): { section: PlanSection; seats: DraftSeat[] } {
  const name =
    zone.name === undefined ? `Zone ${index + 1}` : readText(zone.name, `${at}.name`, problems);
  const corner = readPosition(zone.position, `${at}.position`, problems);
  const seats: DraftSeat[] = [];
  const rows = readList(zone.rows, `${at}.rows`, problems).map((rowValue, r): PlanRow => {
    const rowAt = `${at}.rows.${r}`;
    const given = readObject(rowValue, rowAt, problems);
    const row = readRow(given, rowAt, note?.curves?.[r], problems);
    const start =
      given.position === undefined
        ? { x: 0, y: 0 }
        : readPosition(given.position, `${rowAt}.position`, problems);
    const list = readList(given.seats, `${rowAt}.seats`, problems);
    list.forEach((seatValue, s) => {
      const seatAt = `${rowAt}.seats.${s}`;
      const seat = readObject(seatValue, seatAt, problems);
      const own = readPosition(seat.position, `${seatAt}.position`, problems);
      const number = readName(seat.seat_number, `${seatAt}.seat_number`, problems);
      const category = readText(seat.category, `${seatAt}.category`, problems);
      const seatId = readText(seat.seat_guid, `${seatAt}.seat_guid`, problems);
      const floor = note?.seats?.[seatId]?.floor ?? note?.floor;
      seats.push({
        seatId,
        label: labelOf(name, row, number),
        section: name,
        row: row.name,
        number,
        position: {
          x: round(corner.x + start.x + own.x),
          y: round(corner.y + start.y + own.y),
          ...(floor !== undefined && { floor }),
        },
        category,
        flags: note?.seats?.[seatId]?.flags ?? flags.get(category) ?? [],
      });
    });
    return { ...row, seats: list.length };
  });
  const floor = note?.floor;
  return {
    section: { name, kind: 'seated', seats: seats.length, rows, ...(floor && { floor }) },
    seats,
  };
}

function readRow(
  given: Record<string, unknown>,
  at: string,
  curve: number | null | undefined,
  problems: Problems,
): PlanRow {
  // The format has null for none.
  const label = readLabel(given.row_label ?? undefined, `${at}.row_label`, problems);
  const seatLabel = readLabel(given.seat_label ?? undefined, `${at}.seat_label`, problems);
  const labelAt = given.row_number_position;
  return {
    name: readName(given.row_number, `${at}.row_number`, problems),
    seats: 0,
    ...(label !== undefined && { label }),
    ...(seatLabel !== undefined && { seatLabel }),
    ...((labelAt === 'start' || labelAt === 'end' || labelAt === 'both') && { labelAt }),
    ...(typeof curve === 'number' && { curve }),
  };
}

function readPosition(value: unknown, at: string, problems: Problems): { x: number; y: number } {
  const { x, y } = readObject(value, at, problems);
  return { x: readNumber(x, `${at}.x`, problems), y: readNumber(y, `${at}.y`, problems) };
}

/** Rows and seats are named by text; some editors write plain numbers. */
function readName(value: unknown, at: string, problems: Problems): string {
  return typeof value === 'number' ? String(value) : readText(value, at, problems);
}

function readCategoryFlags(value: unknown, problems: Problems): Map<string, string[]> {
  if (value === undefined) return new Map();
  return new Map(
    Object.entries(readObject(value, 'categoryFlags', problems)).map(([category, flags]) => [
      category,
      readFlags(flags, `categoryFlags.${category}`, problems),
    ]),
  );
}
