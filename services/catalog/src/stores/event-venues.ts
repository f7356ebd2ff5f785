import type { Model, QueryFilter } from 'mongoose';
import type { Event, VenueFace } from '../event.ts';
import { USUAL_LENGTH_MS } from '../event-status.ts';
import { notPassed } from './time.ts';

const END = { $ifNull: ['$endsAt', { $add: ['$startsAt', USUAL_LENGTH_MS] }] };

/** Events as their venue has to do with them: those that are not over, by the store's clock. */
export function createEventVenues(events: Model<Event>) {
  const toCome = (venueId: string): QueryFilter<Event> => ({
    venueId,
    status: { $ne: 'cancelled' },
    ...notPassed(END),
  });

  return {
    /** The first of them, soonest first, and how many there are. */
    async eventsToCome(
      venueId: string,
      limit: number,
    ): Promise<{ eventIds: string[]; count: number }> {
      const [found, count] = await Promise.all([
        events
          .find(toCome(venueId), { _id: 1 })
          .sort({ startsAt: 1, _id: 1 })
          .limit(limit)
          .lean<Pick<Event, '_id'>[]>()
          .exec(),
        events.countDocuments(toCome(venueId)),
      ]);
      return { eventIds: found.map(({ _id }) => _id), count };
    },

    /** Those that show another face of the venue. One that is being created waits until it is. */
    behindVenue(venueId: string, face: VenueFace, limit: number): Promise<Event[]> {
      const behind = { ...toCome(venueId), ready: true, $nor: [face] } as QueryFilter<Event>;
      return events
        .find(behind)
        .select({ history: 0, outbox: 0, fingerprint: 0 })
        .limit(limit)
        .lean<Event[]>()
        .exec();
    },
  };
}
