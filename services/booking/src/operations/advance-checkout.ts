import { type Ignored, ignored, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { admitAll } from '@holdfast/shared/outbox/postgres.ts';
import { type Database, HAS_LOCKED, type Transaction } from '@holdfast/shared/postgres/database.ts';
import type { Share } from '../after-sale/price-parts.ts';
import type { BookedSeat, Booking } from '../booking.ts';
import { type CheckoutCommand, decide } from '../checkout.ts';
import { type Payment, settlesItself } from '../payment.ts';
import { lockBookingsNow } from '../stores/bookings.ts';
import { findCancelledOf } from '../stores/events.ts';
import { notePins } from '../stores/hold-claims.ts';
import { paymentsOf } from '../stores/payments.ts';
import { type Lease, settleCalls } from '../stores/provider-calls.ts';
import { repaidOf } from '../stores/refunds.ts';
import { reserveTickets, type TicketChange } from '../stores/tickets.ts';
import { type Change, carryOut, leavesMessages, saveChanges } from './carry-out.ts';
import type { PlaceBooking, PlacedBooking } from './place-bookings.ts';
import { openRetake, type Retake, reserveRetake } from './retake-seats.ts';

export type CheckoutDeps = {
  readonly db: Database;
  /** Takes a checkout one step on (`advanceCheckouts`, with the steps of others). */
  readonly advance: (step: Advance) => Promise<Advanced>;
  /** Begins a checkout (`placeBookings`, with those of others). */
  readonly place: (command: PlaceBooking) => Promise<PlacedBooking | Refusal>;
  /** Told after each other commit that left messages in the outbox. */
  readonly onEnqueued: () => void;
};

/**
 * Told after each commit that changed a booking: whether it has another status now, or only other
 * seats or money, whether it left messages in the outbox, and whether it asks for a call that somebody
 * has to claim.
 */
export type OnChanged = (
  booking: Booking,
  next: { hasMoved: boolean; leavesMessages: boolean; asksProvider: boolean },
) => void;

/** What a transaction of many checkouts needs. */
export type StepDeps = {
  readonly db: Database;
  readonly onChanged: OnChanged;
  /** Runs a transaction that may lease calls; they are made as soon as it has committed. */
  readonly withLeases: <T>(transact: (lease: Lease) => Promise<T>) => Promise<T>;
};

/** What a step is the effect of, marked in the same transaction so that it has it once. */
export type Cause =
  | { readonly kind: 'message'; readonly id: string }
  | {
      readonly kind: 'call';
      readonly id: string;
      readonly status: 'succeeded' | 'failed';
      readonly response: object;
    };

export type Advance = {
  readonly bookingId: string;
  readonly origin: Origin;
  /** The provider's id of the payment, where this step learnt it. */
  readonly providerId?: string | undefined;
  /** Which of its holds was pinned, where it may have several. */
  readonly holdId?: string;
  readonly cause?: Cause;
  /** What can only be known under the booking's lock is left out of it. */
  readonly command: Exclude<CheckoutCommand, { kind: Bound }> | { readonly kind: Bound };
};
/** Commands that depend on whether the event stands and the seats are kept. */
const BOUND = ['pinned', 'captured', 'captured_unasked'] as const;
type Bound = (typeof BOUND)[number];
export type Advanced = { kind: 'accepted'; booking: Booking } | Ignored | Refusal;

export const CONSUMER = 'booking';

/**
 * Takes checkouts one step on, each of another booking, in one transaction: lock, decide, and save
 * bookings, payments, tickets, ledger, the next calls' intents, audit and outbox, one statement
 * for all. What is ignored still marks its cause, so that it is not asked again.
 */
export async function advanceCheckouts(
  deps: StepDeps,
  steps: readonly Advance[],
): Promise<Advanced[]> {
  const outcomes = await deps.withLeases((lease) =>
    deps.db.transaction((tx) => takeSteps(tx, steps, lease)),
  );
  const onChanged: OnChanged = (booking, next) =>
    deps.onChanged(booking, { ...next, asksProvider: false });
  return outcomes.map((outcome) => tellStep(onChanged, outcome));
}

type StepOutcome = Change | Ignored | Refusal;

/** The same in a transaction of the caller's, who tells of each step after its commit. */
export async function takeSteps(
  tx: Transaction,
  steps: readonly Advance[],
  lease?: Lease,
): Promise<StepOutcome[]> {
  const facts = await learn(tx, steps);
  const outcomes = steps.map((step) => decideStep(step, facts));
  const changes = outcomes.filter((outcome) => 'plan' in outcome);
  await saveChanges(tx, changes, lease);
  for (const { booking, plan, origin } of changes) {
    const retake = facts.retakes.get(booking.id);
    if (plan.retakes && retake) await openRetake(tx, retake, booking, origin);
  }
  return outcomes;
}

/** Tells of a step that has been committed; answers it as its asker wants it. */
export function tellStep(onChanged: OnChanged, outcome: StepOutcome): Advanced {
  if ('kind' in outcome) return outcome;
  const { before, booking, plan } = outcome;
  const hasMoved = booking.status !== before.status;
  onChanged(booking, {
    hasMoved,
    leavesMessages: leavesMessages(plan),
    asksProvider: plan.call !== undefined,
  });
  return { kind: 'accepted', booking };
}

type Facts = {
  now: Date;
  locked: ReadonlyMap<string, Booking>;
  payments: ReadonlyMap<string, Payment>;
  /** What of their prices was repaid before: only of those that are to be cancelled. */
  repaid: ReadonlyMap<string, readonly Share[]>;
  /** Ids of the causes that have their effect now. */
  admitted: ReadonlySet<string>;
  cancelledEvents: ReadonlySet<string>;
  reserved: ReadonlyMap<string, TicketChange[]>;
  /** By failed bookings that have come to money: what may try for their seats again. */
  retakes: ReadonlyMap<string, Retake>;
  /** Those of the bookings of several holds of which catalog has pinned all. */
  pinned: ReadonlySet<string>;
};

/**
 * The bookings, locked, and what else decides, as it stands under the locks: all is asked for at
 * once, and read after the locks are had. Reserves seats on the way.
 */
async function learn(tx: Transaction, steps: readonly Advance[]): Promise<Facts> {
  const ids = steps.map(({ bookingId }) => bookingId);
  const causes = steps.flatMap(({ cause }) => cause ?? []);
  const messages = causes.filter(({ kind }) => kind === 'message').map(({ id }) => id);
  const calls = causes.filter((cause) => cause.kind === 'call');
  const bound = steps.filter(({ command }) => BOUND.some((kind) => kind === command.kind));
  const cancels = steps.filter(({ command }) => command.kind === 'cancel');
  const [{ bookings: locked, now }, payments, repaid, fresh, settled, cancelledEvents] =
    await Promise.all([
      lockBookingsNow(tx, ids),
      paymentsOf(tx, ids),
      repaidOf(
        tx,
        cancels.map(({ bookingId }) => bookingId),
      ),
      admitAll(tx, CONSUMER, messages, HAS_LOCKED),
      settleCalls(tx, calls),
      findCancelledOf(
        tx,
        bound.map(({ bookingId }) => bookingId),
      ),
    ]);
  const admitted = new Set([...fresh, ...settled]);
  const pinnedSteps = steps.flatMap(({ bookingId, holdId, cause, command }) => {
    const booking = locked.get(bookingId);
    const isNew = cause === undefined || admitted.has(cause.id);
    if (command.kind !== 'pinned' || booking?.status !== 'authorized' || !isNew) return [];
    return [{ booking, hold: booking.holds.find((one) => one.holdId === holdId) }];
  });
  const pinned = await notePins(
    tx,
    pinnedSteps.flatMap(({ booking, hold }) =>
      hold && booking.holds.length > 1 ? [{ booking, holdId: hold.holdId }] : [],
    ),
  );
  // The seats are safe from expiry: tickets, the second guard, before any money moves.
  const reserved = await reserveTickets(
    tx,
    pinnedSteps
      .map(({ booking }) => booking)
      .filter((one) => !cancelledEvents.has(one.eventId) && isPinned(one, { pinned })),
  );
  const retakes = await reserveRetakes(tx, steps, { locked, payments, admitted, cancelledEvents });
  return { now, locked, payments, repaid, admitted, cancelledEvents, reserved, retakes, pinned };
}

/** Rare: money for a booking that has failed for good. */
async function reserveRetakes(
  tx: Transaction,
  steps: readonly Advance[],
  facts: Pick<Facts, 'payments' | 'admitted' | 'cancelledEvents'> & {
    locked: ReadonlyMap<string, Booking>;
  },
): Promise<Map<string, Retake>> {
  const retakes = new Map<string, Retake>();
  for (const { bookingId, cause, command } of steps) {
    const booking = facts.locked.get(bookingId);
    if (command.kind !== 'captured' || booking?.status !== 'failed') continue;
    if (facts.payments.get(bookingId)?.capturedMinor !== 0) continue;
    if (facts.cancelledEvents.has(booking.eventId)) continue;
    if (cause !== undefined && !facts.admitted.has(cause.id)) continue;
    const retake = await reserveRetake(tx, booking);
    if (retake) retakes.set(bookingId, retake);
  }
  return retakes;
}

/** A late pin is for the decision to ignore. */
function isPinned(booking: Booking, { pinned }: Pick<Facts, 'pinned'>): boolean {
  return booking.holds.length === 1 || booking.status !== 'authorized' || pinned.has(booking.id);
}

function decideStep(step: Advance, facts: Facts): StepOutcome {
  const before = facts.locked.get(step.bookingId);
  if (before === undefined) return refused('booking_not_found', `There is no such booking.`);
  if (step.cause && !facts.admitted.has(step.cause.id)) return ignored('repeated');
  const paid = facts.payments.get(before.id);
  const isFree = before.totalMinor === 0;
  // One that has failed may have given its payment to the booking that retakes its seats.
  if (paid === undefined && !isFree && before.status !== 'failed') {
    throw new Error(`booking ${before.id} has no payment`);
  }
  if (step.command.kind === 'pinned' && !isPinned(before, facts)) return ignored('pins_missing');
  const reserved = facts.reserved.get(before.id);
  const plan = decide(
    {
      ...step.command,
      eventCancelled: facts.cancelledEvents.has(before.eventId),
      canRetake: facts.retakes.has(before.id),
      seatsReserved: reserved !== undefined || before.seats.every(isReserved),
    } as CheckoutCommand,
    {
      ...before,
      isFree,
      settlesItself: paid !== undefined && settlesItself(paid),
      isPaid: paid ? paid.capturedMinor > 0 : !isFree,
      payment: paid?.status ?? null,
    },
  );
  return plan.kind === 'accepted'
    ? carryOut(step, {
        before,
        paid,
        plan,
        reserved: reserved ?? [],
        repaid: facts.repaid.get(before.id) ?? [],
        now: facts.now,
      })
    : plan;
}

function isReserved({ ticketStatus }: BookedSeat): boolean {
  return ticketStatus === 'reserved';
}
