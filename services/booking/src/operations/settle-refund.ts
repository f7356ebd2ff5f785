import { type Ignored, ignored } from '@holdfast/shared/errors.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import { announceRefund, LACK_OF_FUNDS, type Refund } from '../after-sale/refund.ts';
import type { Booking } from '../booking.ts';
import { announcePayment, type Payment } from '../payment.ts';
import { lockBookings } from '../stores/bookings.ts';
import { writeJournals } from '../stores/ledger.ts';
import { changedPayment, paymentsOf, savePayments } from '../stores/payments.ts';
import { type ProviderCall, settleCalls } from '../stores/provider-calls.ts';
import { awaitFunds, isCurrent } from '../stores/refund-calls.ts';
import { findRefund, refundsOf, saveRefund } from '../stores/refunds.ts';
import type { RefundOutcome } from '../stripe-refunds.ts';
import type { CheckoutDeps } from './advance-checkout.ts';
import { auditRefund } from './refund-entries.ts';

type Settlement = {
  readonly booking: Booking;
  readonly payment: Payment;
  readonly before: Refund;
  readonly refund: Refund;
  readonly call: ProviderCall;
};

/**
 * Draws the consequences of the provider's word on a refund: it is paid, or has failed, also one
 * that was paid before and whose money came back. One that lacks funds stays asked for and is tried
 * again after a growing delay.
 */
export async function settleRefund(
  deps: CheckoutDeps,
  call: ProviderCall,
  outcome: RefundOutcome,
): Promise<{ kind: 'accepted' } | Ignored> {
  const result = await deps.db.transaction(async (tx) => {
    const booking = (await lockBookings(tx, [call.bookingId])).get(call.bookingId);
    const before = call.refundId === null ? undefined : await findRefund(tx, call.refundId);
    const payment = (await paymentsOf(tx, [call.bookingId])).get(call.bookingId);
    if (booking === undefined || before === undefined || payment === undefined) {
      throw new Error(`the refund of call ${call.id} has gone`);
    }
    // A refusal of an earlier try says nothing of the one that is under way now.
    if (outcome.kind === 'refund_failed' && !(await isCurrent(tx, call))) return 'outdated';
    const lacksFunds = outcome.kind === 'refund_failed' && outcome.code === LACK_OF_FUNDS;
    if (lacksFunds && before.status === 'requested') {
      return (await awaitFunds(tx, call)) ? 'accepted' : 'repeated';
    }
    const status = outcome.kind === 'refunded' ? 'succeeded' : 'failed';
    if (!(await settleCalls(tx, [{ id: call.id, status, response: outcome }])).has(call.id)) {
      return 'repeated';
    }
    if (before.status === status) return 'as_known';
    const refund = settled(before, outcome, await instantOf(tx));
    await save(tx, { booking, payment, before, refund, call });
    return 'accepted';
  });
  if (result !== 'accepted') return ignored(result);
  deps.onEnqueued();
  return { kind: 'accepted' };
}

function settled(before: Refund, outcome: RefundOutcome, now: Date): Refund {
  const parts = { version: before.version + 1, changedAt: now };
  if (outcome.kind === 'refunded') {
    const { refundProviderId: providerId } = outcome;
    return { ...before, ...parts, status: 'succeeded', failure: null, providerId };
  }
  return {
    ...before,
    ...parts,
    status: 'failed',
    failure: outcome.code,
    failures: before.failures + 1,
    providerId: outcome.refundProviderId ?? before.providerId,
  };
}

/** Refund, payment, ledger, audit and messages. */
async function save(tx: Transaction, settlement: Settlement): Promise<void> {
  const { booking, before, refund, call } = settlement;
  await saveRefund(tx, refund);
  const payment = await savePaymentOf(tx, settlement);
  const kind = refund.status === 'succeeded' ? 'refund' : 'refund_failed';
  if (kind === 'refund' || before.status === 'succeeded') {
    await writeJournals(tx, [
      {
        kind,
        bookingId: booking.id,
        paymentId: refund.paymentId,
        refundId: refund.id,
        ofVersion: refund.version,
        eventId: booking.eventId,
        currency: refund.currency,
        amountMinor: refund.amountMinor,
      },
    ]);
  }
  await recordAudit(tx, auditRefund(refund, before.status, call.origin));
  await enqueue(tx, announceRefund(refund, booking, call.origin));
  if (payment === settlement.payment) return;
  await recordAudit(tx, {
    aggregateType: 'payment',
    aggregateId: payment.id,
    action: `payment.${payment.status}`,
    oldStatus: settlement.payment.status,
    newStatus: payment.status,
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    reason: refund.failure ?? refund.reason,
    metadata: {
      bookingId: booking.id,
      refundId: refund.id,
      refundProviderId: refund.providerId,
    },
    origin: call.origin,
  });
  const message = payment.status === 'refunded' && announcePayment(payment, booking, call.origin);
  if (message) await enqueue(tx, message);
}

/** A payment is refunded once all that was captured is with the buyer again, and only so long. */
async function savePaymentOf(tx: Transaction, settlement: Settlement): Promise<Payment> {
  const { booking, payment } = settlement;
  const paidBack = (await refundsOf(tx, booking.id))
    .filter(({ status }) => status === 'succeeded')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const status = paidBack === payment.capturedMinor ? 'refunded' : 'captured';
  if (status === payment.status) return payment;
  const changed = changedPayment(payment, { status }, settlement.refund.changedAt);
  await savePayments(tx, [changed]);
  return changed;
}
