import { systemClock } from '@holdfast/shared/clock.ts';
import type { SeatStatus } from '@holdfast/shared/contracts/holds.ts';
import type { Db, Document } from 'mongodb';
import { attemptsOf, type Hold } from '../hold.ts';
import { eventIdOf, type Seat, type SeatFace, type SeatStanding, seatKey } from '../seat.ts';
import { createBatches } from './batches.ts';
import { gather } from './gather.ts';
import { isDuplicate } from './holds.ts';
import { literal, notPassed, olderThan, ownOf, passed, plusOne } from './time.ts';

/** One try to take seats: whose it is, how long it lasts, and what bounds it. */
export type Take = {
  eventId: string;
  onSaleAt: Date;
  holdId: string;
  userId: string;
  attemptId: string;
  ttlMs: number;
  /** No seat outlives it: the end of the quota's claim, or of the hold that gets more seats. */
  notAfter: Date;
  /** The hold's round, from 0. */
  round?: number;
};

/** A seat as it stood at an instant of the server's clock. */
export type SeatSeen = SeatStanding & { now: Date };

/** Several seats that one try wants; answered with those it owns then. */
type Wanted = { take: Take; keys: string[] };

/** Sales that opened before this may share a statement: the latest of them has opened as well. */
const LONG_OPEN_MS = 60_000;

/** The rule of a take: for sale, and available or held by a hold that has run out. */
export function takeable(onSaleAt: Date): Document {
  return {
    $and: [
      { $or: [{ status: 'available' }, { status: 'held', ...passed('$hold.expiresAt') }] },
      passed(literal(onSaleAt)),
    ],
  };
}

/** The change of a take; each seat becomes what its own try says. */
function taken(keys: readonly string[], takes: readonly Take[]): Document[] {
  const claims = takes.map(({ holdId, userId, attemptId, ttlMs, notAfter, round = 0 }) => ({
    kept: { id: holdId, userId, attemptId, round },
    ttlMs,
    notAfter,
  }));
  const hold = {
    $let: {
      vars: { take: ownOf(keys, claims) },
      in: {
        $mergeObjects: [
          '$$take.kept',
          {
            takenAt: '$$NOW',
            expiresAt: { $min: [{ $add: ['$$NOW', '$$take.ttlMs'] }, '$$take.notAfter'] },
          },
        ],
      },
    },
  };
  return [{ $set: { status: 'held', version: plusOne('$version'), hold } }];
}

const FREED: Document[] = [
  { $set: { status: 'available', version: plusOne('$version') } },
  { $unset: ['hold', 'commit'] },
];

const idsOf = (hold: { eventId: string; seats: readonly { seatId: string }[] }) =>
  hold.seats.map((seat) => seatKey(hold.eventId, seat.seatId));

const eventIdsOf = (keys: readonly string[]) => [...new Set(keys.map(eventIdOf))];

export function createSeats(db: Db) {
  const seats = db.collection<Seat>('seats');
  const takeOne = (take: Take, key: string): Promise<Seat | null> =>
    seats.findOneAndUpdate(
      { _id: key, eventId: take.eventId, ...takeable(take.onSaleAt) },
      taken([key], [take]),
      { returnDocument: 'after' },
    );

  const takeTogether = createBatches<Wanted, Seat[]>({
    keysOf: ({ keys }) => keys,
    kindOf: ({ take }) => saleOf(take.onSaleAt),
    async run(wanted) {
      const [first] = wanted;
      const [key] = first?.keys ?? [];
      if (first && key !== undefined && wanted.length === 1 && first.keys.length === 1) {
        const seat = await takeOne(first.take, key);
        return [seat === null ? [] : [seat]];
      }
      const keys = wanted.flatMap((one) => one.keys);
      const takes = wanted.flatMap((one) => one.keys.map(() => one.take));
      const eventId = { $in: eventIdsOf(keys) };
      const onSaleAt = new Date(Math.max(...takes.map((take) => take.onSaleAt.getTime())));
      await seats.updateMany(
        { _id: { $in: keys }, eventId, ...takeable(onSaleAt) },
        taken(keys, takes),
      );
      const found = await seats.find({ _id: { $in: keys }, eventId }).toArray();
      const byAttempt = Map.groupBy(found, ({ hold }) => `${hold?.id} ${hold?.attemptId}`);
      return wanted.map(({ take }) => byAttempt.get(`${take.holdId} ${take.attemptId}`) ?? []);
    },
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

    /** Takes one seat, alone; null is a miss. */
    takeOne: (take: Take, seatId: string): Promise<Seat | null> =>
      takeOne(take, seatKey(take.eventId, seatId)),

    /**
     * Takes what it can of the seats, with whatever else comes in the same tick, and answers what
     * this try owns then.
     */
    takeMany: (take: Take, seatIds: readonly string[]): Promise<Seat[]> =>
      takeTogether({ take, keys: seatIds.map((seatId) => seatKey(take.eventId, seatId)) }),

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
    async changesOf(hold: {
      eventId: string;
      seats: readonly { seatId: string }[];
    }): Promise<Seat[]> {
      return seats
        .find(
          { _id: { $in: idsOf(hold) } },
          { projection: { seatId: 1, version: 1, status: 1, order: 1 } },
        )
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

    /** Frees seats that a hold dropped, and none that it took again since. */
    async freeDropped(hold: Hold, seatIds: readonly string[]): Promise<void> {
      await seats.updateMany(
        {
          _id: { $in: seatIds.map((seatId) => seatKey(hold.eventId, seatId)) },
          eventId: hold.eventId,
          status: 'held',
          'hold.id': hold._id,
          'hold.attemptId': { $in: attemptsOf(hold) },
        },
        FREED,
      );
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

/** Which takes may share a statement, by this process's clock; the store's decides about each. */
function saleOf(onSaleAt: Date): string {
  const longOpen = systemClock.now().getTime() - LONG_OPEN_MS;
  return onSaleAt.getTime() < longOpen ? 'open' : onSaleAt.toISOString();
}

export type Seats = ReturnType<typeof createSeats>;
