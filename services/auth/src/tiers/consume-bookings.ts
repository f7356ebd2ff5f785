import { createBatches } from '@holdfast/shared/batches.ts';
import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import { bookingCancelled, bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import { type Message, readMessage } from '@holdfast/shared/contracts/contract.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { settleTiers } from './settle-tiers.ts';
import { keepTierBookings, type SaleNews } from './tier-bookings.ts';

/** One transaction at a time, so that it takes one connection of the pool at most. */
const LANES = 1;
/** Nobody waits for a tier, and bookings that are counted together cost less. */
const GATHER_MS = 250;

/** Counts what booking sells and what is cancelled whole, and settles the tiers of the buyers. */
export function consumeBookings(deps: {
  db: Database;
  bus: Bus;
  wakeRelay: () => void;
}): Subscription {
  const { db, bus, wakeRelay } = deps;
  const apply = createBatches<SaleNews, void>({
    lanes: LANES,
    // Those of one booking go one after the other.
    keysOf: ({ message }) => [message.data.bookingId],
    async run(news) {
      const originOf = originsOf(news);
      const changes = await db.transaction(async (tx) =>
        settleTiers(tx, await keepTierBookings(tx, news), originOf),
      );
      if (changes > 0) wakeRelay();
      return news.map(() => undefined);
    },
  });
  return bus.subscribe({
    group: 'auth',
    topics: ['booking.bookings'],
    gatherMs: GATHER_MS,
    async onMessage(received) {
      const news = readNews(received);
      if (news !== undefined) await apply(news);
    },
  });
}

function readNews(received: Message): SaleNews | undefined {
  const confirmed = readMessage(bookingConfirmed, received);
  if (confirmed !== undefined) return { message: confirmed, cancelled: false };
  const cancelled = readMessage(bookingCancelled, received);
  return cancelled && { message: cancelled, cancelled: true };
}

/** A change of tier belongs to the request that made the user's last booking of the batch. */
function originsOf(news: readonly SaleNews[]): (userId: string) => Origin {
  const last = new Map(news.map(({ message }) => [message.data.userId, message.origin]));
  return (userId) => {
    const { requestId = userId, correlationId = userId } = last.get(userId) ?? {};
    return { actor: 'system:tiers', requestId, correlationId };
  };
}
