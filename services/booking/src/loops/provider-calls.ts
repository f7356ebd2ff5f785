import { monotonicMs } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { isOutage } from '@holdfast/shared/outage.ts';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { BookingMetrics } from '../metrics.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import { type CertainOutcome, settleOutcome } from '../operations/settle-call.ts';
import type { PaymentProvider } from '../payment-provider.ts';
import { claimCalls, type ProviderCall, postponeCall } from '../stores/provider-calls.ts';

/** Of the places for calls at most this share is for refunds: however many wait, buyers do not. */
const REFUND_SHARE = 0.25;

/**
 * Does the provider calls that transactions have asked for. A round takes what is due up to the
 * free places and does not wait for it, so that a slow answer holds up only its own booking.
 * A crash leaves the row: its lease runs out and the same request is sent again. While the provider
 * does not answer, what is due waits; then one call at a time finds out whether it does again.
 */
export function createProviderCallLoop(
  deps: CheckoutDeps & {
    provider: PaymentProvider;
    metrics: BookingMetrics;
    log: Logger;
    /** Most calls at a time. */
    concurrency: number;
    intervalMs?: number;
  },
): Loop & { underWay: () => number } {
  const { db, provider, metrics, log, concurrency } = deps;
  const underWay = new Set<Promise<void>>();
  const mostRefunds = Math.max(1, Math.floor(concurrency * REFUND_SHARE));
  let refundsUnderWay = 0;
  let claimed = 0;
  // An outcome is known but the database is away: hold on to it for most of the lease.
  const persist = retry(handleWhen(isOutage), {
    maxAttempts: 6,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 2_000 }),
  });

  async function perform(call: ProviderCall): Promise<void> {
    const startedAt = monotonicMs();
    const outcome = await provider.run(call);
    const seconds = (monotonicMs() - startedAt) / 1_000;
    metrics.providerCallSeconds.observe({ kind: call.kind, outcome: outcome.kind }, seconds);
    const fields = { callId: call.id, bookingId: call.bookingId, call: call.kind };
    if (outcome.kind === 'unknown') {
      log.warn('provider_call.unsettled', { ...fields, ...outcome, attempts: call.attempts });
      await persist.execute(() => postponeCall(db, call, outcome));
      return;
    }
    await persist.execute(() => settle(call, outcome));
    log.info('provider_call.settled', { ...fields, outcome: outcome.kind });
  }

  async function settle(call: ProviderCall, outcome: CertainOutcome): Promise<void> {
    const result = await settleOutcome(deps, call, outcome);
    if (result.kind !== 'accepted') {
      log.warn('provider_call.without_effect', { callId: call.id, outcome: outcome.kind, result });
    }
  }

  const loop = createLoop({
    name: 'provider-calls',
    intervalMs: deps.intervalMs ?? 500,
    log,
    async round() {
      const free = Math.min(concurrency - underWay.size, provider.breaker.room());
      claimed = 0;
      if (free <= 0) return 0;
      const refundPlaces = mostRefunds - refundsUnderWay;
      const calls = await claimCalls(db, { all: free, refunds: refundPlaces });
      claimed = calls.length;
      const refunds = calls.filter(({ kind }) => kind === 'refund').length;
      for (const call of calls) {
        if (call.kind === 'refund') refundsUnderWay += 1;
        const work = perform(call)
          .catch((error) =>
            log.error('provider_call.failed', { callId: call.id, error: describeError(error) }),
          )
          .finally(() => {
            const wasFull = underWay.size === concurrency || refundsUnderWay === mostRefunds;
            underWay.delete(work);
            if (call.kind === 'refund') refundsUnderWay -= 1;
            if (wasFull || provider.breaker.state().kind !== 'closed') loop.wake();
          });
        underWay.add(work);
      }
      // Fewer than there were places for: no more are due, so no round follows at once.
      return claimed < free && refunds < refundPlaces ? 0 : claimed;
    },
  });

  return {
    ...loop,
    underWay: () => underWay.size,
    async drain() {
      let isBusy: boolean;
      do {
        await loop.drain();
        // What is under way may have kept others from their place.
        isBusy = underWay.size > 0;
        await Promise.all(underWay);
      } while (claimed > 0 || isBusy);
    },
    async stop() {
      await loop.stop();
      await Promise.all(underWay);
    },
  };
}
