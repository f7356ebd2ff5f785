import type { Breaker } from '@holdfast/shared/breaker.ts';
import type { Metrics } from '@holdfast/shared/metrics.ts';
import { outboxLag } from '@holdfast/shared/outbox/postgres.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { Gauge, Histogram } from 'prom-client';
import type { Booking } from './booking.ts';
import { oldestByStatus } from './stores/operations.ts';
import { countUnresolved } from './stores/reconciliation-reports.ts';
import { countRunning } from './stores/sweep-reports.ts';

/** Reasons that are counted by name; a provider may invent any number of others. */
const KNOWN_REASONS = new Set([
  'generic_decline',
  'card_declined',
  'insufficient_funds',
  'lost_card',
  'stolen_card',
  'expired_card',
  'incorrect_cvc',
  'processing_error',
  'authentication_required',
  'fraudulent',
  'event_cancelled',
  'seat_conflict',
  'hold_expired',
  'hold_not_found',
  'hold_released',
  'pin_closed',
  'seats_lost',
  'payment_overdue',
]);

const MIDDLE_STATES = ['pending', 'authorized', 'capturing', 'processing', 'voiding'] as const;

/** Figures of the checkout, beside those every service has. */
export function createBookingMetrics(
  metrics: Metrics,
  deps: {
    db: Database;
    /** By the dependency that each keeps calls from. */
    breakers: Readonly<Record<string, Breaker>>;
    /** Calls to the provider that wait or are under way, of all processes, and those of this one. */
    providerCalls: { open: () => number; underWay: () => number };
  },
) {
  // A figure that can not be read must not take the others of a scrape with it.
  const lag = () =>
    outboxLag(deps.db).catch(() => ({ waiting: Number.NaN, oldestSeconds: Number.NaN }));
  metrics.gauge(
    'holdfast_outbox_waiting',
    'Messages that wait to be published',
    async () => (await lag()).waiting,
  );
  metrics.gauge(
    'holdfast_outbox_lag_seconds',
    'Age of the oldest message that waits',
    async () => (await lag()).oldestSeconds,
  );
  new Gauge({
    name: 'holdfast_breaker_state',
    help: 'The state that the circuit breaker of a dependency is in has a 1, the others 0',
    labelNames: ['dependency', 'state'] as const,
    registers: [metrics.registry],
    collect() {
      for (const [dependency, breaker] of Object.entries(deps.breakers)) {
        for (const state of ['closed', 'half_open', 'open'] as const) {
          this.set({ dependency, state }, breaker.state().kind === state ? 1 : 0);
        }
      }
    },
  });
  metrics.gauge(
    'holdfast_provider_calls_open',
    'Calls of checkouts to the payment provider that are not settled, of all processes',
    async () => deps.providerCalls.open(),
  );
  metrics.gauge(
    'holdfast_provider_calls_under_way',
    'Calls to the payment provider that this process is making',
    async () => deps.providerCalls.underWay(),
  );
  metrics.gauge(
    'holdfast_sweeps_running',
    'Events whose bookings are being cancelled or told of a move',
    () => countRunning(deps.db).catch(() => Number.NaN),
  );
  metrics.gauge(
    'holdfast_reconciliation_differences',
    "Differences between our books and the payment provider's that are not settled",
    async () => (await countUnresolved(deps.db).catch(() => ({ count: Number.NaN }))).count,
  );
  new Gauge({
    name: 'holdfast_checkout_oldest_seconds',
    help: 'How long the oldest checkout has been in each middle state; processing is a bank at work',
    labelNames: ['status'] as const,
    registers: [metrics.registry],
    async collect() {
      const oldest = await oldestByStatus(deps.db).catch(() => undefined);
      for (const status of MIDDLE_STATES) {
        const found = oldest?.find((one) => one.status === status);
        this.set({ status }, oldest === undefined ? Number.NaN : (found?.seconds ?? 0));
      }
    },
  });
  const checkouts = metrics.counter(
    'holdfast_checkouts_total',
    'Checkouts that ended, by outcome and reason',
    ['outcome', 'reason'],
  );
  const confirmed = metrics.counter('holdfast_bookings_confirmed_total', 'Bookings confirmed');
  return {
    messagesIgnored: metrics.counter(
      'holdfast_messages_ignored_total',
      'Messages that had no effect, on purpose',
      ['type', 'reason'],
    ),
    providerCallSeconds: new Histogram({
      name: 'holdfast_provider_call_seconds',
      help: 'Duration of calls to the payment provider by kind and outcome',
      labelNames: ['kind', 'outcome'] as const,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [metrics.registry],
    }),
    /** Counts a booking that has come to an outcome. */
    countOutcome({ status, reason }: Booking): void {
      const known = reason === null || KNOWN_REASONS.has(reason) ? (reason ?? 'none') : 'other';
      checkouts.inc({ outcome: status, reason: known });
      if (status === 'confirmed') confirmed.inc();
    },
  };
}

export type BookingMetrics = ReturnType<typeof createBookingMetrics>;
