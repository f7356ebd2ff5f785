import type { Logger } from '@holdfast/shared/logger.ts';
import type { Db } from 'mongodb';
import type { CatalogConfig } from '../config.ts';
import type { SoldEvent } from '../event.ts';
import { createSeatStandings } from '../stores/seat-standings.ts';
import type { StoreClock } from '../stores/store-clock.ts';
import { createBoards } from './boards.ts';
import { openDeltaStream } from './delta-stream.ts';
import { createSeatFeed } from './seat-feed.ts';
import { createSnapshots } from './snapshots.ts';

/** What shows how seats stand, put together: boards, what feeds them, and maps made of them. */
export function openLiveSeats(options: {
  db: Db;
  clock: StoreClock;
  config: Pick<CatalogConfig, 'REDIS_URL' | 'TOPIC_PREFIX'>;
  findEvent: (eventId: string) => Promise<SoldEvent | undefined>;
  log: Logger;
}) {
  const { db, clock, config, log } = options;
  const standings = createSeatStandings(db);
  const stream = openDeltaStream({
    redisUrl: config.REDIS_URL,
    topicPrefix: config.TOPIC_PREFIX,
    log,
  });
  const boards = createBoards({
    standings,
    clock,
    stream,
    log,
    async planVersionOf(eventId) {
      const event = await options.findEvent(eventId);
      return event?.ready ? event.planVersion : undefined;
    },
  });
  return {
    boards,
    snapshots: createSnapshots(boards),
    feed: createSeatFeed({ stream, ordersOf: standings.ordersOf }),
    close: stream.close,
  };
}
