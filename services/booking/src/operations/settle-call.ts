import { type Ignored, ignored, type Refusal } from '@holdfast/shared/errors.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { instantOf } from '@holdfast/shared/postgres/database.ts';
import { announcePayment } from '../payment.ts';
import type { ProviderOutcome } from '../payment-provider.ts';
import { lockBookings } from '../stores/bookings.ts';
import { writeJournals } from '../stores/ledger.ts';
import {
  changedPayment,
  findRefund,
  paymentsOf,
  savePayments,
  saveRefundDone,
} from '../stores/payments.ts';
import { type ProviderCall, settleCalls } from '../stores/provider-calls.ts';
import type { Advance, CheckoutDeps } from './advance-checkout.ts';

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
  return deps.advance({
    bookingId: call.bookingId,
    origin: call.origin,
    providerId: 'providerId' in outcome ? outcome.providerId : undefined,
    cause: causeOf(call, outcome),
    command: commandOf(call, outcome),
  });
}

function commandOf(
  call: ProviderCall,
  outcome: Exclude<CertainOutcome, { kind: 'refunded' }>,
): Advance['command'] {
  switch (outcome.kind) {
    case 'authorized':
      return { kind: 'authorized' };
    case 'declined':
      return { kind: 'declined', reason: outcome.code };
    case 'processing':
      return { kind: 'processing' };
    case 'captured':
      return { kind: call.kind === 'void' ? 'captured_unasked' : 'captured' };
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

function causeOf(call: ProviderCall, outcome: CertainOutcome) {
  const failed = outcome.kind === 'declined' || outcome.kind === 'capture_refused';
  return {
    kind: 'call' as const,
    id: call.id,
    status: failed ? ('failed' as const) : ('succeeded' as const),
    response: outcome,
  };
}

/** Money is back with the buyer: refund, payment, ledger, audit and message. */
async function settleRefund(
  deps: CheckoutDeps,
  call: ProviderCall,
  refundProviderId: string,
): Promise<{ kind: 'accepted' } | Ignored> {
  const settled = await deps.db.transaction(async (tx) => {
    const locked = (await lockBookings(tx, [call.bookingId])).get(call.bookingId);
    if (locked === undefined || call.refundId === null) return false;
    const outcome: CertainOutcome = { kind: 'refunded', refundProviderId };
    if (!(await settleCalls(tx, [causeOf(call, outcome)])).has(call.id)) return false;
    const refund = await findRefund(tx, call.refundId);
    await saveRefundDone(tx, refund.id, refundProviderId);
    const before = (await paymentsOf(tx, [locked.id])).get(locked.id);
    if (before === undefined) throw new Error(`booking ${locked.id} has no payment`);
    const payment = changedPayment(before, { status: 'refunded' }, await instantOf(tx));
    await savePayments(tx, [payment]);
    await writeJournals(tx, [
      {
        kind: 'refund',
        bookingId: locked.id,
        paymentId: payment.id,
        refundId: refund.id,
        eventId: locked.eventId,
        currency: refund.currency,
        amountMinor: refund.amountMinor,
      },
    ]);
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
