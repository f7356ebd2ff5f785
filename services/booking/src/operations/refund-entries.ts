import type { Origin } from '@holdfast/shared/origin.ts';
import type { AuditEntry } from '@holdfast/shared/postgres/audit.ts';
import type { Refund, RefundStatus } from '../after-sale/refund.ts';

/** The audit entry of a refund's change; the first has no `before`. */
export function auditRefund(
  refund: Refund,
  before: RefundStatus | null,
  origin: Origin,
): AuditEntry {
  return {
    aggregateType: 'refund',
    aggregateId: refund.id,
    action: `refund.${refund.status}`,
    oldStatus: before,
    newStatus: refund.status,
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    reason: refund.status === 'failed' ? (refund.failure ?? refund.reason) : refund.reason,
    metadata: {
      bookingId: refund.bookingId,
      paymentId: refund.paymentId,
      providerId: refund.providerId,
      ...(before === null && { shares: refund.shares }),
    },
    origin,
  };
}
