import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { Fault } from '@holdfast/shared/errors.ts';
import { serve } from '@holdfast/shared/http/server.ts';
import { closeAll, type Service } from '@holdfast/shared/lifecycle.ts';
import { createLogger, type Logger } from '@holdfast/shared/logger.ts';
import { joinLoops, type Loop } from '@holdfast/shared/loop.ts';
import {
  countWaiting,
  createDocumentRelay,
  type WithOutbox,
} from '@holdfast/shared/outbox/mongo.ts';
import { createTokenVerifier } from '@holdfast/shared/tokens.ts';
import type { Document } from 'mongodb';
import { openCache, type Remembered } from './cache.ts';
import { type CatalogConfig, limitsOf } from './config.ts';
import { consumeBookings } from './consumers/bookings.ts';
import { createFigures } from './figures.ts';
import { createEndingSoon } from './loops/ending-soon.ts';
import { createSweeper } from './loops/sweeper.ts';
import { createSigner } from './offer.ts';
import { completeEvents } from './operations/create-event.ts';
import type { TakeDependencies } from './operations/take-seats.ts';
import { artistRoutes } from './routes/artists.ts';
import { bestAvailableRoutes } from './routes/best-available.ts';
import { blockRoutes } from './routes/blocks.ts';
import { eventRoutes } from './routes/events.ts';
import { holdSeatRoutes } from './routes/hold-seats.ts';
import { holdRoutes } from './routes/holds.ts';
import { keyRoutes } from './routes/keys.ts';
import { planEditRoutes } from './routes/plan-edits.ts';
import { planRoutes } from './routes/plans.ts';
import { answerSeatMaps, seatMapRoutes } from './routes/seat-map.ts';
import { seatRoutes } from './routes/seats.ts';
import { seriesRoutes } from './routes/series.ts';
import { statsRoutes } from './routes/stats.ts';
import { venueRoutes } from './routes/venues.ts';
import { type EventView, type VenueView, viewEvent, viewVenue } from './routes/views.ts';
import { createSeeEvent } from './routes/visible-events.ts';
import { createSearching, type Searching } from './search/searching.ts';
import type { Boards } from './seat-map/boards.ts';
import { openLiveSeats } from './seat-map/live-seats.ts';
import { createPromisedSeats } from './seating/promised-seats.ts';
import { createArtists } from './stores/artists.ts';
import { createBlocks } from './stores/blocks.ts';
import { openDatabase } from './stores/database.ts';
import { createEvents } from './stores/events.ts';
import { createHoldChanges, type Stored } from './stores/hold-changes.ts';
import { createHolds } from './stores/holds.ts';
import { createIndexes } from './stores/indexes.ts';
import { createKeys } from './stores/keys.ts';
import { createPlans } from './stores/plans.ts';
import { createQuotas } from './stores/quotas.ts';
import { createSales } from './stores/sales.ts';
import { createSeatBlocks } from './stores/seat-blocks.ts';
import { createSeatEdits } from './stores/seat-edits.ts';
import { createSeatViews } from './stores/seat-views.ts';
import { createSeats } from './stores/seats.ts';
import { createSeriesStore } from './stores/series.ts';
import { createStoreClock } from './stores/store-clock.ts';
import { createVenues } from './stores/venues.ts';
import { createTakenSeats } from './taken-seats.ts';
import { createTurns } from './turns.ts';

export const VERSION = '0.1.0';
const INCOMPLETE_EVENT_MS = 30_000;

export type Catalog = Service & {
  /** Resolves when the store was reached and its indexes stand; loops and consumer run then. */
  readonly ready: Promise<boolean>;
  readonly relay: Loop;
  readonly sweeper: Loop;
  readonly endingSoon: Loop;
  readonly searching: Searching;
  readonly stores: TakeDependencies;
  readonly boards: Boards;
};

/** Builds the whole service. It serves at once; until the store is there it answers 503. */
export async function createService(
  config: CatalogConfig,
  overrides: { log?: Logger } = {},
): Promise<Catalog> {
  const log = overrides.log ?? createLogger('catalog', config.LOG_LEVEL);
  const database = openDatabase({
    url: config.MONGODB_URL,
    database: config.MONGODB_DATABASE,
    log,
  });
  const { db, connection } = database;
  const clock = createStoreClock(db);
  const carrier = (name: string) => db.collection<Document & WithOutbox>(name);
  const carriers = { holds: carrier('holds'), rest: ['events', 'venues', 'blocks'].map(carrier) };
  const bus = createKafkaBus({
    brokers: config.KAFKA_BROKERS,
    clientId: 'catalog',
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });
  const findEvent = (eventId: string) => events.findSold(eventId);
  const liveSeats = openLiveSeats({ db, clock, config, log, findEvent });
  const { boards, snapshots } = liveSeats;
  const relayOf = (collection: typeof carriers.holds) =>
    createDocumentRelay({
      collection,
      bus,
      log,
      async alongside(messages) {
        searching.recounts.noteMessages(messages);
        await liveSeats.feed(messages);
      },
    });
  const holdRelay = relayOf(carriers.holds);
  const restRelay = joinLoops(...carriers.rest.map(relayOf));
  const relay = joinLoops(holdRelay, restRelay);
  const figures = createFigures(async () => {
    const waiting = await Promise.all([carriers.holds, ...carriers.rest].map(countWaiting));
    return waiting.reduce((sum, count) => sum + count, 0);
  });
  const wake = () => restRelay.wake();
  const stored: Stored = (hold, message) => {
    boards.noteMessage(message);
    holdRelay.send(hold);
  };
  const stores = {
    seats: createSeats(db, { coolDownMs: config.HOLD_COOLDOWN_SECONDS * 1_000 }),
    holds: createHolds(db, stored),
    changes: createHoldChanges(db, stored),
    quotas: createQuotas(db, clock),
    taken: createTakenSeats(),
    boards,
    figures,
    log,
    wake: () => holdRelay.wake(),
  };
  const cache = openCache({
    redisUrl: config.REDIS_URL,
    prefix: config.MONGODB_DATABASE,
    log,
    metrics: figures.metrics,
    confirm: (eventIds) => searching.stampsOf(eventIds),
  });
  const plans = createPlans(db);
  const venues = createVenues(connection, (venueId) => {
    searching.lister.wake();
    return seenVenues.forget(venueId);
  });
  const events = createEvents(connection, (eventId, scope) => {
    searching.lister.wake();
    return seenEvents.forget(eventId, scope);
  });
  const searching: Searching = createSearching({
    db,
    clock,
    events,
    venues,
    boards,
    wake,
    log,
    turned: (eventId) => seenEvents.forget(eventId, { lists: false }),
  });
  const seatEdits = createSeatEdits(db);
  const artists = createArtists(db);
  const { seats } = stores;
  const limits = limitsOf(config);
  const eventStores = { venues, plans, artists, events, seats, seatEdits, limits, wake, log };
  const signer = createSigner(createKeys(db));
  const holding = {
    ...stores,
    limits,
    inTurn: createTurns(),
    promised: createPromisedSeats(),
    signer,
    events: { find: events.findSold },
  };
  const seenEvents: Remembered<EventView> = cache.remember('event', async (eventId) => {
    const event = await events.find(eventId);
    return event?.ready && event.status !== 'draft' ? viewEvent(event, limits) : undefined;
  });
  const seeEvent = createSeeEvent(events, seenEvents, limits);
  const seenVenues: Remembered<VenueView> = cache.remember('venue', async (venueId) => {
    const venue = await venues.find(venueId);
    return venue && viewVenue(venue);
  });
  const blocking = {
    blocks: createBlocks(db, boards.noteMessage),
    seatBlocks: createSeatBlocks(db),
    taken: stores.taken,
    events,
    wake,
  };
  const planEdits = { ...eventStores, ...blocking, replanned: boards.replanned };
  const sweeper = createSweeper({
    stores,
    ages: {
      resumeMs: config.RESUME_AFTER_MS,
      orphanMs: config.ORPHAN_AFTER_MS,
      unsettledMs: config.PIN_UNSETTLED_AFTER_MS,
    },
    intervalMs: config.SWEEP_INTERVAL_MS,
    blocks: blocking,
    planEdits,
    completeEvents: () => completeEvents(eventStores, INCOMPLETE_EVENT_MS),
  });

  const endingSoon = createEndingSoon({
    stores,
    warningMs: config.HOLD_WARNING_SECONDS * 1_000,
    intervalMs: config.SWEEP_INTERVAL_MS,
  });

  let prepared = false;
  let stopConsumer: (() => Promise<void>) | undefined;
  const ready = database.ready(async () => {
    await createIndexes(db);
    await searching.listAgain();
    await signer.jwks();
    if (prepared) return;
    await searching.join();
    prepared = true;
    const consumer = consumeBookings(bus, holding);
    stopConsumer = () => consumer.stop();
    relay.start();
    sweeper.start();
    endingSoon.start();
    searching.start();
  });

  const http = await serve({
    service: 'catalog',
    version: VERSION,
    description: 'Venues, events, seats and holds',
    host: config.HOST,
    port: config.PORT,
    log,
    metrics: figures.metrics,
    verifyToken: createTokenVerifier(new URL('/.well-known/jwks.json', config.AUTH_URL).href),
    dependencies: {
      mongodb: { ping: () => pingPrepared(database.ping), required: true },
      kafka: { ping: () => bus.ping(), required: false },
      ...(cache.ping && { redis: { ping: cache.ping, required: false } }),
    },
    routes: [
      ...venueRoutes({ ...eventStores, remembered: seenVenues }),
      ...planRoutes(eventStores),
      ...searching.routes,
      ...eventRoutes(eventStores, seeEvent, searching.leftOf),
      ...seatRoutes({ seats: createSeatViews(db), boards, seeEvent }),
      ...seatMapRoutes({ boards, snapshots, seeEvent }),
      ...blockRoutes(blocking),
      ...planEditRoutes(planEdits),
      ...holdRoutes(holding),
      ...holdSeatRoutes(holding),
      ...bestAvailableRoutes(holding),
      ...artistRoutes(artists),
      ...seriesRoutes({ ...eventStores, series: createSeriesStore(db) }),
      ...statsRoutes({ events, sales: createSales(db), countSeats: searching.countSeats }),
      ...keyRoutes(signer),
    ],
    kept: cache.kept,
    hot: answerSeatMaps(snapshots, figures.metrics),
    async before(ctx, next) {
      if (!prepared && ctx.path.startsWith('/api/')) throw notPrepared();
      await next();
    },
  });

  async function pingPrepared(ping: () => Promise<void>): Promise<void> {
    await ping();
    if (!prepared) throw notPrepared();
  }

  return {
    url: http.url,
    ready,
    relay,
    sweeper,
    endingSoon,
    searching,
    stores: holding,
    boards,
    stop: () =>
      closeAll(
        () => http.stop(),
        () => stopConsumer?.(),
        () => sweeper.stop(),
        () => endingSoon.stop(),
        () => searching.stop(),
        () => relay.stop(),
        () => searching.leave(),
        () => bus.close(),
        () => cache.close(),
        () => liveSeats.close(),
        () => database.close(),
      ),
  };
}

function notPrepared(): Fault {
  return new Fault('store_unavailable', 'The store was not reached yet', { retryable: true });
}
