import { type Ignored, ignored, type Refusal } from '@holdfast/shared/errors.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import type { CheckoutCommand } from '../checkout.ts';
import { announcePayment } from '../payment.ts';
import type { ProviderOutcome } from '../payment-provider.ts';
import { lockBooking } from '../stores/bookings.ts';
import { isEventCancelled } from '../stores/events.ts';
import { writeJournal } from '../stores/ledger.ts';
import { findRefund, paymentOf, savePayment, saveRefundDone } from '../stores/payments.ts';
import { type ProviderCall, settleCall } from '../stores/provider-calls.ts';
import { advanceCheckout, type CheckoutDeps } from './advance-checkout.ts';

export type CertainOutcome = Exclude<ProviderOutcome, { kind: 'unknown' }>;

/**
 * Draws the consequences of a call whose outcome is certain, in the transaction that marks it as
 * settled: a second settlement of the same call changes nothing (invariant 9).
 */
export async function settleOutcome(
  deps: CheckoutDeps,
  call: ProviderCall,
  outcome: CertainOutcome,
): Promise<{ kind: 'accepted' } | Ignored | Refusal> {
  if (outcome.kind === 'refunded') {
    return settleRefund(deps, call, outcome.refundProviderId);
  }
  return advanceCheckout(deps, {
    bookingId: call.bookingId,
    origin: call.origin,
    providerId: 'providerId' in outcome ? outcome.providerId : undefined,
    admit: (tx) => markSettled(tx, call, outcome),
    command: (tx) => commandOf(tx, call, outcome),
  });
}

async function commandOf(
  tx: Transaction,
  call: ProviderCall,
  outcome: Exclude<CertainOutcome, { kind: 'refunded' }>,
): Promise<CheckoutCommand> {
  switch (outcome.kind) {
    case 'authorized':
      return { kind: 'authorized' };
    case 'declined':
      return { kind: 'declined', reason: outcome.code };
    case 'captured':
      if (call.kind === 'void') return { kind: 'captured_unasked' };
      return { kind: 'captured', eventCancelled: await isEventCancelled(tx, call.eventId) };
    case 'capture_refused':
      return {
        kind: 'capture_refused',
        reason: outcome.code,
        authorizationLives: outcome.authorizationLives,
      };
    case 'voided':
      return { kind: 'voided' };
  }
}

function markSettled(
  tx: Transaction,
  call: ProviderCall,
  outcome: CertainOutcome,
): Promise<boolean> {
  const failed = outcome.kind === 'declined' || outcome.kind === 'capture_refused';
  return settleCall(tx, call.id, { status: failed ? 'failed' : 'succeeded', response: outcome });
}

/** Money is back with the buyer: refund, payment, ledger, audit and message. */
async function settleRefund(
  deps: CheckoutDeps,
  call: ProviderCall,
  refundProviderId: string,
): Promise<{ kind: 'accepted' } | Ignored> {
  const settled = await deps.db.transaction(async (tx) => {
    const locked = await lockBooking(tx, call.bookingId);
    if (locked === undefined || call.refundId === null) return false;
    const outcome: CertainOutcome = { kind: 'refunded', refundProviderId };
    if (!(await markSettled(tx, call, outcome))) return false;
    const refund = await findRefund(tx, call.refundId);
    await saveRefundDone(tx, refund.id, refundProviderId);
    const before = await paymentOf(tx, locked.id);
    const payment = await savePayment(tx, before, { status: 'refunded' });
    await writeJournal(tx, 'refund', {
      bookingId: locked.id,
      paymentId: payment.id,
      refundId: refund.id,
      eventId: locked.eventId,
      currency: refund.currency,
      amountMinor: refund.amountMinor,
    });
    await recordAudit(tx, {
      aggregateType: 'payment',
      aggregateId: payment.id,
      action: 'payment.refunded',
      oldStatus: before.status,
      newStatus: payment.status,
      amountMinor: refund.amountMinor,
      currency: refund.currency,
      ...(locked.reason !== null && { reason: locked.reason }),
      metadata: { bookingId: locked.id, refundId: refund.id, refundProviderId },
      origin: call.origin,
    });
    const message = announcePayment(payment, locked, call.origin);
    if (message) await enqueue(tx, message);
    return true;
  });
  if (!settled) return ignored('repeated');
  deps.onEnqueued();
  return { kind: 'accepted' };
}
