import type { Draft } from './plan.ts';
import {
  type Problems,
  readFlags,
  readList,
  readNumber,
  readObject,
  readText,
} from './plan-reading.ts';

/**
 * Reads pretix's seating-plan JSON: zones of rows of seats, whose positions add up. Members it
 * does not know are left alone. `categoryFlags` gives the seats of a category their flags, which
 * the format has no place for.
 */
export function readPretix(input: unknown, categoryFlags: unknown, problems: Problems): Draft {
  const plan = readObject(input, 'pretix', problems);
  const flags = readCategoryFlags(categoryFlags, problems);
  const categories = readList(plan.categories, 'pretix.categories', problems).map((category, c) => {
    const at = `pretix.categories.${c}`;
    return readText(readObject(category, at, problems).name, `${at}.name`, problems);
  });
  const seats: Draft['seats'] = [];
  readList(plan.zones, 'pretix.zones', problems).forEach((value, z) => {
    const at = `pretix.zones.${z}`;
    const zone = readObject(value, at, problems);
    const section = readText(zone.name, `${at}.name`, problems);
    const zonePosition = readPosition(zone.position, `${at}.position`, problems);
    readList(zone.rows, `${at}.rows`, problems).forEach((rowValue, r) => {
      const rowAt = `${at}.rows.${r}`;
      const row = readObject(rowValue, rowAt, problems);
      const rowNumber = readName(row.row_number, `${rowAt}.row_number`, problems);
      const rowPosition = readPosition(row.position, `${rowAt}.position`, problems);
      const rowLabel = readRowLabel(row.row_label, `${rowAt}.row_label`, problems);
      readList(row.seats, `${rowAt}.seats`, problems).forEach((seatValue, s) => {
        const seatAt = `${rowAt}.seats.${s}`;
        const seat = readObject(seatValue, seatAt, problems);
        const own = readPosition(seat.position, `${seatAt}.position`, problems);
        const number = readName(seat.seat_number, `${seatAt}.seat_number`, problems);
        const category = readText(seat.category, `${seatAt}.category`, problems);
        seats.push({
          seatId: readText(seat.seat_guid, `${seatAt}.seat_guid`, problems),
          label: `${section}, ${labelOfRow(rowLabel, rowNumber)}, seat ${number}`,
          section,
          row: rowNumber,
          number,
          position: {
            x: round(zonePosition.x + rowPosition.x + own.x),
            y: round(zonePosition.y + rowPosition.y + own.y),
          },
          category,
          flags: flags.get(category) ?? [],
        });
      });
    });
  });
  return { seats, categories };
}

/** pretix puts the number where the label has `%s`, else behind it. */
function labelOfRow(label: string, number: string): string {
  return label.includes('%s')
    ? label.replace('%s', () => number)
    : `${label.toLowerCase()} ${number}`;
}

/** May be empty or missing, but not endless: labels go into offers, whose texts have a limit. */
function readRowLabel(value: unknown, at: string, problems: Problems): string {
  if (typeof value !== 'string') return 'Row';
  return value === '' ? value : readText(value, at, problems);
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

const round = (value: number) => Math.round(value * 100) / 100;
