import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { type AuditEntry, recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import type { Cancellation } from '../after-sale/cancellation.ts';
import { leftOf, partsOfShares, pricePartsOf, type Share } from '../after-sale/price-parts.ts';
import { announceRefund, newRefund, type Refund } from '../after-sale/refund.ts';
import { announce, announceCancelledSeats, type Booking, liveSeatsOf } from '../booking.ts';
import type { CallKind, CheckoutPlan } from '../checkout.ts';
import { announcePayment, type Payment, withRefund } from '../payment.ts';
import { partsOf, sumOf } from '../quote.ts';
import { saveBookings } from '../stores/bookings.ts';
import { freeHolds } from '../stores/hold-claims.ts';
import { type Journal, writeJournals } from '../stores/ledger.ts';
import { changedPayment, savePayments } from '../stores/payments.ts';
import { type Lease, requestCalls } from '../stores/provider-calls.ts';
import { returnQuotas } from '../stores/quotas.ts';
import { insertRefunds } from '../stores/refunds.ts';
import { saveTickets, type TicketChange, ticketChanges } from '../stores/tickets.ts';
import { endOffersOf } from './end-transfers.ts';
import { auditRefund } from './refund-entries.ts';

/** Everything that one step changes. */
export type Change = {
  readonly before: Booking;
  readonly booking: Booking;
  readonly plan: CheckoutPlan;
  readonly origin: Origin;
  readonly reserved: readonly TicketChange[];
  readonly changed: readonly TicketChange[];
  /** How many seats stop counting towards the account's limit, if any do. */
  readonly freedSeats: number;
  /** Undefined for a booking without a price. */
  readonly money: Money | undefined;
};

type Money = {
  readonly before: Payment;
  readonly payment: Payment;
  readonly call: CallKind | undefined;
  readonly refund: Refund | undefined;
  readonly journals: readonly Journal[];
};

/** Works a plan out: what the booking, its payment and its tickets are afterwards. Pure. */
export function carryOut(
  step: { origin: Origin; providerId?: string | undefined },
  given: Pick<Change, 'before' | 'plan' | 'reserved'> & {
    paid: Payment | undefined;
    repaid: readonly Share[];
    /** Which seats are cancelled and what of their price is kept; else all, and nothing is. */
    cancellation?: Cancellation;
    now: Date;
  },
): Change {
  const { before, plan, reserved, cancellation, now } = given;
  const seated = { ...before, seats: withTickets(before, reserved) };
  const changed = plan.tickets ? ticketChanges(seated, plan.tickets, cancellation?.seatIds) : [];
  const booking: Booking = {
    ...before,
    status: plan.status,
    // Of a booking that stays as it is, it is the reason of what became of some of its seats.
    reason: plan.status === before.status ? before.reason : plan.reason,
    version: before.version + 1,
    changedAt: now,
    seats: withTickets(seated, changed),
  };
  const wholly = before.status === 'confirmed' ? liveSeatsOf(before) : undefined;
  const cancelled = cancellation ?? whollyRepaid(before, given.repaid, wholly);
  const money = given.paid && moveMoney(given.paid, booking, { ...given, ...step, cancelled });
  // A confirmed booking may have lost seats before, which do not count any more.
  const freedSeats = before.status === 'confirmed' ? changed.length : before.seats.length;
  return { before, booking, plan, origin: step.origin, reserved, changed, freedSeats, money };
}

function moveMoney(
  before: Payment,
  booking: Booking,
  given: {
    plan: CheckoutPlan;
    providerId?: string | undefined;
    origin: Origin;
    cancelled: Pick<Cancellation, 'shares' | 'keptMinor'>;
    now: Date;
  },
): Money {
  const { plan, providerId, origin, cancelled, now } = given;
  const moved = plan.payment
    ? changedPayment(before, { status: plan.payment, providerId }, now)
    : before;
  const refund =
    plan.call === 'refund'
      ? newRefund({
          id: newId(),
          payment: moved,
          shares: cancelled.shares,
          reason: plan.reason ?? 'cancelled',
          origin,
          now,
        })
      : undefined;
  const owed = partsOfShares(refund?.shares ?? []);
  const repaid = refund ? withRefund(moved, owed) : moved;
  const payment =
    plan.call === 'refund' && cancelled.keptMinor > 0
      ? { ...repaid, keptMinor: repaid.keptMinor + cancelled.keptMinor }
      : repaid;
  const journals = (plan.journals ?? []).map((kind) => ({
    kind,
    bookingId: booking.id,
    paymentId: payment.id,
    eventId: booking.eventId,
    currency: payment.currency,
    refundId: kind === 'capture' ? null : (refund?.id ?? null),
    ofVersion: kind === 'capture' ? null : booking.version,
    parts: kind === 'capture' ? partsOf(booking.lines) : owed,
  }));
  return {
    before,
    payment,
    // Where all has been repaid before there is nothing to ask for.
    call: plan.call === 'refund' && refund === undefined ? undefined : plan.call,
    refund,
    journals: journals.filter(({ parts }) => sumOf(parts) > 0),
  };
}

/** All that is left of the price of these seats and of the order; of every seat unless some are named. */
function whollyRepaid(
  booking: Booking,
  repaid: readonly Share[],
  seatIds: readonly string[] | undefined,
): Pick<Cancellation, 'shares' | 'keptMinor'> {
  const left = leftOf(pricePartsOf(booking, repaid));
  const shares = left.filter(
    ({ seatId }) => seatId === null || (seatIds?.includes(seatId) ?? true),
  );
  return { shares, keptMinor: 0 };
}

function withTickets(booking: Booking, changes: readonly TicketChange[]): Booking['seats'] {
  return booking.seats.map((seat) => {
    const change = changes.findLast(({ seatId }) => seatId === seat.seatId);
    return change ? { ...seat, ticketId: change.id, ticketStatus: change.newStatus } : seat;
  });
}

/** Writes the changes of locked bookings, one statement a table. */
export async function saveChanges(
  tx: Transaction,
  changes: readonly Change[],
  lease?: Lease,
): Promise<void> {
  if (changes.length === 0) return;
  const moneys = changes.flatMap(({ money, booking, origin }) =>
    money ? [{ ...money, booking, origin }] : [],
  );
  const payments = moneys.filter(({ before, payment }) => payment !== before);
  const refunds = moneys.flatMap(({ refund }) => refund ?? []);
  const journals = moneys.flatMap((money) => money.journals);
  const tickets = changes.flatMap(({ changed }) => changed);
  const freed = changes.filter(({ plan }) => plan.freesHold);
  const uncounted = changes.filter(({ plan }) => plan.freesQuota);
  const savePaid = () =>
    savePayments(
      tx,
      payments.map(({ payment }) => payment),
    );
  // Journals and calls refer to refunds, and these are bounded by what their payments say.
  if (refunds.length > 0) {
    await savePaid();
    await insertRefunds(tx, refunds);
  }
  await endOffersOf(tx, changes.flatMap(soldAndVoid));
  await Promise.all([
    refunds.length === 0 && payments.length > 0 && savePaid(),
    saveBookings(
      tx,
      changes.map(({ booking }) => booking),
    ),
    tickets.length > 0 && saveTickets(tx, tickets),
    uncounted.length > 0 &&
      returnQuotas(
        tx,
        uncounted.map(({ before: { userId, eventId }, freedSeats: seats }) => ({
          userId,
          eventId,
          seats,
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
      moneys.flatMap(({ call: kind, booking, payment, refund, origin }) =>
        kind ? [{ kind, booking, payment, refundId: refund?.id, origin }] : [],
      ),
      lease,
    ),
    recordAudit(tx, ...changes.flatMap(auditOf)),
    enqueue(tx, ...changes.flatMap(messagesOf)),
  ]);
}

/** Tickets that could be on offer: of others nobody had any right yet. */
function soldAndVoid({ changed, origin }: Change): { ticketId: string; origin: Origin }[] {
  return changed.flatMap(({ id, oldStatus, newStatus }) =>
    oldStatus === 'live' && newStatus === 'void' ? [{ ticketId: id, origin }] : [],
  );
}

function tell({ before, booking, changed, origin }: Change): Message | undefined {
  return before.status === 'confirmed' && booking.status === 'confirmed'
    ? announceCancelledSeats(booking, changed, origin)
    : announce(booking, origin);
}

/** Whether a plan's change is told of: the middle states of our own are not. */
export function leavesMessages({ announces, payment, call, retakes }: CheckoutPlan): boolean {
  return announces || payment !== undefined || call === 'refund' || retakes === true;
}

function messagesOf(change: Change): Message[] {
  const { plan, booking, money, origin } = change;
  const told = plan.announces ? tell(change) : undefined;
  const paid = plan.payment && money && announcePayment(money.payment, booking, origin);
  const owed = money?.refund && announceRefund(money.refund, booking, origin);
  return [told, paid, owed].filter((message) => message !== undefined);
}

/** One entry for each aggregate that changed (invariant 10). */
function auditOf(change: Change): AuditEntry[] {
  const { before, booking, plan, money, reserved, changed, origin } = change;
  const why = plan.reason === null ? {} : { reason: plan.reason };
  const isPart = before.status === 'confirmed' && booking.status === 'confirmed';
  const entries: AuditEntry[] = [
    {
      aggregateType: 'booking',
      aggregateId: booking.id,
      action: isPart ? 'booking.seats_cancelled' : `booking.${booking.status}`,
      oldStatus: before.status,
      newStatus: booking.status,
      amountMinor: booking.totalMinor,
      currency: booking.currency,
      metadata: {
        holdId: booking.holdId,
        eventId: booking.eventId,
        ...(isPart && { seats: changed.map(({ seatId }) => seatId) }),
      },
      ...why,
      origin,
    },
  ];
  if (money && money.payment.version !== money.before.version) {
    const { payment } = money;
    entries.push({
      aggregateType: 'payment',
      aggregateId: payment.id,
      action: `payment.${payment.status}`,
      oldStatus: money.before.status,
      newStatus: payment.status,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      metadata: { bookingId: booking.id, providerId: payment.providerId },
      ...why,
      origin,
    });
  }
  if (money?.refund) entries.push(auditRefund(money.refund, null, origin));
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
