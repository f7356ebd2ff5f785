import type { SeatFace } from '../seat.ts';

/**
 * A row of a section: its place among the seats follows from the counts before it. `label` and
 * `seatLabel` are the words for it and its seats (`Box %s`), `labelAt` is where the drawing shows
 * its name, `curve` how far its middle lies off the line between its ends. Seats have their own
 * positions all the same.
 */
export type PlanRow = {
  name: string;
  seats: number;
  label?: string;
  seatLabel?: string;
  labelAt?: 'start' | 'end' | 'both';
  curve?: number;
};

/** Where a standing area is drawn. */
export type Box = { x: number; y: number; width: number; height: number };

/**
 * A part of the house, in the order of the plan's seats. Places of a standing one (general
 * admission) have neither row nor position.
 */
export type PlanSection = {
  name: string;
  kind: 'seated' | 'standing';
  seats: number;
  rows: PlanRow[];
  floor?: string;
  box?: Box;
};

/** A venue's seats in their own order, and the categories that prices are set for. */
export type Plan = {
  seats: SeatFace[];
  sections: PlanSection[];
  categories: string[];
  /** The imported file as it came, for lossless export. */
  original: string | null;
};

export const MOST_SEATS = 100_000;

/** Seats of a plan before they are numbered in order and checked against one another. */
export type DraftSeat = Omit<SeatFace, 'order'>;
export type Draft = { seats: DraftSeat[]; sections: PlanSection[]; categories: string[] };

/** Each row of a plan with the seats it has, section by section. */
export function seatsByRow(
  plan: Pick<Plan, 'sections' | 'seats'>,
): { section: PlanSection; seats: SeatFace[]; rows: { row: PlanRow; seats: SeatFace[] }[] }[] {
  let start = 0;
  return plan.sections.map((section) => {
    const seats = plan.seats.slice(start, start + section.seats);
    start += section.seats;
    let rowStart = 0;
    const rows = section.rows.map((row) => {
      rowStart += row.seats;
      return { row, seats: seats.slice(rowStart - row.seats, rowStart) };
    });
    return { section, seats, rows };
  });
}
