import type { Db, Document } from 'mongodb';
import { type Seat, type SeatFace, type SeatHold, seatKey } from '../seat.ts';

const SEATS_A_READ = 2_000;
const STANDING = {
  _id: 0,
  seatId: 1,
  order: 1,
  status: 1,
  version: 1,
  'hold.expiresAt': 1,
  'hold.takenAt': 1,
};
const FACE = { label: 1, section: 1, row: 1, number: 1, position: 1, category: 1, flags: 1 };

/** How a seat stood when it was read. */
export type Standing = Pick<Seat, 'seatId' | 'order' | 'status' | 'version'> & {
  hold?: Pick<SeatHold, 'expiresAt' | 'takenAt'>;
};

/** All seats of an event as the documents have them, for the boards; nothing is decided by them. */
export function createSeatStandings(db: Db) {
  const seats = db.collection<Seat>('seats');

  function inParts<T extends Document>(eventId: string, projection: Document): AsyncIterable<T> {
    return seats.find<T>({ eventId }, { projection, sort: { order: 1 }, batchSize: SEATS_A_READ });
  }

  return {
    /** In the plan's order. */
    read: (eventId: string) => inParts<Standing>(eventId, STANDING),
    readWithFaces: (eventId: string) =>
      inParts<Standing & SeatFace>(eventId, { ...STANDING, ...FACE }),

    readSome: (eventId: string, seatIds: readonly string[]): Promise<Standing[]> =>
      seats
        .find({ _id: { $in: seatIds.map((seatId) => seatKey(eventId, seatId)) }, eventId })
        .project<Standing>(STANDING)
        .toArray(),

    /** The places in the plan of some seats. */
    async ordersOf(eventId: string, seatIds: readonly string[]): Promise<Map<string, number>> {
      const found = await seats
        .find({ _id: { $in: seatIds.map((seatId) => seatKey(eventId, seatId)) }, eventId })
        .project<{ seatId: string; order: number }>({ _id: 0, seatId: 1, order: 1 })
        .toArray();
      return new Map(found.map((seat) => [seat.seatId, seat.order]));
    },
  };
}

export type SeatStandings = ReturnType<typeof createSeatStandings>;
