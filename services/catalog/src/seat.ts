import type { SeatChange, SeatStatus } from '@holdfast/shared/contracts/holds.ts';

/** Where a seat stands in the plan; `floor` names a level where a house has several. */
export type Position = { x: number; y: number; floor?: string };

/** What never changes about a seat of an event. */
export type SeatFace = {
  seatId: string;
  label: string;
  section: string;
  row: string;
  number: string;
  /** Place in the plan's own order, from 0, never by the printed number: neighbours follow. */
  order: number;
  /** None for a place of a standing area (general admission): its section is all there is. */
  position?: Position;
  category: string;
  flags: string[];
};

/** A hold's claim on a seat. `attemptId` fences one try of a take, `round` one pin of the hold. */
export type SeatHold = {
  id: string;
  userId: string;
  attemptId: string;
  round: number;
  takenAt: Date;
  expiresAt: Date;
};

export type Seat = SeatFace & {
  _id: string;
  eventId: string;
  status: SeatStatus;
  version: number;
  hold?: SeatHold;
  /** Accounts that leave the seat to others until then, since their holds ran out on it. */
  lapses?: { userId: string; until: Date }[];
  commit?: { bookingId: string; pinId: string; at: Date };
  /** The block of the house that keeps it back. */
  block?: { id: string; at: Date };
};

/** Every change of status there is, by the step that makes it (DESIGN, "Seats and holds"). */
export const TRANSITIONS = {
  take: { from: ['available', 'held'], to: ['held'] },
  extend: { from: ['held'], to: ['held'] },
  pin: { from: ['held'], to: ['committing'] },
  confirm: { from: ['committing'], to: ['sold'] },
  unpin: { from: ['committing'], to: ['available', 'held'] },
  release: { from: ['held'], to: ['available'] },
  return: { from: ['sold'], to: ['available'] },
  block: { from: ['available', 'held'], to: ['blocked'] },
  unblock: { from: ['blocked'], to: ['available'] },
} as const satisfies Record<string, { from: readonly SeatStatus[]; to: readonly SeatStatus[] }>;

export function seatKey(eventId: string, seatId: string): string {
  return `${eventId}:${seatId}`;
}

export function eventIdOf(key: string): string {
  return key.slice(0, key.indexOf(':'));
}

/** Whether a take would win the seat at that instant; the store's filter says the same. */
export function isTakeable(seat: Pick<Seat, 'status' | 'hold'>, now: Date): boolean {
  return liveStatus(seat, now) === 'available';
}

/** The status that counts: a hold is over at its own expiry, without waiting for a write. */
export function liveStatus(seat: Pick<Seat, 'status' | 'hold'>, now: Date): SeatStatus {
  const expired = seat.status === 'held' && seat.hold !== undefined && seat.hold.expiresAt <= now;
  return expired ? 'available' : seat.status;
}

/** What tells whether a seat can be had. */
export type SeatStanding = Pick<Seat, '_id' | 'seatId' | 'status' | 'hold' | 'lapses'>;

/** Why a take missed, from what the seats and their holds look like afterwards. */
export type Miss =
  | { reason: 'not_found'; seatIds: string[] }
  | { reason: 'not_on_sale' }
  | { reason: 'sale_ended' }
  | { reason: 'taken'; seatIds: string[] }
  /** The account's own holds ran out on them just now; others may take them. */
  | { reason: 'cooling'; seatIds: string[]; leftMs: number }
  /** Nothing stands in the way for good: free again, or in the hands of a try not yet settled. */
  | { reason: 'contended' };

/**
 * Explains a missed take. A seat counts as taken for good when it is sold, being paid, blocked,
 * or held by a try that stands in its hold's document (`settled`); any other may yet lose.
 */
export function explainMiss(given: {
  wanted: readonly string[];
  found: readonly SeatStanding[];
  settled: ReadonlySet<string>;
  onSaleAt: Date;
  offSaleAt?: Date | null;
  now: Date;
  userId: string;
}): Miss {
  const byId = new Map(given.found.map((seat) => [seat.seatId, seat]));
  const missing = given.wanted.filter((seatId) => !byId.has(seatId));
  if (missing.length > 0) return { reason: 'not_found', seatIds: missing };
  if (given.onSaleAt > given.now) return { reason: 'not_on_sale' };
  if (given.offSaleAt && given.offSaleAt <= given.now) return { reason: 'sale_ended' };
  const taken = given.found.filter((seat) => isTaken(seat, given.settled, given.now));
  if (taken.length > 0) return { reason: 'taken', seatIds: taken.map((seat) => seat.seatId) };
  const cooling = given.found.flatMap((seat) => {
    const leftMs = coolingMs(seat, given);
    return leftMs > 0 ? [{ seatId: seat.seatId, leftMs }] : [];
  });
  if (cooling.length === 0) return { reason: 'contended' };
  return {
    reason: 'cooling',
    seatIds: cooling.map((seat) => seat.seatId),
    leftMs: Math.max(...cooling.map((seat) => seat.leftMs)),
  };
}

/** How long an account has yet to leave a free seat to others; the store's filter says the same. */
function coolingMs(seat: SeatStanding, asked: { userId: string; now: Date }): number {
  const ends = (seat.lapses ?? [])
    .filter((lapse) => lapse.userId === asked.userId)
    .map((lapse) => lapse.until.getTime());
  return Math.max(0, ...ends) - asked.now.getTime();
}

/** Whether a seat is out of reach: a try that is not settled may yet give it back. */
export function isTaken(seat: SeatStanding, settled: ReadonlySet<string>, now: Date): boolean {
  const status = liveStatus(seat, now);
  if (status === 'available') return false;
  return status !== 'held' || seat.hold === undefined || settled.has(seat.hold.attemptId);
}

export function toChange({ seatId, version, status, order }: SeatChange): SeatChange {
  return { seatId, version, status, ...(order !== undefined && { order }) };
}
