import { monotonicMs } from '@holdfast/shared/clock.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { refuseSale } from '../event-status.ts';
import { seatKey } from '../seat.ts';
import { type Board, codeAt } from '../seat-map/board.ts';
import { areasOf, pickPlaces } from '../seating/areas.ts';
import type { HoldNow } from '../stores/holds.ts';
import type { TypeWish } from '../ticket-types.ts';
import { mostSeats, refuseTooMany } from './refusals.ts';
import type { BestDependencies } from './take-best.ts';
import { replay, takeSeats } from './take-seats.ts';

/** So many places of a standing area, no matter which. */
export type AreaWish = { area: string; quantity: number; ticketType?: string };

export type TakeAreas = {
  userId: string;
  eventId: string;
  areas: readonly AreaWish[];
  durationMs: number | undefined;
  idempotencyKey: string | undefined;
  origin: Origin;
};

/** Places that a party has lost, and those that only it may not take for now. */
type Lost = { taken: Set<string>; cooling: Set<string> };

/** How long a party goes on picking anew after losing its places to others. */
const PATIENCE_MS = 10_000;
/** Read from the documents for each place that is wanted, so that parties seldom meet there. */
const SPARE = 16;

/**
 * Takes places of standing areas, all or none. It picks free ones by the board, from a random place
 * on, and takes them like any seats; who loses one to others picks anew. When the board shows too
 * few, the documents are asked: only they say that an area is full. A repeat under its
 * Idempotency-Key answers the stored hold.
 */
export async function takeAreas(
  deps: BestDependencies,
  command: TakeAreas,
): Promise<HoldNow | Refusal> {
  const { eventId, areas, ...rest } = command;
  const request = fingerprint({ eventId, areas, durationMs: rest.durationMs });
  if (rest.idempotencyKey !== undefined) {
    const earlier = await deps.holds.find(derivedId('hold', rest.userId, rest.idempotencyKey));
    if (earlier) return replay(earlier, request);
  }
  return takePlaces(deps, command, (places) =>
    takeSeats(deps, { ...rest, eventId, ...places, chosen: { fingerprint: request } }),
  );
}

/** Picks places and takes them, until they are taken or there are too few. */
export async function takePlaces(
  deps: BestDependencies,
  { eventId, areas }: Pick<TakeAreas, 'eventId' | 'areas'>,
  take: (places: { seatIds: readonly string[]; types?: TypeWish }) => Promise<HoldNow | Refusal>,
): Promise<HoldNow | Refusal> {
  const lost: Lost = { taken: new Set(), cooling: new Set() };
  const end = monotonicMs() + PATIENCE_MS;
  for (;;) {
    const board = await seeAreas(deps, eventId, areas);
    if (isRefusal(board)) return board;
    // From here to the promise nothing is awaited: no other party of this process picks in between.
    const seen = pickByBoard(deps, board, areas, lost);
    const others = seen === undefined ? deps.promised.untilOver(eventId) : undefined;
    if (others && monotonicMs() < end) {
      // What others are about to take may yet be free.
      await others;
      continue;
    }
    const picked = seen ?? (await pickByDocuments(deps, board, areas, lost));
    if (isRefusal(picked)) return picked;
    const settle = deps.promised.promise(eventId, picked);
    try {
      const taken = await take({ seatIds: picked, ...typesOf(board, picked, areas) });
      const isLost = isRefusal(taken) && noteLost(lost, taken);
      if (!isLost || monotonicMs() > end) return taken;
    } finally {
      settle();
    }
  }
}

/** The types that are named for the areas, by their places. */
function typesOf(
  board: Board,
  picked: readonly string[],
  areas: readonly AreaWish[],
): { types?: TypeWish } {
  const named = new Map(areas.map((wish) => [wish.area, wish.ticketType]));
  const bySeat = picked.flatMap((seatId) => {
    const section = board.faces[board.indexOf.get(seatId) ?? -1]?.section ?? '';
    const ticketType = named.get(section);
    return ticketType === undefined ? [] : [[seatId, ticketType] as const];
  });
  return bySeat.length === 0 ? {} : { types: { bySeat: new Map(bySeat) } };
}

async function seeAreas(
  deps: BestDependencies,
  eventId: string,
  areas: readonly AreaWish[],
): Promise<Board | Refusal> {
  const [event, board] = await Promise.all([deps.events.find(eventId), deps.boards.get(eventId)]);
  const closed = refuseSale(event, eventId);
  if (closed || board === undefined) {
    return closed ?? refused('event_not_found', `There is no event ${eventId} for sale.`);
  }
  const known = areasOf(board.faces);
  const unknown = areas.find(({ area }) => !known.has(area));
  if (unknown) {
    const names = [...known.keys()];
    return refused(
      'area_not_found',
      `The event has no standing area ${unknown.area}; ${names.length === 0 ? 'it has seats only' : `it has ${names.join(', ')}`}.`,
      { areas: names },
    );
  }
  const wanted = areas.reduce((sum, { quantity }) => sum + quantity, 0);
  return refuseTooMany(wanted, mostSeats(deps.limits, event)) ?? board;
}

/** Free places as this process sees them; undefined where it sees too few. */
function pickByBoard(
  deps: BestDependencies,
  board: Board,
  areas: readonly AreaWish[],
  lost: Lost,
): string[] | undefined {
  const nowMs = deps.boards.nowMs();
  const promised = deps.promised.of(board.eventId);
  const askedAt = monotonicMs();
  const isFree = (index: number) => {
    const seatId = nameOf(board, index);
    return (
      codeAt(board, index, nowMs) === 0 &&
      !promised.has(seatId) &&
      !lost.taken.has(seatId) &&
      !lost.cooling.has(seatId) &&
      !deps.taken.refuses(seatKey(board.eventId, seatId), askedAt)
    );
  };
  const picked = areas.map(({ area, quantity }) => {
    const places = areasOf(board.faces).get(area) ?? [];
    return pickPlaces(places, quantity, randomBelow(places.length), isFree);
  });
  const isEnough = areas.every(({ quantity }, index) => picked[index]?.length === quantity);
  return isEnough ? picked.flat().map((index) => nameOf(board, index)) : undefined;
}

/** Free places as the documents have them now: a refusal by them is true. */
async function pickByDocuments(
  deps: BestDependencies,
  board: Board,
  areas: readonly AreaWish[],
  lost: Lost,
): Promise<string[] | Refusal> {
  const picked: string[] = [];
  for (const { area, quantity } of areas) {
    const places = areasOf(board.faces).get(area) ?? [];
    const free = await deps.seats.freeAmong(board.eventId, {
      section: area,
      from: places[0] ?? 0,
      to: places.at(-1) ?? 0,
      limit: quantity * SPARE + lost.cooling.size,
    });
    if (free.length < quantity) {
      return refused('area_full', `${area} has ${free.length} places left, not ${quantity}.`, {
        area,
        left: free.length,
      });
    }
    const chosen = pickPlaces(
      free,
      quantity,
      randomBelow(free.length),
      (seatId) => !lost.cooling.has(seatId),
    );
    // What is left are places that the account itself let run out: the store says until when.
    picked.push(...(chosen.length === quantity ? chosen : free.slice(0, quantity)));
  }
  return picked;
}

/** Whether other places may do; a party that met its own cooling places twice is told so. */
function noteLost(lost: Lost, refusal: Refusal): boolean {
  const seatIds = Array.isArray(refusal.extra?.seatIds) ? refusal.extra.seatIds : [];
  if (refusal.code === 'seat_unavailable') {
    for (const seatId of seatIds) lost.taken.add(seatId);
    return true;
  }
  if (refusal.code !== 'seat_cooling_down') return false;
  const known = lost.cooling.size;
  for (const seatId of seatIds) lost.cooling.add(seatId);
  return lost.cooling.size > known;
}

const nameOf = (board: Board, index: number) => board.faces[index]?.seatId ?? '';
const randomBelow = (count: number) => Math.floor(Math.random() * count);
