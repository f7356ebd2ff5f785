import { SEAT_STATUSES, type SeatStatus } from '@holdfast/shared/contracts/holds.ts';
import {
  SEAT_CODES,
  type SeatCode,
  type SeatDelta,
  statusOfDelta,
} from '@holdfast/shared/contracts/seat-map.ts';
import type { SeatFace } from '../seat.ts';

/**
 * An event's seats as this process last knew them, in typed arrays by their place in the plan.
 * Speed only: it never decides.
 */
export type Board = {
  readonly eventId: string;
  readonly planVersion: number;
  /** The index is the order in the plan. */
  readonly faces: readonly SeatFace[];
  /** By seat id. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** 0 available, 1 held, 2 gone (being paid or sold), 3 blocked; `codeAt` tells what counts. */
  readonly codes: Uint8Array;
  /** The same with payments apart from sales: places in SEAT_STATUSES. */
  readonly statuses: Uint8Array;
  /** Of held seats: the instant by the store's clock, in ms, from which they are free. */
  readonly endsAtMs: Float64Array;
  /** The highest version seen of each seat. */
  readonly versions: Float64Array;
  /** Grows when a seat comes free, or is to be free sooner than it was. */
  openings: number;
};

/** A seat as a change left it; `endsAtMs` is Infinity where it is not held. */
export type BoardChange = {
  seatId: string;
  version: number;
  status: SeatStatus;
  endsAtMs: number;
};

/** A board of seats about which nothing is known yet: free, in version 0. */
export function createBoard(
  eventId: string,
  planVersion: number,
  faces: readonly SeatFace[],
): Board {
  const indexOf = new Map(faces.map((face, index) => [face.seatId, index]));
  return blankBoard({ eventId, planVersion, faces, indexOf });
}

/** The same with the seats of a board that is known. */
export function blankBoard({
  eventId,
  planVersion,
  faces,
  indexOf,
}: Pick<Board, 'eventId' | 'planVersion' | 'faces' | 'indexOf'>): Board {
  const seats = faces.length;
  return {
    eventId,
    planVersion,
    faces,
    indexOf,
    codes: new Uint8Array(seats),
    statuses: new Uint8Array(seats),
    endsAtMs: new Float64Array(seats).fill(Number.POSITIVE_INFINITY),
    versions: new Float64Array(seats),
    openings: 0,
  };
}

/** The code that counts at an instant of the store's clock: a hold is over at its own end. */
export function codeAt(board: Board, index: number, nowMs: number): SeatCode {
  const code = (board.codes[index] ?? 3) as SeatCode;
  return code === 1 && (board.endsAtMs[index] ?? 0) <= nowMs ? 0 : code;
}

/** The same as a status, with seats being paid apart from those sold. */
export function statusAt(board: Board, index: number, nowMs: number): SeatStatus {
  if (codeAt(board, index, nowMs) === 0) return 'available';
  return SEAT_STATUSES[board.statuses[index] ?? 0] ?? 'blocked';
}

/** The codes of all seats that count at an instant, and the next at which one frees by itself. */
export function codesAt(board: Board, nowMs: number): { codes: Uint8Array; nextEndMs: number } {
  const codes = board.codes.slice();
  let nextEndMs = Number.POSITIVE_INFINITY;
  for (let index = 0; index < codes.length; index += 1) {
    if (codes[index] !== 1) continue;
    const endsAtMs = board.endsAtMs[index] ?? 0;
    if (endsAtMs <= nowMs) codes[index] = 0;
    else if (endsAtMs < nextEndMs) nextEndMs = endsAtMs;
  }
  return { codes, nextEndMs };
}

/** How many seats there are in each group, by the status that counts; groups in the plan's order. */
export function countSeats(
  board: Board,
  nowMs: number,
  groupOf: (face: SeatFace) => string,
): Map<string, Record<SeatStatus, number>> {
  const groups = new Map<string, Record<SeatStatus, number>>();
  board.faces.forEach((face, index) => {
    const group = groupOf(face);
    const counts = groups.get(group) ?? {
      available: 0,
      held: 0,
      committing: 0,
      sold: 0,
      blocked: 0,
    };
    counts[statusAt(board, index, nowMs)] += 1;
    groups.set(group, counts);
  });
  return groups;
}

/**
 * Takes over the changes that are newer than what the board knows, in whatever order and however
 * often they come. Answers the indexes that changed; seats that it does not have are passed over.
 */
export function applyChanges(board: Board, changes: readonly BoardChange[]): number[] {
  return changes.flatMap(({ seatId, version, status, endsAtMs }) => {
    const index = board.indexOf.get(seatId);
    return index !== undefined && put(board, index, version, status, endsAtMs) ? [index] : [];
  });
}

/** The same for changes that name seats by their place in the plan. */
export function applyDeltas(board: Board, deltas: readonly SeatDelta[]): number[] {
  return deltas.flatMap((delta) => {
    const [index, version, , endsAtMs] = delta;
    return put(board, index, version, statusOfDelta(delta), endsAtMs) ? [index] : [];
  });
}

function put(
  board: Board,
  index: number,
  version: number,
  status: SeatStatus,
  endsAtMs: number,
): boolean {
  if (!(version > (board.versions[index] ?? Number.POSITIVE_INFINITY))) return false;
  const endsAt = status === 'held' ? endsAtMs : Number.POSITIVE_INFINITY;
  const isSooner = board.codes[index] !== 0 && endsAt < (board.endsAtMs[index] ?? 0);
  if (status === 'available' || isSooner) board.openings += 1;
  board.versions[index] = version;
  board.codes[index] = SEAT_CODES[status];
  board.statuses[index] = SEAT_STATUSES.indexOf(status);
  board.endsAtMs[index] = endsAt;
  return true;
}

/** A seat of the board as the delta stream tells it. */
export function deltaOf(board: Board, index: number): SeatDelta {
  const code = (board.codes[index] ?? 3) as SeatCode;
  return toDelta(
    index,
    board.versions[index] ?? 0,
    SEAT_STATUSES[board.statuses[index] ?? 0] ?? 'blocked',
    code === 1 ? (board.endsAtMs[index] ?? 0) : 0,
  );
}

export function toDelta(
  order: number,
  version: number,
  status: SeatStatus,
  endsAtMs: number,
): SeatDelta {
  const code = SEAT_CODES[status];
  const end = status === 'held' && Number.isFinite(endsAtMs) ? endsAtMs : 0;
  return status === 'sold' ? [order, version, code, end, 1] : [order, version, code, end];
}

/** 1 for each seat that is free at an instant of the store's clock. */
export function freeAt(board: Board, nowMs: number): Uint8Array {
  const free = new Uint8Array(board.codes.length);
  for (let index = 0; index < free.length; index += 1) {
    if (codeAt(board, index, nowMs) === 0) free[index] = 1;
  }
  return free;
}
