import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { SeatDelta } from '@holdfast/shared/contracts/seat-map.ts';
import { LRUCache } from 'lru-cache';
import { toDelta } from './board.ts';
import type { DeltaStream } from './delta-stream.ts';
import { type SeatNews, seatNewsOf } from './seat-changes.ts';

const MOST_REMEMBERED = 20_000;

/**
 * Writes what messages tell of seats to the delta stream, one entry an event. A message that comes
 * again, because the bus is away, is not written again.
 */
export function createSeatFeed(deps: {
  stream: Pick<DeltaStream, 'write'>;
  /** Places in the plan, for messages that do not name them. */
  ordersOf: (eventId: string, seatIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}) {
  const written = new LRUCache<string, true>({ max: MOST_REMEMBERED });

  async function deltasOf({ eventId, changes }: SeatNews): Promise<SeatDelta[]> {
    const nameless = changes.filter((one) => one.order === undefined);
    const orders =
      nameless.length === 0
        ? undefined
        : await deps.ordersOf(
            eventId,
            nameless.map((one) => one.seatId),
          );
    return changes.flatMap((one) => {
      const order = one.order ?? orders?.get(one.seatId);
      return order === undefined ? [] : [toDelta(order, one.version, one.status, one.endsAtMs)];
    });
  }

  return async function feed(messages: readonly Message[]): Promise<void> {
    const fresh = messages.filter((message) => !written.has(message.id));
    const news = fresh.flatMap((message) => seatNewsOf(message) ?? []);
    const changes = new Map<string, SeatDelta[]>();
    for (const one of news) {
      const deltas = await deltasOf(one);
      changes.set(one.eventId, [...(changes.get(one.eventId) ?? []), ...deltas]);
    }
    if (changes.size > 0) await deps.stream.write(changes);
    for (const message of fresh) written.set(message.id, true);
  };
}
