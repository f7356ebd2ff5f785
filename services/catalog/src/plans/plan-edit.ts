import type { Origin } from '@holdfast/shared/origin.ts';
import type { Price } from '../event.ts';
import type { SeatFace } from '../seat.ts';

/** An event's way to another plan, kept in its document until it is done or undone. */
export type PlanEdit = {
  id: string;
  planVersion: number;
  prices: Price[];
  /**
   * `blocking` the seats it drops or changes; then `applying` and `opening`, from which there is no
   * way back, or `undoing`.
   */
  stage: 'blocking' | 'applying' | 'opening' | 'undoing';
  /** No seat that it creates has a version that a seat dropped before had under the same id. */
  seatFloor: number;
  origin: Origin;
  movedAt: Date;
};

export type PlanDifference = {
  added: SeatFace[];
  dropped: string[];
  /** Seats that are another thing to whoever has one: these must be free. */
  changed: SeatFace[];
  /** Seats that stand elsewhere on the drawing or in the order, and are the same otherwise. */
  moved: SeatFace[];
};

/** What becomes of the seats of one plan in another. */
export function comparePlans(
  before: readonly SeatFace[],
  after: readonly SeatFace[],
): PlanDifference {
  const old = new Map(before.map((face) => [face.seatId, face]));
  const kept = new Set(after.map((face) => face.seatId));
  const difference: PlanDifference = {
    added: [],
    dropped: before.filter((face) => !kept.has(face.seatId)).map((face) => face.seatId),
    changed: [],
    moved: [],
  };
  for (const face of after) {
    const known = old.get(face.seatId);
    if (known === undefined) difference.added.push(face);
    else if (promiseOf(known) !== promiseOf(face)) difference.changed.push(face);
    else if (placeOf(known) !== placeOf(face)) difference.moved.push(face);
  }
  return difference;
}

/** What somebody who has the seat was told that it is. */
function promiseOf(face: SeatFace): string {
  const { label, section, row, number, category, flags, position } = face;
  const kind = position === undefined ? 'standing' : 'seated';
  return JSON.stringify([label, section, row, number, category, kind, flags.toSorted()]);
}

function placeOf({ order, position }: SeatFace): string {
  return JSON.stringify([order, position?.x, position?.y, position?.floor]);
}
