import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import { announceRefund, type Refund } from '../after-sale/refund.ts';
import { lockBookings } from '../stores/bookings.ts';
import { repeatRefundCall } from '../stores/refund-calls.ts';
import { findRefund, saveRefund } from '../stores/refunds.ts';
import type { CheckoutDeps } from './advance-checkout.ts';
import { auditRefund } from './refund-entries.ts';

/**
 * Has the provider asked again for a refund that failed, or at once for one that waits for funds. One
 * that is asked for or paid is answered as it stands, so that two operators do no harm.
 */
export async function retryRefund(
  deps: CheckoutDeps & { onCallsDue: () => void },
  command: { refundId: string; origin: Origin },
): Promise<Refund | Refusal> {
  const result = await deps.db.transaction((tx) => retry(tx, command));
  if (!isRefusal(result)) {
    deps.onEnqueued();
    deps.onCallsDue();
  }
  return result;
}

async function retry(
  tx: Transaction,
  { refundId, origin }: { refundId: string; origin: Origin },
): Promise<Refund | Refusal> {
  const found = await findRefund(tx, refundId);
  const booking = found && (await lockBookings(tx, [found.bookingId])).get(found.bookingId);
  const before = booking && (await findRefund(tx, refundId));
  if (booking === undefined || before === undefined) {
    return refused('refund_not_found', `There is no refund ${refundId}.`);
  }
  if (before.status === 'succeeded') {
    return refused('refund_not_failed', `The refund ${refundId} has been paid.`);
  }
  await repeatRefundCall(tx, refundId);
  if (before.status === 'requested') return before;
  const refund: Refund = {
    ...before,
    status: 'requested',
    providerId: null,
    version: before.version + 1,
    changedAt: await instantOf(tx),
  };
  await saveRefund(tx, refund);
  await recordAudit(tx, auditRefund(refund, before.status, origin));
  await enqueue(tx, announceRefund(refund, booking, origin));
  return refund;
}
