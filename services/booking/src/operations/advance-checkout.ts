import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { type Ignored, ignored, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { admitAll, enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { type AuditEntry, recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { type Database, instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import { announce, type Booking } from '../booking.ts';
import { type CheckoutCommand, type CheckoutPlan, decide } from '../checkout.ts';
import { announcePayment, type Payment } from '../payment.ts';
import { freeHolds, lockBookings, saveBookings } from '../stores/bookings.ts';
import { findCancelled } from '../stores/events.ts';
import { type Journal, writeJournals } from '../stores/ledger.ts';
import { changedPayment, insertRefunds, paymentsOf, savePayments } from '../stores/payments.ts';
import { requestCalls, settleCalls } from '../stores/provider-calls.ts';
import { returnQuotas } from '../stores/quotas.ts';
import {
  reserveTickets,
  saveTickets,
  type TicketChange,
  ticketChanges,
} from '../stores/tickets.ts';
import type { PlaceBooking, PlacedBooking } from './place-bookings.ts';

export type CheckoutDeps = {
  readonly db: Database;
  /** Takes a checkout one step on (`advanceCheckouts`, with the steps of others). */
  readonly advance: (step: Advance) => Promise<Advanced>;
  /** Begins a checkout (`placeBookings`, with those of others). */
  readonly place: (command: PlaceBooking) => Promise<PlacedBooking | Refusal>;
  /** Told after each other commit that left messages in the outbox. */
  readonly onEnqueued: () => void;
};

/** Told after each commit that changed a booking's status, and whether it asks for a call. */
export type OnChanged = (booking: Booking, next: { asksProvider: boolean }) => void;

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
  readonly cause?: Cause;
  /** What can only be known under the booking's lock is left out of it. */
  readonly command:
    | Exclude<CheckoutCommand, { kind: 'pinned' | 'captured' }>
    | { readonly kind: 'pinned' }
    | { readonly kind: 'captured' };
};
export type Advanced = { kind: 'accepted'; booking: Booking } | Ignored | Refusal;

export const CONSUMER = 'booking';

/** Everything that one step changes. */
type Change = {
  readonly before: Booking;
  readonly booking: Booking;
  readonly paid: Payment;
  readonly payment: Payment;
  readonly plan: CheckoutPlan;
  readonly origin: Origin;
  readonly reserved: readonly TicketChange[];
  readonly changed: readonly TicketChange[];
  readonly refund: { id: string; amountMinor: number; reason: string } | undefined;
  readonly journals: readonly Journal[];
};

/**
 * Takes checkouts one step on, each of another booking, in one transaction: lock, decide, and save
 * bookings, payments, tickets, ledger, the next calls' intents, audit and outbox, one statement
 * for all. What is ignored still marks its cause, so that it is not asked again.
 */
export async function advanceCheckouts(
  deps: { db: Database; onChanged: OnChanged },
  steps: readonly Advance[],
): Promise<Advanced[]> {
  const outcomes = await deps.db.transaction(async (tx) => {
    const ids = steps.map(({ bookingId }) => bookingId);
    const locked = await lockBookings(tx, ids);
    const known = steps.filter(({ bookingId }) => locked.has(bookingId));
    const facts = await learn(tx, known, locked);
    const outcomes = steps.map((step) => decideStep(step, locked.get(step.bookingId), facts));
    await save(
      tx,
      outcomes.filter((outcome) => 'plan' in outcome),
    );
    return outcomes;
  });
  return outcomes.map((outcome) => {
    if ('kind' in outcome) return outcome;
    const { booking, plan } = outcome;
    deps.onChanged(booking, { asksProvider: plan.call !== undefined });
    return { kind: 'accepted', booking };
  });
}

type Facts = {
  now: Date;
  payments: ReadonlyMap<string, Payment>;
  /** Ids of the causes that have their effect now. */
  admitted: ReadonlySet<string>;
  cancelledEvents: ReadonlySet<string>;
  reserved: ReadonlyMap<string, TicketChange[]>;
};

/** What decides besides the bookings, as it stands under their locks; reserves seats on the way. */
async function learn(
  tx: Transaction,
  steps: readonly Advance[],
  locked: ReadonlyMap<string, Booking>,
): Promise<Facts> {
  const causes = steps.flatMap(({ cause }) => cause ?? []);
  const messages = causes.filter(({ kind }) => kind === 'message').map(({ id }) => id);
  const calls = causes.filter((cause) => cause.kind === 'call');
  const bound = steps.filter(
    ({ command }) => command.kind === 'pinned' || command.kind === 'captured',
  );
  const eventIds = bound.flatMap(({ bookingId }) => locked.get(bookingId)?.eventId ?? []);
  const [now, payments, fresh, settled, cancelledEvents] = await Promise.all([
    instantOf(tx),
    paymentsOf(
      tx,
      steps.map(({ bookingId }) => bookingId),
    ),
    admitAll(tx, CONSUMER, messages),
    settleCalls(tx, calls),
    findCancelled(tx, eventIds),
  ]);
  const admitted = new Set([...fresh, ...settled]);
  // The seats are safe from expiry: tickets, the second guard, before any money moves.
  const reserved = await reserveTickets(
    tx,
    steps.flatMap(({ bookingId, cause, command }) => {
      const booking = locked.get(bookingId);
      const isDue =
        command.kind === 'pinned' &&
        booking?.status === 'authorized' &&
        !cancelledEvents.has(booking.eventId) &&
        (cause === undefined || admitted.has(cause.id));
      return isDue ? [booking] : [];
    }),
  );
  return { now, payments, admitted, cancelledEvents, reserved };
}

function decideStep(
  step: Advance,
  before: Booking | undefined,
  facts: Facts,
): Change | Ignored | Refusal {
  if (before === undefined) return refused('booking_not_found', `There is no such booking.`);
  if (step.cause && !facts.admitted.has(step.cause.id)) return ignored('repeated');
  const paid = facts.payments.get(before.id);
  if (paid === undefined) throw new Error(`booking ${before.id} has no payment`);
  const reserved = facts.reserved.get(before.id);
  const plan = decide(
    {
      ...step.command,
      eventCancelled: facts.cancelledEvents.has(before.eventId),
      seatsReserved: reserved !== undefined,
    } as CheckoutCommand,
    before,
  );
  return plan.kind === 'accepted'
    ? carryOut(step, { before, paid, plan, reserved: reserved ?? [], now: facts.now })
    : plan;
}

/** Works a plan out: what the booking, its payment and its tickets are afterwards. Pure. */
function carryOut(
  { origin, providerId }: Advance,
  given: Pick<Change, 'before' | 'paid' | 'plan' | 'reserved'> & { now: Date },
): Change {
  const { before, paid, plan, reserved, now } = given;
  const { status, reason } = plan;
  const changed = plan.tickets ? ticketChanges(before, plan.tickets) : [];
  const booking: Booking = {
    ...before,
    status,
    reason,
    version: before.version + 1,
    changedAt: now,
    seats: withTickets(before, [...reserved, ...changed]),
  };
  const moved = plan.payment
    ? changedPayment(paid, { status: plan.payment, providerId }, now)
    : paid;
  const owed = moved.capturedMinor - moved.refundedMinor;
  const refund =
    plan.call === 'refund'
      ? { id: newId(), amountMinor: owed, reason: reason ?? 'cancelled' }
      : undefined;
  const payment = refund ? { ...moved, refundedMinor: moved.refundedMinor + owed } : moved;
  const journals = (plan.journals ?? []).map((kind) => ({
    kind,
    bookingId: booking.id,
    paymentId: payment.id,
    eventId: booking.eventId,
    currency: payment.currency,
    refundId: kind === 'capture' ? null : (refund?.id ?? null),
    amountMinor: kind === 'capture' ? payment.amountMinor : owed,
  }));
  return { before, booking, paid, payment, plan, origin, reserved, changed, refund, journals };
}

function withTickets(booking: Booking, changes: readonly TicketChange[]): Booking['seats'] {
  return booking.seats.map((seat) => {
    const change = changes.findLast(({ seatId }) => seatId === seat.seatId);
    return change ? { ...seat, ticketId: change.id, ticketStatus: change.newStatus } : seat;
  });
}

async function save(tx: Transaction, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const payments = changes.filter(({ paid, payment }) => payment !== paid);
  const tickets = changes.flatMap(({ changed }) => changed);
  const freed = changes.filter(({ plan }) => plan.freesHold);
  const uncounted = changes.filter(({ plan }) => plan.freesQuota);
  const refunds = changes.flatMap(({ refund, payment }) =>
    refund
      ? [
          {
            ...refund,
            paymentId: payment.id,
            bookingId: payment.bookingId,
            currency: payment.currency,
          },
        ]
      : [],
  );
  const journals = changes.flatMap((change) => change.journals);
  // Journals and calls refer to refunds, and these are bounded by what their payments say.
  if (payments.length > 0)
    await savePayments(
      tx,
      payments.map(({ payment }) => payment),
    );
  if (refunds.length > 0) await insertRefunds(tx, refunds);
  await Promise.all([
    saveBookings(
      tx,
      changes.map(({ booking }) => booking),
    ),
    tickets.length > 0 && saveTickets(tx, tickets),
    uncounted.length > 0 &&
      returnQuotas(
        tx,
        uncounted.map(({ before: { userId, eventId, seats } }) => ({
          userId,
          eventId,
          seats: seats.length,
        })),
      ),
    freed.length > 0 &&
      freeHolds(
        tx,
        freed.map(({ before }) => before.id),
      ),
    journals.length > 0 && writeJournals(tx, journals),
    requestCalls(
      tx,
      changes.flatMap(({ plan, booking, payment, refund, origin }) =>
        plan.call
          ? [
              {
                kind: plan.call,
                bookingId: booking.id,
                paymentId: payment.id,
                refundId: refund?.id,
                origin,
              },
            ]
          : [],
      ),
    ),
    recordAudit(tx, ...changes.flatMap(auditOf)),
    enqueue(tx, ...changes.flatMap(messagesOf)),
  ]);
}

function messagesOf({ plan, booking, payment, origin }: Change): Message[] {
  const told = plan.announces ? announce(booking, origin) : undefined;
  const paid = plan.payment ? announcePayment(payment, booking, origin) : undefined;
  return [told, paid].filter((message) => message !== undefined);
}

/** One entry for each aggregate that changed (invariant 10). */
function auditOf({
  before,
  booking,
  paid,
  payment,
  reserved,
  changed,
  origin,
}: Change): AuditEntry[] {
  const why = booking.reason === null ? {} : { reason: booking.reason };
  const entries: AuditEntry[] = [
    {
      aggregateType: 'booking',
      aggregateId: booking.id,
      action: `booking.${booking.status}`,
      oldStatus: before.status,
      newStatus: booking.status,
      amountMinor: booking.totalMinor,
      currency: booking.currency,
      metadata: { holdId: booking.holdId, eventId: booking.eventId },
      ...why,
      origin,
    },
  ];
  if (payment.version !== paid.version) {
    entries.push({
      aggregateType: 'payment',
      aggregateId: payment.id,
      action: `payment.${payment.status}`,
      oldStatus: paid.status,
      newStatus: payment.status,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      metadata: { bookingId: booking.id, providerId: payment.providerId },
      ...why,
      origin,
    });
  }
  return [
    ...entries,
    ...[...reserved, ...changed].map((ticket) => ({
      aggregateType: 'ticket',
      aggregateId: ticket.id,
      action: `ticket.${ticket.newStatus}`,
      oldStatus: ticket.oldStatus,
      newStatus: ticket.newStatus,
      metadata: { bookingId: booking.id, eventId: booking.eventId, seatId: ticket.seatId },
      ...why,
      origin,
    })),
  ];
}
