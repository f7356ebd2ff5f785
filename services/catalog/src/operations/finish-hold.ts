import type { Contract } from '@holdfast/shared/contracts/contract.ts';
import {
  type HoldChange,
  holdChanged,
  holdConfirmed,
  holdExpired,
  holdPinned,
  holdPinRefused,
  holdReleased,
  holdReturned,
  holdSeatsReturned,
  holdUnpinned,
} from '@holdfast/shared/contracts/holds.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import { ENDED_STATES, type Hold, type HoldState, historyEntry, isMiddle } from '../hold.ts';
import { holdMessage } from '../messages.ts';
import { seatKey } from '../seat.ts';
import type { SeatNow } from '../stores/seat-steps.ts';
import type { HoldStores } from './dependencies.ts';

/** Why a pin that found fewer seats than its hold names was undone. */
export const SEATS_LOST = 'seats_lost';

/**
 * Brings a hold out of its middle state: its quota, its seats, then the end state with its
 * message. Each part may be repeated, so any instance may finish what another began; the one
 * that comes late changes nothing. Answers the hold as this call left it, or null when another
 * finished it.
 */
export async function finishHold(stores: HoldStores, hold: Hold): Promise<Hold | null> {
  if (!isMiddle(hold.state)) return hold;
  const finished = await STEPS[hold.state](stores, hold);
  if (finished === null) return null;
  const seatIds = hold.step?.dropped ?? hold.seats.map((seat) => seat.seatId);
  hasMoved(stores, finished, seatIds);
  return isMiddle(finished.state) ? finishHold(stores, finished) : finished;
}

/** After a write that brought a hold to a state: its seats may be asked for. */
export function hasMoved(
  stores: HoldStores,
  { eventId, seats, state }: Hold,
  seatIds: readonly string[] = seats.map((seat) => seat.seatId),
): void {
  stores.taken.forget(seatIds.map((seatId) => seatKey(eventId, seatId)));
  if (!isMiddle(state)) stores.figures.ended.inc({ state });
}

type FinishStep = (stores: HoldStores, hold: Hold) => Promise<Hold | null>;

const STEPS: Readonly<Record<Extract<HoldState, `${string}ing`>, FinishStep>> = {
  async pinning(stores, hold) {
    const [seats] = await Promise.all([stores.seats.pin(hold), stores.quotas.keep(hold)]);
    if (seats.length === hold.seats.length) {
      return settle(stores, hold, 'pinned', holdPinned, { set: { askedAt: null }, seats });
    }
    return stores.holds.begin(hold, 'unpinning', {
      origin: hold.step?.origin ?? unknownOrigin(hold),
      reason: SEATS_LOST,
      endsAs: 'expired',
    });
  },

  async confirming(stores, hold) {
    await stores.seats.confirm(hold);
    const confirmed = await settle(stores, hold, 'confirmed', holdConfirmed);
    if (confirmed) stores.figures.seatsSold.inc(hold.seats.length);
    return confirmed;
  },

  async unpinning(stores, hold) {
    const to = hold.step?.unpinTo ?? 'available';
    await stores.seats.unpin(hold, to);
    const pin = { pinId: hold.pinId ?? '', reason: 'pin_closed' };
    if (to === 'held') {
      await stores.quotas.restore(hold);
      return settle(stores, hold, 'held', holdUnpinned, {
        set: { pinId: null, bookingId: null, round: hold.round + 1 },
        closed: pin,
        expiresAt: hold.expiresAt,
      });
    }
    const lost = hold.step?.reason === SEATS_LOST;
    await stores.seats.free(hold);
    await stores.quotas.end(hold);
    return settle(
      stores,
      hold,
      hold.step?.endsAs ?? 'expired',
      lost ? holdPinRefused : holdUnpinned,
      {
        closed: lost ? { ...pin, reason: SEATS_LOST } : pin,
      },
    );
  },

  async releasing(stores, hold) {
    await stores.seats.free(hold);
    await stores.quotas.end(hold);
    return settle(stores, hold, 'released', holdReleased);
  },

  async expiring(stores, hold) {
    await stores.seats.expire(hold);
    await stores.quotas.end(hold);
    return settle(stores, hold, 'expired', holdExpired);
  },

  async dropping(stores, hold) {
    const dropped = hold.step?.dropped ?? [];
    await stores.seats.freeDropped(hold, dropped);
    await stores.quotas.shrink(hold);
    return settle(stores, hold, 'held', holdChanged, { expiresAt: hold.expiresAt });
  },

  async shrinking(stores, hold) {
    await stores.seats.returnSome(hold, hold.step?.dropped ?? []);
    await stores.quotas.shrink(hold);
    return settle(stores, hold, 'confirmed', holdSeatsReturned, {
      // The sale is as old as it was.
      set: { movedAt: hold.step?.soldAt ?? hold.movedAt },
    });
  },

  async returning(stores, hold) {
    await stores.seats.returnSold(hold);
    await stores.quotas.end(hold);
    return settle(stores, hold, 'returned', holdReturned);
  },
};

/** Messages that answer a command of booking have one id, however often they are sent. */
export function answerId(
  contract: Contract<HoldChange>,
  pinId: string | null | undefined,
): { id?: string } {
  return pinId ? { id: derivedId(pinId, contract.type) } : {};
}

async function settle(
  stores: HoldStores,
  hold: Hold,
  to: HoldState,
  contract: Contract<HoldChange>,
  change: {
    set?: Partial<Hold>;
    closed?: { pinId: string; reason: string };
    expiresAt?: Date;
    /** The hold's seats as they stand now, where they were just read. */
    seats?: SeatNow[];
  } = {},
): Promise<Hold | null> {
  const origin = hold.step?.origin ?? unknownOrigin(hold);
  const reason = hold.step?.reason ?? to;
  const dropped = hold.step?.dropped?.map((seatId) => ({ seatId }));
  const found =
    change.seats ?? (await stores.seats.changesOf({ ...hold, ...(dropped && { seats: dropped }) }));
  // A dropped seat that is held again is in other hands, whose own message tells until when.
  const seats = dropped ? found.filter((seat) => seat.status !== 'held') : found;
  return stores.holds.settle(hold, to, {
    message: holdMessage(contract, hold, {
      // Several returns of one pin are told apart; all else that answers booking is told once.
      ...(contract === holdSeatsReturned
        ? {
            id: derivedId(hold._id, contract.type, String(hold.version)),
            seatCount: hold.seats.length,
          }
        : answerId(contract, hold.pinId)),
      seats,
      has: ENDED_STATES.includes(to) ? [] : hold.seats,
      expiresAt: change.expiresAt ?? null,
      version: hold.version + 1,
      time: hold.movedAt,
      origin,
      pinId: hold.pinId,
      bookingId: hold.bookingId,
      reason,
    }),
    entry: historyEntry(
      hold.movedAt,
      origin,
      reason,
      { state: hold.step?.from ?? hold.state },
      { state: to, ...(dropped && { dropped: hold.step?.dropped }) },
    ),
    ...(change.set && { set: change.set }),
    ...(change.closed && { closed: change.closed }),
  });
}

function unknownOrigin(hold: Hold) {
  return { actor: 'system:catalog', requestId: hold._id, correlationId: hold._id };
}
