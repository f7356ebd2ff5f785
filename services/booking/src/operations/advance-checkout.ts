import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { type Ignored, ignored, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { type AuditEntry, recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { announce, type Booking } from '../booking.ts';
import { type CheckoutCommand, type CheckoutPlan, decide } from '../checkout.ts';
import { announcePayment, type Payment } from '../payment.ts';
import { freeHold, lockBooking, saveBooking } from '../stores/bookings.ts';
import { writeJournal } from '../stores/ledger.ts';
import { insertRefund, paymentOf, savePayment } from '../stores/payments.ts';
import { requestCall } from '../stores/provider-calls.ts';
import { returnQuota } from '../stores/quotas.ts';
import { changeTickets, type TicketChange } from '../stores/tickets.ts';

export type CheckoutDeps = {
  readonly db: Database;
  /** Told after each commit that changed a booking's status, and whether it asks for a call. */
  readonly onChanged: (booking: Booking, next: { asksProvider: boolean }) => void;
  /** Told after each other commit that left messages in the outbox. */
  readonly onEnqueued: () => void;
};

export type Advance = {
  readonly bookingId: string;
  readonly origin: Origin;
  /** The provider's id of the payment, where this step learnt it. */
  readonly providerId?: string | undefined;
  /** Marks the cause as having its effect, in the same transaction; false when it had before. */
  readonly admit?: (tx: Transaction) => Promise<boolean>;
  /** The command, from what can only be known under the booking's lock. */
  readonly command: (
    tx: Transaction,
    booking: Booking,
  ) => Promise<CheckoutCommand | { command: CheckoutCommand; tickets: TicketChange[] }>;
};

/**
 * Takes a checkout one step on, in one transaction: lock, decide, and save booking, payment,
 * tickets, ledger, the next call's intent, audit and outbox together. What is ignored still
 * marks its cause, so that it is not asked again.
 */
export async function advanceCheckout(
  deps: CheckoutDeps,
  step: Advance,
): Promise<{ kind: 'accepted'; booking: Booking } | Ignored | Refusal> {
  const result = await deps.db.transaction(async (tx) => {
    const booking = await lockBooking(tx, step.bookingId);
    if (booking === undefined) return refused('booking_not_found', `There is no such booking.`);
    const [isAdmitted, paid] = await Promise.all([
      step.admit?.(tx) ?? true,
      paymentOf(tx, booking.id),
    ]);
    if (!isAdmitted) return ignored('repeated');
    const asked = await step.command(tx, booking);
    const { command, tickets } = 'command' in asked ? asked : { command: asked, tickets: [] };
    const plan = decide(command, booking);
    if (plan.kind !== 'accepted') return plan;
    return {
      kind: 'accepted' as const,
      asksProvider: plan.call !== undefined,
      booking: await apply(tx, { booking, paid, plan, step, tickets }),
    };
  });
  if (result.kind === 'accepted') deps.onChanged(result.booking, result);
  return result;
}

async function apply(
  tx: Transaction,
  change: {
    booking: Booking;
    paid: Payment;
    plan: CheckoutPlan;
    step: Advance;
    tickets: TicketChange[];
  },
): Promise<Booking> {
  const { booking: before, paid, plan, step } = change;
  const { origin } = step;
  const { id, userId, eventId } = before;
  const [saved, payment, changedTickets] = await Promise.all([
    saveBooking(tx, before, plan),
    plan.payment
      ? savePayment(tx, paid, { status: plan.payment, providerId: step.providerId })
      : paid,
    plan.tickets ? changeTickets(tx, before, plan.tickets) : [],
    plan.freesHold && freeHold(tx, id),
    plan.freesQuota && returnQuota(tx, { userId, eventId, seats: before.seats.length }),
  ]);
  const tickets = [...change.tickets, ...changedTickets];
  const booking = { ...saved, seats: withTickets(saved, tickets) };

  const messages: (Message | undefined)[] = [];
  if (plan.announces) messages.push(announce(booking, origin));
  if (plan.payment) messages.push(announcePayment(payment, booking, origin));
  const refundId = await moveMoney(tx, { booking, payment, plan });
  const call = { bookingId: id, paymentId: payment.id, refundId, origin };
  await Promise.all([
    plan.call && requestCall(tx, { ...call, kind: plan.call }),
    recordAudit(tx, ...auditOf({ before, booking, paid, payment, tickets, origin })),
    enqueue(tx, ...messages.filter((message) => message !== undefined)),
  ]);
  return booking;
}

function withTickets(booking: Booking, changes: readonly TicketChange[]): Booking['seats'] {
  return booking.seats.map((seat) => {
    const change = changes.findLast(({ seatId }) => seatId === seat.seatId);
    return change ? { ...seat, ticketId: change.id, ticketStatus: change.newStatus } : seat;
  });
}

/** The refund that is owed and the journals of what has moved; answers the refund's id. */
async function moveMoney(
  tx: Transaction,
  change: { booking: Booking; payment: Payment; plan: CheckoutPlan },
): Promise<string | undefined> {
  const { booking, payment, plan } = change;
  const owed = payment.capturedMinor - payment.refundedMinor;
  const reason = booking.reason ?? 'cancelled';
  const refundId =
    plan.call === 'refund'
      ? await insertRefund(tx, payment, { amountMinor: owed, reason })
      : undefined;
  for (const kind of plan.journals ?? []) {
    await writeJournal(tx, kind, {
      bookingId: booking.id,
      paymentId: payment.id,
      eventId: booking.eventId,
      currency: payment.currency,
      refundId: kind === 'capture' ? null : (refundId ?? null),
      amountMinor: kind === 'capture' ? payment.amountMinor : owed,
    });
  }
  return refundId;
}

/** One entry for each aggregate that changed (invariant 10). */
function auditOf(change: {
  before: Booking;
  booking: Booking;
  paid: Payment;
  payment: Payment;
  tickets: readonly TicketChange[];
  origin: Origin;
}): AuditEntry[] {
  const { before, booking, paid, payment, tickets, origin } = change;
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
    ...tickets.map((ticket) => ({
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
