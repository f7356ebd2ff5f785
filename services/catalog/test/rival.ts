import { createLogger } from '@holdfast/shared/logger.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { limitsOf, readCatalogConfig } from '../src/config.ts';
import { createFigures } from '../src/figures.ts';
import { takeSeats } from '../src/operations/take-seats.ts';
import { createBoards } from '../src/seat-map/boards.ts';
import { openDeltaStream } from '../src/seat-map/delta-stream.ts';
import { openDatabase } from '../src/stores/database.ts';
import { createEvents } from '../src/stores/events.ts';
import { createHoldChanges } from '../src/stores/hold-changes.ts';
import { createHolds } from '../src/stores/holds.ts';
import { createQuotas } from '../src/stores/quotas.ts';
import { createSeatStandings } from '../src/stores/seat-standings.ts';
import { createSeats } from '../src/stores/seats.ts';
import { createStoreClock } from '../src/stores/store-clock.ts';
import { createTakenSeats } from '../src/taken-seats.ts';
import { createTurns } from '../src/turns.ts';

/** A buyer in a process of its own: takes the seats it is told to and reports what it got. */
export type Order = { eventId: string; userId: string; seatIds: string[] };

const config = readCatalogConfig();
const log = createLogger('rival', 'silent');
const database = openDatabase({ url: config.MONGODB_URL, database: config.MONGODB_DATABASE, log });
await database.ready(async () => undefined);
const { db } = database;
const clock = createStoreClock(db);
const deps = {
  seats: createSeats(db, { coolDownMs: config.HOLD_COOLDOWN_SECONDS * 1_000 }),
  holds: createHolds(db),
  changes: createHoldChanges(db),
  quotas: createQuotas(db, clock),
  taken: createTakenSeats(),
  boards: createBoards({
    standings: createSeatStandings(db),
    clock,
    stream: openDeltaStream({ redisUrl: undefined, topicPrefix: config.TOPIC_PREFIX, log }),
    planVersionOf: async () => undefined,
    log,
  }),
  inTurn: createTurns(),
  events: createEvents(database.connection),
  figures: createFigures(async () => 0),
  log,
  wake: () => undefined,
  limits: limitsOf(config),
};

process.on('message', async (orders: Order[] | 'stop') => {
  if (orders === 'stop') {
    await database.close();
    process.disconnect();
    return;
  }
  const results = await Promise.all(
    orders.map(async (order) => {
      const taken = await takeSeats(deps, {
        ...order,
        durationMs: undefined,
        idempotencyKey: undefined,
        origin: systemOrigin('rival', order.userId),
      });
      return 'kind' in taken ? taken.code : taken.hold._id;
    }),
  );
  process.send?.(results);
});
process.send?.('ready');
