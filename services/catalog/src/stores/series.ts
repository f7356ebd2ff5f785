import type { Db } from 'mongodb';
import type { HistoryEntry } from '../hold.ts';
import type { Recurrence } from '../recurrence.ts';
import { isDuplicate } from './holds.ts';
import { later } from './paging.ts';

/** Events that come again, made together and each an ordinary one from then on. */
export type Series = {
  _id: string;
  ownerId: string;
  fingerprint: string;
  name: string;
  venueId: string;
  timeZone: string;
  recurrence: Recurrence;
  eventIds: string[];
  createdAt: Date;
  history: HistoryEntry[];
};

export function createSeriesStore(db: Db) {
  const series = db.collection<Series>('series');
  return {
    async find(seriesId: string): Promise<Series | undefined> {
      return (await series.findOne({ _id: seriesId })) ?? undefined;
    },

    /** Inserts a series; false when there is one under its id. */
    async insert(one: Series): Promise<boolean> {
      try {
        await series.insertOne(one);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },

    /** Series by name, after a point. */
    list(after: { name: string; id: string } | undefined, limit: number): Promise<Series[]> {
      return series
        .find(after ? later('name', after.name, after.id) : {}, {
          projection: { history: 0, fingerprint: 0 },
        })
        .sort({ name: 1, _id: 1 })
        .limit(limit)
        .toArray();
    },
  };
}

export type SeriesStore = ReturnType<typeof createSeriesStore>;
