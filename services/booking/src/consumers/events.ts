import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import { readMessage } from '@holdfast/shared/contracts/contract.ts';
import { EVENT_CONTRACTS } from '@holdfast/shared/contracts/events.ts';
import { admitOnce } from '@holdfast/shared/outbox/postgres.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { BookingMetrics } from '../metrics.ts';
import { keepEvent } from '../stores/events.ts';
import { moveWatermark } from '../stores/projections.ts';

const CONSUMER = 'booking-events';

/** Projects catalog's events into PostgreSQL; the highest version stays. */
export function consumeEvents(deps: {
  db: Database;
  bus: Bus;
  metrics: BookingMetrics;
  /** Told when an event turns out to be cancelled. */
  onCancelled: () => void;
}): Subscription {
  return deps.bus.subscribe({
    group: CONSUMER,
    topics: ['catalog.events'],
    async onMessage(received) {
      const contract = EVENT_CONTRACTS.find(({ type }) => type === received.type);
      const message = contract && readMessage(contract, received);
      if (message === undefined) return;
      const kept = await deps.db.transaction(async (tx) => {
        if (!(await admitOnce(tx, CONSUMER, message))) return false;
        await moveWatermark(tx, 'catalog.events', [message]);
        return keepEvent(tx, message.data, message.version);
      });
      if (!kept)
        deps.metrics.messagesIgnored.inc({ type: message.type, reason: 'repeated_or_older' });
      if (kept && message.data.status === 'cancelled') deps.onCancelled();
    },
  });
}
