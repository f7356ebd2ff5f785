import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import type { Terms } from '@holdfast/shared/contracts/terms.ts';
import { type Ignored, ignored } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { ChoiceReasons } from './seating/choice-reasons.ts';

/** Middle states: begun by a write to the document, finished by any instance. */
export const MIDDLE_STATES = [
  'pinning',
  'confirming',
  'unpinning',
  'releasing',
  'expiring',
  'returning',
  'dropping',
  'shrinking',
] as const;
export type MiddleState = (typeof MIDDLE_STATES)[number];
export type HoldState =
  | MiddleState
  | 'held'
  | 'pinned'
  | 'confirmed'
  | 'returned'
  | 'released'
  | 'expired'
  | 'aborted';

/** States in which a hold owns no seat and never will again. */
export const ENDED_STATES: readonly HoldState[] = ['returned', 'released', 'expired', 'aborted'];

/** What a middle state has still to do, and for whom. */
export type Step = {
  from: HoldState;
  origin: Origin;
  reason: string;
  /** Where an unpin leaves the seats; decided once, by the store's clock. */
  unpinTo?: 'held' | 'available';
  /** What the hold becomes after an unpin that frees its seats. */
  endsAs?: 'expired' | 'released';
  /** The seats that a drop gives back, or a sold hold that loses some. */
  dropped?: string[];
  /** When a hold that loses sold seats was sold. */
  soldAt?: Date;
};

/** A change of a hold's seats after it was taken; its `id` comes from the Idempotency-Key. */
export type SeatsChange = {
  id: string;
  fingerprint: string;
  /** An addition's seats while the hold has them, a drop's for ever. */
  seatIds: string[];
} & ({ kind: 'add'; attemptId: string } | { kind: 'drop' });

export type HistoryEntry = {
  at: Date;
  actor: string;
  reason: string;
  requestId: string;
  correlationId: string;
  before: object | null;
  after: object;
};

export type Hold = {
  _id: string;
  eventId: string;
  userId: string;
  attemptId: string;
  /** Fingerprint of the request: another one under the same Idempotency-Key is refused. */
  fingerprint: string;
  /** Why these seats, where they were chosen for a party. */
  reasons?: ChoiceReasons;
  state: HoldState;
  seats: OfferSeat[];
  /** Those that were sold with it and cancelled since. */
  returned?: OfferSeat[];
  currency: string;
  totalMinor: number;
  /** Those of the event when the seats were taken. */
  terms?: Terms;
  event: { name: string; venueName: string; startsAt: Date; timeZone: string };
  maxPerUser: number;
  takenAt: Date;
  expiresAt: Date;
  /** The end that its owner was warned of. */
  warnedOf?: Date | null;
  /** Seats added and dropped since; none in a hold that is as it was taken. */
  changes?: SeatsChange[];
  extensions: { key: string | null; fingerprint: string; expiresAt: Date }[];
  /** Grows with each undone pin; seats carry it, so that a late pin of an old round misses them. */
  round: number;
  version: number;
  movedAt: Date;
  step?: Step | null;
  pinId?: string | null;
  bookingId?: string | null;
  /** Pins that will never be granted (again), with the answer they got. */
  closed: { pinId: string; reason: string }[];
  askedAt?: Date | null;
  history: HistoryEntry[];
  outbox: Message[];
};

export type PinRefusal =
  | 'hold_not_found'
  | 'hold_expired'
  | 'hold_released'
  | 'hold_in_checkout'
  | 'hold_not_active'
  | 'hold_not_owner'
  | 'seats_mismatch'
  | 'seats_lost'
  | 'pin_closed';

/** What booking wants of a hold. */
export type PinCommand = {
  kind: 'pin' | 'confirm' | 'fail' | 'cancel' | 'return';
  pinId: string;
  bookingId: string;
  holdId: string;
  eventId: string;
  userId: string;
  seatIds: readonly string[];
};

export type Decision =
  | { kind: 'resume' }
  | { kind: 'step'; to: MiddleState; endsAs?: 'released' }
  | { kind: 'return_seats'; seatIds: string[] }
  | { kind: 'answer_pinned' }
  | { kind: 'refuse_pin'; reason: PinRefusal; known: boolean }
  | { kind: 'close' }
  | Ignored;

/** The tries that took the seats of a hold: any other that holds seats in its name has no say. */
export function attemptsOf(hold: Pick<Hold, 'attemptId' | 'changes'>): string[] {
  return [hold.attemptId, ...additionsOf(hold).map((one) => one.attemptId)];
}

/** How many seats each claim of a hold on the quota stands for: its own, and one an addition. */
export function claimsOf(
  hold: Pick<Hold, '_id' | 'seats' | 'changes'>,
): { holdId: string; n: number }[] {
  const additions = additionsOf(hold).map(({ id, seatIds }) => ({ holdId: id, n: seatIds.length }));
  const added = additions.reduce((sum, { n }) => sum + n, 0);
  return [{ holdId: hold._id, n: hold.seats.length - added }, ...additions];
}

function additionsOf(hold: Pick<Hold, 'changes'>) {
  return (hold.changes ?? []).filter((one) => one.kind === 'add');
}

/** Most changes of the seats of one hold, so that its document stays small. */
export const MOST_CHANGES = 40;

export function totalOf(seats: readonly OfferSeat[]): number {
  return seats.reduce((sum, seat) => sum + seat.priceMinor, 0);
}

/** The hold's document once these of its seats are dropped. */
export function withoutSeats(
  hold: Hold,
  drop: SeatsChange & { kind: 'drop' },
): Pick<Hold, 'seats' | 'totalMinor'> & { changes: SeatsChange[] } {
  const kept = (seatId: string) => !drop.seatIds.includes(seatId);
  const seats = hold.seats.filter((seat) => kept(seat.seatId));
  const changes = (hold.changes ?? []).map((one) =>
    one.kind === 'add' ? { ...one, seatIds: one.seatIds.filter(kept) } : one,
  );
  return { seats, totalMinor: totalOf(seats), changes: [...changes, drop] };
}

export function isMiddle(state: HoldState): state is MiddleState {
  return (MIDDLE_STATES as readonly HoldState[]).includes(state);
}

/** Decides a command of booking about a hold that exists; `now` is the store's clock. */
export function decide(command: PinCommand, hold: Hold, now: Date): Decision {
  if (isMiddle(hold.state)) return { kind: 'resume' };
  const closed = hold.closed.find((one) => one.pinId === command.pinId);
  const ours = hold.pinId === command.pinId;
  if (command.kind === 'pin') {
    if (closed) return { kind: 'refuse_pin', reason: closed.reason as PinRefusal, known: true };
    return decidePin(command, hold, now);
  }
  if (closed) return ignored('pin_closed');
  if (command.kind === 'confirm') {
    if (ours && hold.state === 'pinned') return { kind: 'step', to: 'confirming' };
    return ignored(ours ? `already_${hold.state}` : 'not_pinned');
  }
  if (command.kind === 'return') return ours ? decideReturn(command, hold) : ignored('not_pinned');
  if (!ours) return { kind: 'close' };
  if (command.kind === 'fail') {
    if (hold.state === 'pinned') return { kind: 'step', to: 'unpinning' };
    return ignored(`already_${hold.state}`);
  }
  if (hold.state === 'confirmed') return { kind: 'step', to: 'returning' };
  if (hold.state === 'pinned') return { kind: 'step', to: 'unpinning', endsAs: 'released' };
  return ignored(`already_${hold.state}`);
}

/** Some seats of a sale come back: those that it still has. */
function decideReturn(command: PinCommand, hold: Hold): Decision {
  // The sale itself is told of first: a hold that is only pinned has missed it.
  if (hold.state === 'pinned') return { kind: 'step', to: 'confirming' };
  if (hold.state !== 'confirmed') return ignored(`already_${hold.state}`);
  const seatIds = hold.seats
    .map(({ seatId }) => seatId)
    .filter((seatId) => command.seatIds.includes(seatId));
  if (seatIds.length === 0) return ignored('already_returned');
  return seatIds.length === hold.seats.length
    ? { kind: 'step', to: 'returning' }
    : { kind: 'return_seats', seatIds };
}

function decidePin(command: PinCommand, hold: Hold, now: Date): Decision {
  const refuse = (reason: PinRefusal): Decision => ({ kind: 'refuse_pin', reason, known: false });
  if (hold.state === 'aborted') return refuse('hold_not_found');
  if (hold.userId !== command.userId) return refuse('hold_not_owner');
  if (hold.eventId !== command.eventId || !sameSeats(hold, command.seatIds)) {
    return refuse('seats_mismatch');
  }
  if (hold.state === 'held') {
    return hold.expiresAt <= now ? refuse('hold_expired') : { kind: 'step', to: 'pinning' };
  }
  if (hold.state === 'expired') return refuse('hold_expired');
  if (hold.state === 'released') return refuse('hold_released');
  if (hold.pinId === command.pinId && hold.state !== 'returned') return { kind: 'answer_pinned' };
  return refuse(hold.state === 'pinned' ? 'hold_in_checkout' : 'hold_not_active');
}

function sameSeats(hold: Hold, seatIds: readonly string[]): boolean {
  const own = new Set(hold.seats.map((seat) => seat.seatId));
  const wanted = new Set(seatIds);
  return own.size === wanted.size && seatIds.every((seatId) => own.has(seatId));
}

/** What its owner is told of a hold; one that ran out reads so before the sweeper ends it. */
export function shownStatus(
  hold: Pick<Hold, 'state' | 'expiresAt'>,
  now: Date,
): 'held' | 'in_checkout' | 'confirmed' | 'returned' | 'released' | 'expired' | 'aborted' {
  switch (hold.state) {
    case 'held':
    case 'dropping':
      return hold.expiresAt <= now ? 'expired' : 'held';
    case 'pinning':
    case 'pinned':
    case 'confirming':
    case 'unpinning':
      return 'in_checkout';
    case 'releasing':
      return 'released';
    case 'expiring':
      return 'expired';
    case 'returning':
      return 'returned';
    case 'shrinking':
      return 'confirmed';
    default:
      return hold.state;
  }
}

/** The history entry of a change of state. */
export function historyEntry(
  at: Date,
  origin: Origin,
  reason: string,
  before: object | null,
  after: object,
): HistoryEntry {
  return {
    at,
    actor: origin.actor,
    reason,
    requestId: origin.requestId,
    correlationId: origin.correlationId,
    before,
    after,
  };
}
