import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Event } from '../event.ts';
import type { Seat } from '../seat.ts';
import { type Board, freeAt } from '../seat-map/board.ts';
import {
  companionsAlone,
  DEFAULT_POLICY,
  judgeChoice,
  judgeDrop,
  type Objection,
} from '../seating/seat-policy.ts';
import { seatingOf } from '../seating/seating.ts';
import type { SeatBoards } from './dependencies.ts';

type Deps = { boards: SeatBoards };
type PolicyEvent = Pick<Event, '_id' | 'seatPolicy'>;

/** Refuses seats whose taking leaves a single seat, where the event's organizer minds that. */
export async function refuseSingles(
  deps: Deps,
  event: PolicyEvent,
  seatIds: readonly string[],
  own: readonly string[] = [],
): Promise<Refusal | undefined> {
  if (event.seatPolicy?.orphans !== 'avoid') return undefined;
  return refuseByPolicy(deps, event, { seatIds, own, areTaken: false });
}

/** Refuses companion seats just taken without their accessible seat; `own` are held already. */
export async function refuseLoneCompanions(
  deps: Deps,
  event: PolicyEvent,
  seats: readonly Pick<Seat, 'seatId' | 'flags'>[],
  own: readonly string[] = [],
): Promise<Refusal | undefined> {
  if (!seats.some(({ flags }) => flags.includes('companion'))) return undefined;
  const seatIds = seats.map(({ seatId }) => seatId);
  return refuseByPolicy(deps, event, { seatIds, own, areTaken: true });
}

/**
 * Refuses to give an accessible seat back while a companion seat of its own stays in the hold, and a
 * seat that would be left alone, where the organizer minds that and another seat of the hold with the
 * same price and ticket type would not.
 */
export async function refuseLeaving(
  deps: Deps,
  event: PolicyEvent,
  seatId: string,
  held: readonly OfferSeat[],
): Promise<Refusal | undefined> {
  const board = await deps.boards.get(event._id);
  const leaves = board?.indexOf.get(seatId);
  if (board === undefined || leaves === undefined) return undefined;
  const seating = seatingOf(board.faces);
  const stays = held.filter((seat) => seat.seatId !== seatId);
  const seats = placesOf(board, idsOf(stays));
  const alone = companionsAlone(seating, seats, seats)
    .filter((seat) => seating.companionsOf.get(seat)?.includes(leaves))
    .map((seat) => board.faces[seat]?.seatId ?? '');
  if (alone.length > 0) {
    return refused(
      'seat_policy',
      `These seats are for companions of seat ${seatId}: ${alone.join(', ')}. Give them back first.`,
      { rule: 'companion_alone', seatIds: alone },
    );
  }
  const dropped = held.find((seat) => seat.seatId === seatId);
  const alike = stays.filter(
    ({ ticketType, priceMinor }) =>
      ticketType?.id === dropped?.ticketType?.id && priceMinor === dropped?.priceMinor,
  );
  const objection = judgeDrop(
    seating,
    freeAt(board, deps.boards.nowMs()),
    event.seatPolicy ?? DEFAULT_POLICY,
    { leaves, others: placesOf(board, idsOf(alike)) },
  );
  if (objection === undefined) return undefined;
  const instead = objection.suggestion.map((seat) => board.faces[seat]?.seatId ?? '');
  return refused(
    'seat_policy',
    `Seat ${seatId} would be left alone. Give ${instead.join(', ')} back instead, or the whole hold.`,
    { rule: objection.rule, seatIds: [seatId], suggestion: instead },
  );
}

const idsOf = (seats: readonly OfferSeat[]) => seats.map(({ seatId }) => seatId);

/**
 * Refuses a choice that the policy objects to, with one that it allows. It goes by the board,
 * which may be a little behind: a choice of seats that are not free there is left to the
 * store, unless they were taken for this choice.
 */
async function refuseByPolicy(
  deps: Deps,
  event: PolicyEvent,
  choice: { seatIds: readonly string[]; own: readonly string[]; areTaken: boolean },
): Promise<Refusal | undefined> {
  const board = await deps.boards.get(event._id);
  if (board === undefined) return undefined;
  const free = freeAt(board, deps.boards.nowMs());
  const seats = placesOf(board, choice.seatIds);
  if (choice.areTaken) for (const seat of seats) free[seat] = 1;
  const isKnown = seats.length === choice.seatIds.length;
  if (!isKnown || seats.some((seat) => free[seat] !== 1)) return undefined;
  const policy = (choice.areTaken ? undefined : event.seatPolicy) ?? DEFAULT_POLICY;
  const objection = judgeChoice(seatingOf(board.faces), free, policy, {
    seats,
    own: placesOf(board, choice.own),
  });
  return objection && refuseObjection(board, objection);
}

function placesOf(board: Board, seatIds: readonly string[]): number[] {
  return seatIds.flatMap((seatId) => board.indexOf.get(seatId) ?? []);
}

function refuseObjection({ faces }: Board, { rule, concerns, suggestion }: Objection): Refusal {
  const namesOf = (seats: readonly number[]) => seats.map((seat) => faces[seat]?.seatId ?? '');
  const concerned = namesOf(concerns).join(', ');
  const instead = namesOf(suggestion);
  const why =
    rule === 'single_seat_left'
      ? `These seats would be left alone: ${concerned}.`
      : `These seats are for companions of the accessible seat beside them: ${concerned}. Take both.`;
  return refused('seat_policy', `${why} Or take ${instead.join(', ')}.`, {
    rule,
    seatIds: namesOf(concerns),
    suggestion: instead,
  });
}
