import type { Db } from 'mongodb';
import type { Hold } from '../hold.ts';

/** What an event has sold: all of it, and in the last minutes. */
export type Sales = {
  orders: number;
  seats: number;
  revenueMinor: number;
  recentSeats: number;
  recentMinor: number;
};

/** The span that the rate of sales is taken over. */
export const RECENT_MINUTES = 5;

/** Sales as the confirmed holds tell them; a returned one is none any more. */
export function createSales(db: Db) {
  const holds = db.collection<Hold>('holds');
  const recentMs = RECENT_MINUTES * 60_000;

  return {
    async of(eventId: string): Promise<Sales> {
      const found = await holds
        .aggregate<{ _id: boolean; orders: number; seats: number; minor: number }>([
          { $match: { eventId, state: 'confirmed' } },
          {
            $project: {
              seats: { $size: '$seats' },
              totalMinor: 1,
              recent: { $gte: ['$movedAt', { $subtract: ['$$NOW', recentMs] }] },
            },
          },
          {
            $group: {
              _id: '$recent',
              orders: { $sum: 1 },
              seats: { $sum: '$seats' },
              minor: { $sum: '$totalMinor' },
            },
          },
        ])
        .toArray();
      const sum = (of: 'orders' | 'seats' | 'minor') =>
        found.reduce((total, part) => total + part[of], 0);
      const recent = found.find((part) => part._id);
      return {
        orders: sum('orders'),
        seats: sum('seats'),
        revenueMinor: sum('minor'),
        recentSeats: recent?.seats ?? 0,
        recentMinor: recent?.minor ?? 0,
      };
    },
  };
}

export type SalesStore = ReturnType<typeof createSales>;
