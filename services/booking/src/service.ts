import type { Bus } from '@holdfast/shared/bus/bus.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { closeAll } from '@holdfast/shared/lifecycle.ts';
import { createLogger, type Logger } from '@holdfast/shared/logger.ts';
import { createMetrics, type Metrics } from '@holdfast/shared/metrics.ts';
import { createOpening } from '@holdfast/shared/opening.ts';
import { createOutboxRelay } from '@holdfast/shared/outbox/postgres.ts';
import { openPostgres } from '@holdfast/shared/postgres/database.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import { OUTCOMES } from './checkout.ts';
import type { BookingConfig } from './config.ts';
import { consumeEvents } from './consumers/events.ts';
import { consumeHolds } from './consumers/holds.ts';
import { consumeProjections } from './consumers/projections.ts';
import { type Breakers, createBreakers, requireNoneResting } from './dependencies.ts';
import { createEventSweepLoop, createLateBookingLoop } from './loops/event-sweeps.ts';
import { createExpiredTransferLoop } from './loops/expired-transfers.ts';
import { createForecastLoop } from './loops/forecasts.ts';
import { createHousekeepingLoop, createPartitions } from './loops/housekeeping.ts';
import { createOverduePaymentLoop } from './loops/overdue-payments.ts';
import { createProviderBacklog } from './loops/provider-backlog.ts';
import { createProviderCallLoop } from './loops/provider-calls.ts';
import { createReconciliationLoop } from './loops/reconciliation.ts';
import { createUnansweredPinLoop } from './loops/unanswered-pins.ts';
import { createBookingMetrics } from './metrics.ts';
import { createOfferVerifier } from './offer.ts';
import type { CheckoutDeps, OnChanged } from './operations/advance-checkout.ts';
import { makeFirstTicketKey } from './operations/change-ticket-keys.ts';
import { createCheckoutBatches } from './operations/in-batches.ts';
import type { TransferDeps } from './operations/offer-transfer.ts';
import { createOutcomes } from './outcomes.ts';
import { createPaymentProvider, type PaymentProvider } from './payment-provider.ts';
import { bookingRoutes } from './routes/bookings.ts';
import { cancellationRoutes } from './routes/cancellations.ts';
import { checkInRoutes } from './routes/check-in.ts';
import { heldTicketRoutes } from './routes/held-tickets.ts';
import { operatorRoutes } from './routes/operators.ts';
import { reconciliationRoutes } from './routes/reconciliations.ts';
import { refundRoutes } from './routes/refunds.ts';
import { reportExportRoutes } from './routes/report-exports.ts';
import { reportRoutes } from './routes/reports.ts';
import { sweepRoutes } from './routes/sweeps.ts';
import { ticketRoutes } from './routes/tickets.ts';
import { timelineRoutes } from './routes/timeline.ts';
import { transferRoutes } from './routes/transfers.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { createBookingReads } from './stores/booking-reads.ts';
import { findSettled } from './stores/bookings.ts';
import { requireAgreement } from './stores/reconciliation-reports.ts';
import { createReportExports } from './stores/report-exports.ts';
import { createTicketKeys } from './stores/ticket-keys.ts';
import { createDrawings } from './tickets/drawings.ts';

const VERSION = '0.1.0';
/** Connections for what purchases need, and as many for all else. */
const POOL_SIZE = 12;
const KEYS_PATH = '/.well-known/jwks.json';

/**
 * The booking service. It listens at once, and answers 503 until PostgreSQL was there; `ready`
 * resolves then, when its loops and consumers have been started.
 */
export async function createService(config: BookingConfig, overrides: { log?: Logger } = {}) {
  const log = overrides.log ?? createLogger('booking', config.LOG_LEVEL);
  const metrics = createMetrics('booking');
  const bus = createKafkaBus({
    brokers: config.KAFKA_BROKERS,
    clientId: 'booking',
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });
  const breakers = createBreakers(config, log);
  const provider = createPaymentProvider({
    url: config.PAYMENT_URL,
    secretKey: config.PAYMENT_SECRET_KEY,
    webhookSecret: config.PAYMENT_WEBHOOK_SECRET,
    breaker: breakers.payments,
  });
  const opening = createOpening({
    open: (signal) => open(config, { log, metrics, bus, provider, breakers, signal }),
    close: ({ stop }) => stop(),
  });
  const verifyOffer = createOfferVerifier(config.CATALOG_URL + KEYS_PATH, breakers.catalog);
  const http = await serve({
    service: 'booking',
    version: VERSION,
    description: 'Bookings, payments, tickets and the ledger.',
    host: config.HOST,
    port: config.PORT,
    routes: [
      ...bookingRoutes(() => ({ ...opening.use(), verifyOffer })),
      ...timelineRoutes(opening.use),
      ...cancellationRoutes(opening.use),
      ...refundRoutes(opening.use),
      ...transferRoutes(opening.use),
      ...heldTicketRoutes(opening.use),
      ...webhookRoutes(() => ({ ...opening.use(), provider })),
      ...ticketRoutes(opening.use),
      ...checkInRoutes(opening.use),
      ...reportRoutes(opening.use),
      ...reportExportRoutes(opening.use),
      ...sweepRoutes(opening.use),
      ...reconciliationRoutes(opening.use),
      ...operatorRoutes(() => ({
        ...opening.use(),
        restingLimitSeconds: config.RESTING_LIMIT_SECONDS,
      })),
    ],
    log,
    metrics,
    verifyToken: createTokenVerifier(config.AUTH_URL + KEYS_PATH),
    dependencies: {
      postgres: { ping: async () => opening.use().postgres.ping(), required: true },
      kafka: { ping: bus.ping, required: false },
      payments: {
        ping: breakers.payments.check,
        details: breakers.payments.state,
        required: false,
      },
      checkouts: {
        ping: () => requireNoneResting(opening.use().db, config.RESTING_LIMIT_SECONDS),
        required: false,
      },
      catalog: { ping: breakers.catalog.check, details: breakers.catalog.state, required: false },
      reconciliation: { ping: async () => requireAgreement(opening.use().db), required: false },
    },
  });
  opening.begin();
  return {
    url: http.url,
    log,
    ready: opening.ready,
    stop: () => closeAll(http.stop, opening.stop, bus.close),
  };
}

/** Prepares the database, and starts the loops and consumers that work on it. */
async function open(
  config: BookingConfig,
  given: {
    log: Logger;
    metrics: Metrics;
    bus: Bus;
    provider: PaymentProvider;
    breakers: Breakers;
    signal: AbortSignal;
  },
) {
  const { log, bus, provider, breakers, signal } = given;
  const postgres = await openPostgres({
    url: config.POSTGRES_URL,
    database: config.DATABASE_NAME,
    role: 'booking_app',
    migrations: new URL('../migrations', import.meta.url),
    log,
    poolSize: POOL_SIZE,
    signal,
  });
  // What each purchase needs looks rows up by keys; all else is planned as its tables are.
  const { db, lookups } = postgres;
  const backlog = createProviderBacklog({
    db: lookups,
    breaker: breakers.payments,
    limit: config.PROVIDER_BACKLOG,
    log,
  });
  const figures = createBookingMetrics(given.metrics, {
    db,
    breakers,
    providerCalls: { open: backlog.open, underWay: () => loops.providerCalls.underWay() },
  });
  const outcomes = createOutcomes({ findSettled: (ids) => findSettled(lookups, ids), log });
  const onChanged: OnChanged = (booking, { hasMoved, leavesMessages, asksProvider }) => {
    if (leavesMessages) loops.relay.wake();
    if (asksProvider) loops.providerCalls.wake();
    if (!hasMoved || !OUTCOMES.includes(booking.status)) return;
    outcomes.tell(booking);
    figures.countOutcome(booking);
  };
  const { advance, place, takeHint } = createCheckoutBatches({
    db: lookups,
    onChanged,
    onCallsDue: () => loops.providerCalls.wake(),
    withLeases: (transact) => loops.providerCalls.withLeases(transact),
  });
  const onEnqueued = () => loops.relay.wake();
  const checkout: CheckoutDeps = { db: lookups, advance, place, onEnqueued };
  const transfers: TransferDeps = {
    db,
    offerHours: config.TRANSFER_OFFER_HOURS,
    onEnqueued,
  };
  const loops = {
    providerCalls: createProviderCallLoop({
      ...checkout,
      provider,
      metrics: figures,
      concurrency: config.PROVIDER_CONCURRENCY,
      log,
    }),
    providerBacklog: backlog.loop,
    unansweredPins: createUnansweredPinLoop({
      ...checkout,
      limitSeconds: config.AUTHORIZED_LIMIT_SECONDS,
      log,
    }),
    eventSweeps: createEventSweepLoop({
      ...checkout,
      db,
      onChanged,
      perSecond: config.SWEEP_BOOKINGS_PER_SECOND,
      log,
    }),
    overduePayments: createOverduePaymentLoop({
      ...checkout,
      limitSeconds: config.PROCESSING_LIMIT_SECONDS,
      log,
    }),
    lateBookings: createLateBookingLoop({ db, log }),
    reconciliation: createReconciliationLoop({
      ...{ db, provider, log },
      lagSeconds: config.RECONCILE_LAG_SECONDS,
    }),
    expiredTransfers: createExpiredTransferLoop({ ...transfers, log }),
    housekeeping: createHousekeepingLoop({ db, log }),
    forecasts: createForecastLoop({ db, log }),
    outcomes: outcomes.loop,
    // Stopped last: it publishes what the others leave behind.
    relay: createOutboxRelay({ db: lookups, bus, log }),
  };
  try {
    await createPartitions(db);
    await makeFirstTicketKey(db);
  } catch (error) {
    await postgres.close();
    throw error;
  }
  for (const loop of Object.values(loops)) loop.start();
  const ticketKeys = createTicketKeys(db);
  const drawings = createDrawings();
  const reportExports = createReportExports({
    url: config.POSTGRES_URL,
    database: config.DATABASE_NAME,
  });
  const consumers = [
    consumeHolds({ ...checkout, bus, metrics: figures }),
    consumeEvents({
      db,
      bus,
      metrics: figures,
      freeCancelDays: config.FREE_CANCEL_DAYS,
      onSweep: loops.eventSweeps.wake,
    }),
    consumeProjections({ db: lookups, bus }),
  ];
  return {
    db,
    postgres,
    checkout,
    transfers,
    outcomes,
    reads: createBookingReads(lookups),
    ticketKeys,
    drawings,
    checkIns: { db, ticketKeys, onEnqueued },
    backlog,
    reportExports,
    loops,
    onCallsDue: loops.providerCalls.wake,
    takeHint,
    onChanged,
    onSweep: loops.eventSweeps.wake,
    onReconcile: loops.reconciliation.wake,
    /** Resolves when the consumers have joined their groups. */
    joined: Promise.all(consumers.map(({ joined }) => joined)),
    stop: () =>
      closeAll(
        ...consumers.map(({ stop }) => stop),
        ...Object.values(loops).map(({ stop }) => stop),
        reportExports.close,
        drawings.close,
        postgres.close,
      ),
  };
}
