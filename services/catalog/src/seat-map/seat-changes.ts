import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { SeatChange } from '@holdfast/shared/contracts/holds.ts';
import type { BoardChange } from './board.ts';

/** What a message says of the seats of an event, by what any message about seats has in common. */
export type SeatNews = { eventId: string; changes: (BoardChange & { order?: number })[] };

/**
 * The changes of seats that a message tells of; undefined where it tells of none. A seat that is
 * held until an instant the message does not know is left out: it belongs to another hold by now,
 * whose own message tells.
 */
export function seatNewsOf(message: Message): SeatNews | undefined {
  const { eventId, seats, expiresAt } = message.data as {
    eventId?: unknown;
    seats?: unknown;
    expiresAt?: unknown;
  };
  if (typeof eventId !== 'string' || !Array.isArray(seats)) return undefined;
  const endsAtMs = typeof expiresAt === 'string' ? Date.parse(expiresAt) : Number.NaN;
  const changes = (seats as Partial<SeatChange>[]).flatMap(
    ({ seatId, version, status, order }): SeatNews['changes'] => {
      if (seatId === undefined || version === undefined || status === undefined) return [];
      if (status === 'held' && Number.isNaN(endsAtMs)) return [];
      const end = status === 'held' ? endsAtMs : Number.POSITIVE_INFINITY;
      return [{ seatId, version, status, endsAtMs: end, ...(order !== undefined && { order }) }];
    },
  );
  return changes.length === 0 ? undefined : { eventId, changes };
}
