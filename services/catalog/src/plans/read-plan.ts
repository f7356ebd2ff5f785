import { type Draft, MOST_SEATS, type Plan, type PlanSection } from './plan.ts';
import { type Problems, readNumber } from './plan-reading.ts';
import { readSections } from './plan-sections.ts';
import { readPretix } from './pretix.ts';

const MOST_PROBLEMS = 50;

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
    sections: draft.sections,
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
    return { seats: [], sections: [], categories: ['General'] };
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
  const rows = [...Map.groupBy(seats, (seat) => seat.row)].map(([name, { length }]) => ({
    name,
    seats: length,
  }));
  const sections: PlanSection[] = [{ name: 'General', kind: 'seated', seats: count, rows }];
  return { seats, sections, categories: ['General'] };
}
