import type { SeatStatus } from '@holdfast/shared/contracts/holds.ts';
import type { Db, Document } from 'mongodb';
import type { Hold } from '../hold.ts';
import { eventIdOf, type Seat, type SeatFace, type SeatStanding, seatKey } from '../seat.ts';
import { gather } from './gather.ts';
import { isDuplicate } from './holds.ts';
import { literal, notPassed, nowPlus, olderThan, passed, plusOne } from './time.ts';

/** One try to take seats: whose it is, how long it lasts, and what bounds it. */
export type Take = {
  eventId: string;
  onSaleAt: Date;
  holdId: string;
  userId: string;
  attemptId: string;
  ttlMs: number;
  /** End of the quota's claim: no seat outlives it. */
  notAfter: Date;
};

/** A seat as it stood at an instant of the server's clock. */
export type SeatSeen = SeatStanding & { now: Date };

/** The rule of a take: for sale, and available or held by a hold that has run out. */
export function takeable(onSaleAt: Date): Document {
  return {
    $and: [
      { $or: [{ status: 'available' }, { status: 'held', ...passed('$hold.expiresAt') }] },
      passed(literal(onSaleAt)),
    ],
  };
}

function taken(take: Take): Document[] {
  return [
    {
      $set: {
        status: 'held',
        version: plusOne('$version'),
        hold: {
          $mergeObjects: [
            literal({ id: take.holdId, userId: take.userId, attemptId: take.attemptId, round: 0 }),
            {
              takenAt: '$$NOW',
              expiresAt: { $min: [nowPlus(take.ttlMs), literal(take.notAfter)] },
            },
          ],
        },
      },
    },
  ];
}

const FREED: Document[] = [
  { $set: { status: 'available', version: plusOne('$version') } },
  { $unset: ['hold', 'commit'] },
];

const idsOf = (hold: Pick<Hold, 'eventId' | 'seats'>) =>
  hold.seats.map((seat) => seatKey(hold.eventId, seat.seatId));

const eventIdsOf = (keys: readonly string[]) => [...new Set(keys.map(eventIdOf))];

export function createSeats(db: Db) {
  const seats = db.collection<Seat>('seats');
  const find = gather(async (keys): Promise<ReadonlyMap<string, Seat>> => {
    const found = await seats
      .find({ _id: { $in: keys }, eventId: { $in: eventIdsOf(keys) } })
      .toArray();
    return new Map(found.map((seat) => [seat._id, seat]));
  });
  const lookAt = gather(async (keys): Promise<ReadonlyMap<string, SeatSeen>> => {
    const found = await seats
      .aggregate<SeatSeen>([
        { $match: { _id: { $in: keys }, eventId: { $in: eventIdsOf(keys) } } },
        { $project: { seatId: 1, status: 1, hold: 1, now: '$$NOW' } },
      ])
      .toArray();
    return new Map(found.map((seat) => [seat._id, seat]));
  });
  const ofHold = (hold: Hold, status: SeatStatus): Document => ({
    _id: { $in: idsOf(hold) },
    eventId: hold.eventId,
    'hold.id': hold._id,
    status,
  });
  const ofPin = (hold: Hold, status: SeatStatus): Document => ({
    _id: { $in: idsOf(hold) },
    eventId: hold.eventId,
    'commit.pinId': hold.pinId,
    status,
  });

  return {
    /** Creates the seats of an event; those that exist are left as they are. */
    async create(eventId: string, faces: readonly SeatFace[]): Promise<void> {
      const documents = faces.map(
        (face): Seat => ({
          _id: seatKey(eventId, face.seatId),
          eventId,
          ...face,
          status: 'available',
          version: 1,
        }),
      );
      try {
        await seats.insertMany(documents, { ordered: false });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    },

    /** Takes one seat; null is a miss. */
    takeOne(take: Take, seatId: string): Promise<Seat | null> {
      return seats.findOneAndUpdate(
        {
          _id: seatKey(take.eventId, seatId),
          eventId: take.eventId,
          ...takeable(take.onSaleAt),
        },
        taken(take),
        { returnDocument: 'after' },
      );
    },

    /** Takes what it can of the seats in one statement and answers what this try owns then. */
    async takeMany(take: Take, seatIds: readonly string[]): Promise<Seat[]> {
      const ids = seatIds.map((seatId) => seatKey(take.eventId, seatId));
      const { modifiedCount } = await seats.updateMany(
        { _id: { $in: ids }, eventId: take.eventId, ...takeable(take.onSaleAt) },
        taken(take),
      );
      if (modifiedCount === 0) return [];
      const found = await Promise.all(ids.map(find));
      return found
        .filter((seat) => seat !== undefined)
        .filter(({ hold }) => hold?.id === take.holdId && hold.attemptId === take.attemptId);
    },

    /** Gives back what one try took, and nothing that another try of the same hold owns. */
    async giveBack(eventId: string, holdId: string, attemptId: string): Promise<number> {
      const { modifiedCount } = await seats.updateMany(
        { eventId, status: 'held', 'hold.id': holdId, 'hold.attemptId': attemptId },
        FREED,
      );
      return modifiedCount;
    },

    /** How seats stand, by the server's clock; the looks of many requests are one read. */
    async look(eventId: string, seatIds: readonly string[]): Promise<SeatSeen[]> {
      const seen = await Promise.all(seatIds.map((seatId) => lookAt(seatKey(eventId, seatId))));
      return seen.filter((seat) => seat !== undefined);
    },

    /** The seats of a hold as they stand now, for its messages. */
    async changesOf(hold: Pick<Hold, 'eventId' | 'seats'>): Promise<Seat[]> {
      return seats
        .find({ _id: { $in: idsOf(hold) } }, { projection: { seatId: 1, version: 1, status: 1 } })
        .sort({ _id: 1 })
        .toArray();
    },

    /** Moves the end of the live seats of a hold, never to an earlier instant; how many it reached. */
    async extend(hold: Hold, expiresAt: Date): Promise<number> {
      const { matchedCount } = await seats.updateMany(
        { ...ofHold(hold, 'held'), ...notPassed('$hold.expiresAt') },
        [
          {
            $set: {
              'hold.expiresAt': { $max: ['$hold.expiresAt', literal(expiresAt)] },
              version: plusOne('$version'),
            },
          },
        ],
      );
      return matchedCount;
    },

    /** Pins the seats of this round of the hold; how many are under its pin then. */
    async pin(hold: Hold): Promise<number> {
      await seats.updateMany({ ...ofHold(hold, 'held'), 'hold.round': hold.round }, [
        {
          $set: {
            status: 'committing',
            version: plusOne('$version'),
            commit: {
              $mergeObjects: [
                literal({ bookingId: hold.bookingId, pinId: hold.pinId }),
                { at: '$$NOW' },
              ],
            },
          },
        },
      ]);
      return seats.countDocuments(ofPin(hold, 'committing'));
    },

    async confirm(hold: Hold): Promise<void> {
      await seats.updateMany(ofPin(hold, 'committing'), {
        $set: { status: 'sold' },
        $inc: { version: 1 },
      });
    },

    /** Undoes a pin: the seats are free, or held again until the hold's own end in its next round. */
    async unpin(hold: Hold, to: 'held' | 'available'): Promise<void> {
      await seats.updateMany(
        ofPin(hold, 'committing'),
        to === 'available'
          ? FREED
          : [
              {
                $set: {
                  status: 'held',
                  version: plusOne('$version'),
                  'hold.expiresAt': literal(hold.expiresAt),
                  'hold.round': literal(hold.round + 1),
                },
              },
              { $unset: ['commit'] },
            ],
      );
    },

    async free(hold: Hold): Promise<void> {
      await seats.updateMany(ofHold(hold, 'held'), FREED);
    },

    async returnSold(hold: Hold): Promise<void> {
      await seats.updateMany(ofPin(hold, 'sold'), FREED);
    },

    /** Held seats taken before `ageMs` ago, oldest first, from a point on. */
    heldLongerThan(ageMs: number, after: Date, limit: number): Promise<Seat[]> {
      return seats
        .find({
          status: 'held',
          'hold.takenAt': { $gt: after },
          ...olderThan('$hold.takenAt', ageMs),
        })
        .sort({ 'hold.takenAt': 1 })
        .limit(limit)
        .toArray();
    },

    /** Seats pinned before `ageMs` ago, oldest first, from a point on. */
    committingLongerThan(ageMs: number, after: Date, limit: number): Promise<Seat[]> {
      return seats
        .find({
          status: 'committing',
          'commit.at': { $gt: after },
          ...olderThan('$commit.at', ageMs),
        })
        .sort({ 'commit.at': 1 })
        .limit(limit)
        .toArray();
    },

    /** Frees held seats of a hold that has ended, whichever try took them. */
    async freeHeldBy(eventId: string, holdId: string): Promise<number> {
      const { modifiedCount } = await seats.updateMany(
        { eventId, 'hold.id': holdId, status: 'held' },
        FREED,
      );
      return modifiedCount;
    },

    /** Settles seats under a pin whose hold has gone on without them. */
    async settlePin(eventId: string, pinId: string, to: 'sold' | 'available'): Promise<number> {
      const { modifiedCount } = await seats.updateMany(
        { eventId, 'commit.pinId': pinId, status: 'committing' },
        to === 'sold' ? { $set: { status: 'sold' }, $inc: { version: 1 } } : FREED,
      );
      return modifiedCount;
    },
  };
}

export type Seats = ReturnType<typeof createSeats>;
