import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import { readMessage } from '@holdfast/shared/contracts/contract.ts';
import { HOLD_CONTRACTS } from '@holdfast/shared/contracts/holds.ts';
import type { BookingMetrics } from '../metrics.ts';
import { type CheckoutDeps, CONSUMER } from '../operations/advance-checkout.ts';
import { receivePin } from '../operations/receive-pin.ts';

/** Steps go to the database together, so these take no more connections than a few. */
const AT_ONCE = 128;

/** Catalog's answers to pins. What is ignored, late or refused is counted and acknowledged. */
export function consumeHolds(
  deps: CheckoutDeps & { bus: Bus; metrics: BookingMetrics },
): Subscription {
  return deps.bus.subscribe({
    group: CONSUMER,
    topics: ['catalog.holds'],
    atOnce: AT_ONCE,
    async onMessage(received) {
      const contract = HOLD_CONTRACTS.find(({ type }) => type === received.type);
      const message = contract && readMessage(contract, received);
      if (message === undefined) return;
      const result = await receivePin(deps, message);
      if (result.kind === 'accepted') return;
      const reason = result.kind === 'ignored' ? result.reason : result.code;
      deps.metrics.messagesIgnored.inc({ type: message.type, reason });
    },
  });
}
