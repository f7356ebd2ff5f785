import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { announce } from '../booking.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import { takeUnanswered } from '../stores/bookings.ts';

const AT_ONCE = 100;

/**
 * Asks catalog again about bookings whose pin it has not answered for too long, so that none
 * rests as authorized (invariant 14). The repeat has the id of the first message.
 */
export function createUnansweredPinLoop(
  deps: CheckoutDeps & { limitSeconds: number; log: Logger; intervalMs?: number },
): Loop {
  const { db, limitSeconds, log } = deps;
  return createLoop({
    name: 'unanswered-pins',
    intervalMs: deps.intervalMs ?? 5_000,
    log,
    async round() {
      const asked = await db.transaction(async (tx) => {
        const bookings = await takeUnanswered(tx, limitSeconds, AT_ONCE);
        const origin = systemOrigin('unanswered-pins', newId());
        const messages = bookings.map((booking) => announce(booking, origin));
        await enqueue(tx, ...messages.filter((message) => message !== undefined));
        return bookings;
      });
      for (const booking of asked) {
        log.warn('booking.pin_asked_again', { bookingId: booking.id });
      }
      if (asked.length > 0) deps.onEnqueued();
      return asked.length;
    },
  });
}
