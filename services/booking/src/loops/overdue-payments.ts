import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import { findOverdue } from '../stores/payments.ts';

const AT_ONCE = 100;

/**
 * Has payments voided that the provider has worked on for too long, so that seats do not stay
 * pinned for ever. They are freed only when the void is certain: `voided`, never before.
 */
export function createOverduePaymentLoop(
  deps: CheckoutDeps & { limitSeconds: number; log: Logger; intervalMs?: number },
): Loop {
  const { db, limitSeconds, log } = deps;
  return createLoop({
    name: 'overdue-payments',
    intervalMs: deps.intervalMs ?? 5_000,
    log,
    async round() {
      const ids = await findOverdue(db, limitSeconds, AT_ONCE);
      const origin = systemOrigin('overdue-payments', newId());
      const results = await Promise.all(
        ids.map((bookingId) =>
          deps.advance({ bookingId, origin, command: { kind: 'payment_overdue' } }),
        ),
      );
      return results.filter(({ kind }) => kind === 'accepted').length;
    },
  });
}
