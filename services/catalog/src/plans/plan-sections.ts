import {
  type Draft,
  type DraftSeat,
  MOST_SEATS,
  type Plan,
  type PlanRow,
  type PlanSection,
  seatsByRow,
} from './plan.ts';
import {
  nameBy,
  type Problems,
  readCoordinate,
  readFlags,
  readLabel,
  readList,
  readNumber,
  readObject,
  readText,
} from './plan-reading.ts';

const SEATED_MEMBERS = ['name', 'kind', 'floor', 'rows'];
const STANDING_MEMBERS = ['name', 'kind', 'floor', 'capacity', 'category', 'flags', 'box'];
const ROW_MEMBERS = ['name', 'label', 'seatLabel', 'labelAt', 'curve', 'seats'];
const SEAT_MEMBERS = ['seatId', 'number', 'x', 'y', 'floor', 'category', 'flags'];
const LABEL_PLACES = ['start', 'end', 'both'] as const;

/** Reads our own form: sections of rows of seats, or of standing room. */
export function readSections(input: Record<string, unknown>, problems: Problems): Draft {
  const draft: Draft = {
    seats: [],
    sections: [],
    categories: readList(input.categories, 'categories', problems).map((value, index) =>
      readText(value, `categories.${index}`, problems),
    ),
  };
  readList(input.sections, 'sections', problems).forEach((value, s) => {
    const at = `sections.${s}`;
    const { kind } = readObject(value, at, problems);
    if (kind !== undefined && kind !== 'seated' && kind !== 'standing') {
      problems.push(`${at}.kind must be seated or standing.`);
    }
    const { section, seats } =
      kind === 'standing'
        ? readStanding(readObject(value, at, problems, STANDING_MEMBERS), at, problems)
        : readSeated(readObject(value, at, problems, SEATED_MEMBERS), at, problems);
    draft.sections.push(section);
    for (const seat of seats) draft.seats.push(seat);
  });
  return draft;
}

type Part = { section: PlanSection; seats: DraftSeat[] };

function readSeated(members: Record<string, unknown>, at: string, problems: Problems): Part {
  const name = readText(members.name, `${at}.name`, problems);
  const floor = readFloor(members.floor, `${at}.floor`, problems);
  const seats: DraftSeat[] = [];
  const rows = readList(members.rows, `${at}.rows`, problems).map((value, r): PlanRow => {
    const rowAt = `${at}.rows.${r}`;
    const given = readObject(value, rowAt, problems, ROW_MEMBERS);
    const row = readRow(given, rowAt, problems);
    const list = readList(given.seats, `${rowAt}.seats`, problems);
    list.forEach((seat, n) => {
      seats.push(readSeat(seat, `${rowAt}.seats.${n}`, { section: name, row, floor }, problems));
    });
    return { ...row, seats: list.length };
  });
  return {
    section: { name, kind: 'seated', seats: seats.length, rows, ...(floor && { floor }) },
    seats,
  };
}

function readRow(given: Record<string, unknown>, at: string, problems: Problems): PlanRow {
  const { labelAt, curve } = given;
  const label = readLabel(given.label, `${at}.label`, problems);
  const seatLabel = readLabel(given.seatLabel, `${at}.seatLabel`, problems);
  const place = LABEL_PLACES.find((one) => one === labelAt);
  if (labelAt !== undefined && place === undefined) {
    problems.push(`${at}.labelAt must be one of ${LABEL_PLACES.join(', ')}.`);
  }
  return {
    name: readText(given.name, `${at}.name`, problems),
    seats: 0,
    ...(label !== undefined && { label }),
    ...(seatLabel !== undefined && { seatLabel }),
    ...(place && { labelAt: place }),
    ...(curve !== undefined && { curve: readNumber(curve, `${at}.curve`, problems) }),
  };
}

function readSeat(
  value: unknown,
  at: string,
  place: { section: string; row: PlanRow; floor: string | undefined },
  problems: Problems,
): DraftSeat {
  const seat = readObject(value, at, problems, SEAT_MEMBERS);
  const { section, row } = place;
  const number = readText(seat.number, `${at}.number`, problems);
  const floor = readFloor(seat.floor, `${at}.floor`, problems) ?? place.floor;
  return {
    seatId:
      seat.seatId === undefined
        ? idOf(section, row.name, number)
        : readText(seat.seatId, `${at}.seatId`, problems),
    label: labelOf(section, row, number),
    section,
    row: row.name,
    number,
    position: {
      x: readCoordinate(seat.x, `${at}.x`, problems),
      y: readCoordinate(seat.y, `${at}.y`, problems),
      ...(floor !== undefined && { floor }),
    },
    category: readText(seat.category, `${at}.category`, problems),
    flags: readFlags(seat.flags, `${at}.flags`, problems),
  };
}

/** Standing room for `capacity` people: so many places, none of which is anywhere in particular. */
export function readStanding(
  members: Record<string, unknown>,
  at: string,
  problems: Problems,
): Part {
  const name = readText(members.name, `${at}.name`, problems);
  const category = readText(members.category, `${at}.category`, problems);
  const flags = readFlags(members.flags, `${at}.flags`, problems);
  const floor = readFloor(members.floor, `${at}.floor`, problems);
  const capacity = readNumber(members.capacity, `${at}.capacity`, problems);
  const fits = Number.isInteger(capacity) && capacity >= 1 && capacity <= MOST_SEATS;
  if (!fits) problems.push(`${at}.capacity must be a whole number from 1 to ${MOST_SEATS}.`);
  const seats = Array.from({ length: fits ? capacity : 0 }, (_, index): DraftSeat => {
    const number = String(index + 1);
    return {
      seatId: idOf(name, number),
      label: `${name}, place ${number}`,
      section: name,
      row: '',
      number,
      category,
      flags,
    };
  });
  return {
    section: {
      name,
      kind: 'standing',
      seats: seats.length,
      rows: [],
      ...(floor && { floor }),
      ...(members.box !== undefined && { box: readBox(members.box, `${at}.box`, problems) }),
    },
    seats,
  };
}

function readBox(value: unknown, at: string, problems: Problems) {
  const box = readObject(value, at, problems, ['x', 'y', 'width', 'height']);
  const side = (name: string) => readCoordinate(box[name], `${at}.${name}`, problems);
  return { x: side('x'), y: side('y'), width: side('width'), height: side('height') };
}

function readFloor(value: unknown, at: string, problems: Problems): string | undefined {
  return value === undefined ? undefined : readText(value, at, problems);
}

const idOf = (...names: string[]) => names.join('-').replaceAll(/\s+/g, '-');

/** What is written on a ticket: `Parkett, row A, seat 12`. */
export function labelOf(section: string, row: PlanRow, number: string): string {
  const rowWords = nameBy(row.label ?? 'Row', row.name);
  return `${section}, ${rowWords}, ${nameBy(row.seatLabel ?? 'Seat', number)}`;
}

/** Writes any plan in our own form; reading it gives the same seats, but for labels set by hand. */
export function writeSections(plan: Pick<Plan, 'seats' | 'sections' | 'categories'>) {
  return {
    categories: plan.categories,
    sections: seatsByRow(plan).map(({ section, seats, rows }) => {
      const { name, kind, floor, box } = section;
      const [first] = seats;
      const face = { name, kind, ...(floor && { floor }) };
      if (kind === 'standing') {
        const { category, flags } = first ?? { category: '', flags: [] };
        return { ...face, capacity: seats.length, category, flags, ...(box && { box }) };
      }
      return {
        ...face,
        rows: rows.map(({ row, seats: own }) => ({
          ...row,
          seats: own.map(({ seatId, number, position, category, flags }) => ({
            seatId,
            number,
            ...position,
            category,
            ...(flags.length > 0 && { flags }),
          })),
        })),
      };
    }),
  };
}
