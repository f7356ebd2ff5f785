import type { Hold } from '../src/hold.ts';
import { seatIds, type User, type World } from './world.ts';

/** What the tests of a hold's seats do over and over. */
export function changing(worldOf: () => World) {
  return {
    /** A hold on the first `count` seats of an event with so many. */
    async held(
      count: number,
      seats: number,
      edit: object = {},
      durationSeconds = 600,
    ): Promise<{ buyer: User; hold: Hold; eventId: string }> {
      const world = worldOf();
      const eventId = await world.event(seats, edit);
      const buyer = await world.user();
      const { body } = await world.take(buyer, eventId, seatIds(count), durationSeconds);
      return { buyer, eventId, hold: await world.hold(body.hold.holdId) };
    },

    add: (as: User, hold: Hold, seats: string[], key?: string) =>
      worldOf().call('POST', `/api/holds/${hold._id}/seats`, {
        as,
        body: { seatIds: seats },
        ...(key !== undefined && { key }),
      }),

    drop: (as: User, hold: Hold, seatId: string, key?: string) =>
      worldOf().call('DELETE', `/api/holds/${hold._id}/seats/${seatId}`, {
        as,
        ...(key !== undefined && { key }),
      }),
  };
}
