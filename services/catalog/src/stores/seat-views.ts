import type { SeatStatus } from '@holdfast/shared/contracts/holds.ts';
import type { Db } from 'mongodb';
import { type Seat, type SeatFace, seatKey } from '../seat.ts';
import { gather } from './gather.ts';
import { WHOLE } from './paging.ts';
import { eventIdsOf } from './seat-steps.ts';

/** The status that counts, as an expression on the server's clock (seat.ts, liveStatus). */
const LIVE_STATUS = {
  $cond: [
    { $and: [{ $eq: ['$status', 'held'] }, { $lte: ['$hold.expiresAt', '$$NOW'] }] },
    'available',
    '$status',
  ],
};

/** The stored statuses that may read so; the live status is looked at afterwards. */
const storedAs = (status: SeatStatus): SeatStatus[] =>
  status === 'available' ? ['available', 'held'] : [status];

const PUBLIC_FIELDS = {
  _id: 0,
  seatId: 1,
  label: 1,
  section: 1,
  row: 1,
  number: 1,
  order: 1,
  position: 1,
  category: 1,
  flags: 1,
  version: 1,
  status: LIVE_STATUS,
};

/** A seat as anyone may see it; `status` is the live one. */
export type PublicSeat = SeatFace & { status: SeatStatus; version: number };

/** Seats as anyone may look at them; nothing is decided by these reads. */
export function createSeatViews(db: Db) {
  const seats = db.collection<Seat>('seats');
  const findByKey = gather(async (keys) => {
    const found = await seats
      .aggregate<PublicSeat & { _id: string }>([
        { $match: { _id: { $in: keys }, eventId: { $in: eventIdsOf(keys) } } },
        { $project: { ...PUBLIC_FIELDS, _id: 1 } },
      ])
      .batchSize(WHOLE)
      .toArray();
    return new Map(found.map((seat) => [seat._id, seat]));
  });

  return {
    /** Seats of an event in the plan's order with their live status; `limit` 0 is all. */
    list(
      eventId: string,
      filter: { status?: SeatStatus; section?: string; afterOrder: number; limit: number },
    ): Promise<PublicSeat[]> {
      return seats
        .aggregate<PublicSeat>(
          [
            {
              $match: {
                eventId,
                order: { $gt: filter.afterOrder },
                ...(filter.section !== undefined && { section: filter.section }),
                ...(filter.status !== undefined && { status: { $in: storedAs(filter.status) } }),
              },
            },
            { $sort: { order: 1 } },
            { $project: PUBLIC_FIELDS },
            ...(filter.status === undefined ? [] : [{ $match: { status: filter.status } }]),
            ...(filter.limit === 0 ? [] : [{ $limit: filter.limit }]),
          ],
          { batchSize: WHOLE },
        )
        .toArray();
    },

    async find(eventId: string, seatId: string): Promise<PublicSeat | undefined> {
      const found = await findByKey(seatKey(eventId, seatId));
      if (found === undefined) return undefined;
      const { _id, ...seat } = found;
      return seat;
    },
  };
}

export type SeatViews = ReturnType<typeof createSeatViews>;
