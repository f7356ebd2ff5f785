import {
  type Problems,
  readFlags,
  readList,
  readNumber,
  readObject,
  readText,
} from './plan-reading.ts';
import { readPretix } from './pretix.ts';
import type { SeatFace } from './seat.ts';

/** A venue's seats in their own order, and the categories that prices are set for. */
export type Plan = {
  seats: SeatFace[];
  categories: string[];
  /** The imported file as it came, for lossless export. */
  original: string | null;
};

export const MOST_SEATS = 25_000;
const MOST_PROBLEMS = 50;

/** Seats of a plan before they are numbered in order and checked against one another. */
export type Draft = { seats: Omit<SeatFace, 'order'>[]; categories: string[] };

/**
 * Reads a plan in one of three forms: `{ pretix }`, `{ sections, categories }` or `{ seatCount }`.
 * Answers the plan, or everything that is wrong with it (50 problems at most).
 */
export function readPlan(input: Record<string, unknown>): Plan | { problems: string[] } {
  const problems: Problems = [];
  const forms = ['pretix', 'sections', 'seatCount'].filter((name) => input[name] !== undefined);
  if (forms.length !== 1) {
    return { problems: ['Give exactly one of pretix, sections and seatCount.'] };
  }
  const draft =
    input.pretix !== undefined
      ? readPretix(input.pretix, input.categoryFlags, problems)
      : input.sections !== undefined
        ? readSections(input, problems)
        : readCount(input.seatCount, problems);
  checkSeats(draft, problems);
  if (problems.length > 0) return { problems: problems.slice(0, MOST_PROBLEMS) };
  return {
    seats: draft.seats.map((seat, order) => ({ ...seat, order })),
    categories: [...new Set(draft.seats.map((seat) => seat.category))],
    original: input.pretix === undefined ? null : JSON.stringify(input.pretix),
  };
}

function checkSeats(draft: Draft, problems: Problems): void {
  if (draft.seats.length === 0 && problems.length === 0) problems.push('The plan has no seats.');
  if (draft.seats.length > MOST_SEATS) {
    problems.push(`The plan has ${draft.seats.length} seats; ${MOST_SEATS} is the most.`);
  }
  const known = new Set(draft.categories);
  const seen = new Set<string>();
  for (const seat of draft.seats) {
    if (seen.has(seat.seatId)) problems.push(`The seat id ${seat.seatId} is there twice.`);
    seen.add(seat.seatId);
    if (seat.seatId.length < 1 || seat.seatId.length > 64) {
      problems.push(`The seat id "${seat.seatId}" must have 1 to 64 characters.`);
    }
    if (!known.has(seat.category)) {
      problems.push(
        `Seat ${seat.seatId} is of category "${seat.category}", which is not declared.`,
      );
    }
    if (problems.length >= MOST_PROBLEMS) return;
  }
}

function readCount(value: unknown, problems: Problems): Draft {
  const count = readNumber(value, 'seatCount', problems);
  if (!Number.isInteger(count) || count < 1 || count > MOST_SEATS) {
    problems.push(`seatCount must be a whole number from 1 to ${MOST_SEATS}.`);
    return { seats: [], categories: ['General'] };
  }
  const perRow = Math.ceil(Math.sqrt(count));
  const seats = Array.from({ length: count }, (_, index) => {
    const number = String(index + 1);
    return {
      seatId: `GENERAL-${number}`,
      label: `Seat ${number}`,
      section: 'General',
      row: String(Math.floor(index / perRow) + 1),
      number,
      position: { x: index % perRow, y: Math.floor(index / perRow) },
      category: 'General',
      flags: [],
    };
  });
  return { seats, categories: ['General'] };
}

function readSections(input: Record<string, unknown>, problems: Problems): Draft {
  const categories = readList(input.categories, 'categories', problems).map((value, index) =>
    readText(value, `categories.${index}`, problems),
  );
  const seats: Draft['seats'] = [];
  readList(input.sections, 'sections', problems).forEach((section, s) => {
    const at = `sections.${s}`;
    const { name, rows } = readObject(section, at, problems, ['name', 'rows']);
    const sectionName = readText(name, `${at}.name`, problems);
    readList(rows, `${at}.rows`, problems).forEach((row, r) => {
      const rowAt = `${at}.rows.${r}`;
      const members = readObject(row, rowAt, problems, ['name', 'seats']);
      const rowName = readText(members.name, `${rowAt}.name`, problems);
      readList(members.seats, `${rowAt}.seats`, problems).forEach((seat, n) => {
        seats.push(readSeat(seat, `${rowAt}.seats.${n}`, sectionName, rowName, problems));
      });
    });
  });
  return { seats, categories };
}

const SEAT_MEMBERS = ['seatId', 'number', 'x', 'y', 'floor', 'category', 'flags'];

function readSeat(
  value: unknown,
  at: string,
  section: string,
  row: string,
  problems: Problems,
): Draft['seats'][number] {
  const seat = readObject(value, at, problems, SEAT_MEMBERS);
  const number = readText(seat.number, `${at}.number`, problems);
  const seatId =
    seat.seatId === undefined
      ? [section, row, number].join('-').replaceAll(/\s+/g, '-')
      : readText(seat.seatId, `${at}.seatId`, problems);
  const floor = seat.floor;
  return {
    seatId,
    label: `${section}, row ${row}, seat ${number}`,
    section,
    row,
    number,
    position: {
      x: readNumber(seat.x, `${at}.x`, problems),
      y: readNumber(seat.y, `${at}.y`, problems),
      ...(floor !== undefined && { floor: readText(floor, `${at}.floor`, problems) }),
    },
    category: readText(seat.category, `${at}.category`, problems),
    flags: readFlags(seat.flags, `${at}.flags`, problems),
  };
}
