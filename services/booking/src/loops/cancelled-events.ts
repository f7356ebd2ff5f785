import { isRefusal } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import { cancelBooking } from '../operations/cancel-booking.ts';
import { findSoldOfCancelledEvents } from '../stores/bookings.ts';

const AT_ONCE = 100;

/**
 * Cancels and refunds what was sold of an event before it was cancelled. Checkouts under way see
 * the cancellation themselves; one that confirmed a moment before it is found here.
 */
export function createCancelledEventLoop(
  deps: CheckoutDeps & { log: Logger; intervalMs?: number },
): Loop {
  return createLoop({
    name: 'cancelled-events',
    intervalMs: deps.intervalMs ?? 5_000,
    log: deps.log,
    async round() {
      const ids = await findSoldOfCancelledEvents(deps.db, AT_ONCE);
      const origin = systemOrigin('cancelled-events', newId());
      let cancelled = 0;
      for (const bookingId of ids) {
        const result = await cancelBooking(deps, { bookingId, reason: 'event_cancelled', origin });
        if (!isRefusal(result)) cancelled += 1;
      }
      return cancelled;
    },
  });
}
