import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import { readMessage } from '@holdfast/shared/contracts/contract.ts';
import { EVENT_CONTRACTS } from '@holdfast/shared/contracts/events.ts';
import { admitOnce } from '@holdfast/shared/outbox/postgres.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { BookingMetrics } from '../metrics.ts';
import { beginSweep } from '../operations/begin-sweep.ts';
import { keepEvent } from '../stores/events.ts';
import { moveWatermark } from '../stores/projections.ts';

const CONSUMER = 'booking-events';

/**
 * Projects catalog's events into PostgreSQL; the highest version stays. What it means for those who
 * have booked begins in the same transaction.
 */
export function consumeEvents(deps: {
  db: Database;
  bus: Bus;
  metrics: BookingMetrics;
  /** For how long buyers of an event that is moved may cancel free of charge. */
  freeCancelDays: number;
  /** Told when bookings of an event are to be cancelled or told of its move. */
  onSweep: () => void;
}): Subscription {
  return deps.bus.subscribe({
    group: CONSUMER,
    topics: ['catalog.events'],
    async onMessage(received) {
      const contract = EVENT_CONTRACTS.find(({ type }) => type === received.type);
      const message = contract && readMessage(contract, received);
      if (message === undefined) return;
      const result = await deps.db.transaction(async (tx) => {
        if (!(await admitOnce(tx, CONSUMER, message))) return undefined;
        await moveWatermark(tx, 'catalog.events', [message]);
        const kept = await keepEvent(tx, message.data, message.version);
        if (kept === undefined) return undefined;
        const { before } = kept;
        return beginSweep(tx, { message, before, freeCancelDays: deps.freeCancelDays });
      });
      if (result === undefined)
        deps.metrics.messagesIgnored.inc({ type: message.type, reason: 'repeated_or_older' });
      if (result === 'begun') deps.onSweep();
    },
  });
}
