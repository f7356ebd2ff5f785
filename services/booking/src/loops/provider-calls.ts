import { monotonicMs } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { isOutage } from '@holdfast/shared/outage.ts';
import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import type { BookingMetrics } from '../metrics.ts';
import type { CheckoutDeps, StepDeps } from '../operations/advance-checkout.ts';
import { type CertainOutcome, settleOutcome } from '../operations/settle-call.ts';
import type { PaymentProvider } from '../payment-provider.ts';
import {
  claimCalls,
  type Lease,
  type ProviderCall,
  postponeCall,
} from '../stores/provider-calls.ts';

/** Of the places for calls at most this share is for refunds: however many wait, buyers do not. */
const REFUND_SHARE = 0.25;

/**
 * Does the provider calls that transactions have asked for: at once after the commit what they leased
 * (`withLeases`), and in rounds what is left. A round takes what is due up to the free places and does
 * not wait for it, so that a slow answer holds up only its own booking. A crash leaves the row: its
 * lease runs out and the same request is sent again. While the provider does not answer, what is due
 * waits; then one call at a time finds out whether it does again.
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
): Loop & { underWay: () => number; withLeases: StepDeps['withLeases'] } {
  const { db, provider, metrics, log, concurrency } = deps;
  const underWay = new Set<Promise<void>>();
  /** Places of calls whose claims or intents are being committed. */
  let kept = 0;
  /** Calls that this process has a lease on, should their transactions have been committed. */
  let doubtful: string[] = [];
  let isStopping = false;
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

  const freePlaces = () => concurrency - underWay.size - kept;

  function start(call: ProviderCall): void {
    if (call.kind === 'refund') refundsUnderWay += 1;
    const work = perform(call)
      .catch((error) =>
        log.error('provider_call.failed', { callId: call.id, error: describeError(error) }),
      )
      .finally(() => {
        const wasFull = freePlaces() === 0 || refundsUnderWay === mostRefunds;
        underWay.delete(work);
        if (call.kind === 'refund') refundsUnderWay -= 1;
        if (wasFull || provider.breaker.state().kind !== 'closed') loop.wake();
      });
    underWay.add(work);
  }

  /**
   * Runs a transaction that may lease the calls it asks for, as many as there are places, but for
   * refunds. They are made directly after its commit. If it fails nobody knows whether it has been
   * committed: the next round claims those that are there.
   */
  async function withLeases<T>(transact: (lease: Lease) => Promise<T>): Promise<T> {
    const leased: ProviderCall[] = [];
    let asked = 0;
    const lease: Lease = (calls) => {
      const isOpen = !isStopping && provider.breaker.state().kind === 'closed';
      const mine = calls
        .filter(({ kind }) => kind !== 'refund')
        .slice(0, isOpen ? Math.max(0, freePlaces()) : 0);
      asked += calls.length;
      kept += mine.length;
      leased.push(...mine);
      return mine;
    };
    try {
      const result = await transact(lease);
      kept -= leased.length;
      leased.forEach(start);
      if (asked > leased.length) loop.wake();
      return result;
    } catch (error) {
      kept -= leased.length;
      doubtful.push(...leased.map(({ id }) => id));
      loop.wake();
      throw error;
    }
  }

  const loop = createLoop({
    name: 'provider-calls',
    intervalMs: deps.intervalMs ?? 500,
    log,
    async round() {
      const free = Math.min(freePlaces(), provider.breaker.room());
      claimed = 0;
      if (free <= 0) return 0;
      const refundPlaces = mostRefunds - refundsUnderWay;
      const doubted = doubtful;
      kept += free;
      const calls = await claimCalls(db, { all: free, refunds: refundPlaces }, doubted).finally(
        () => {
          kept -= free;
        },
      );
      doubtful = doubtful.filter((id) => !doubted.includes(id));
      claimed = calls.length;
      const refunds = calls.filter(({ kind }) => kind === 'refund').length;
      calls.forEach(start);
      // Fewer than there were places for: no more are due, so no round follows at once.
      return claimed < free && refunds < refundPlaces ? 0 : claimed;
    },
  });

  return {
    ...loop,
    underWay: () => underWay.size,
    withLeases,
    start() {
      isStopping = false;
      loop.start();
    },
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
      isStopping = true;
      await loop.stop();
      await Promise.all(underWay);
    },
  };
}
