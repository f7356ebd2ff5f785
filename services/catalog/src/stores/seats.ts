import { createBatches } from '@holdfast/shared/batches.ts';
import { systemClock } from '@holdfast/shared/clock.ts';
import type { Db, Document } from 'mongodb';
import { type Seat, type SeatFace, type SeatStanding, seatKey } from '../seat.ts';
import { gather } from './gather.ts';
import { isDuplicate } from './holds.ts';
import { WHOLE } from './paging.ts';
import { lapses, notCooling, type Sale, type Take, takeable, taken } from './seat-rules.ts';
import { AS_TOLD, createSeatSteps, eventIdsOf, idsOf, type SeatNow } from './seat-steps.ts';
import { olderThan, passed } from './time.ts';

/** A seat as it stood at an instant of the server's clock. */
export type SeatSeen = SeatStanding & { now: Date };

/** Several seats that one try wants; answered with those it owns then. */
type Wanted = { take: Take; keys: string[] };

/**
 * Sales whose window opened before this, and does not end within it, may share a statement: the
 * latest of them has opened as well, and the first to end has not ended.
 */
const LONG_OPEN_MS = 60_000;

/** `coolDownMs`: how long an account whose hold on a seat ran out leaves it to others. */
export function createSeats(db: Db, { coolDownMs }: { coolDownMs: number }) {
  const seats = db.collection<Seat>('seats');
  const rule = (sale: Sale, keys: readonly string[], takes: readonly Take[]): Document => ({
    $and: [takeable(sale), notCooling(keys, takes, coolDownMs)],
  });
  const takeOne = (take: Take, key: string): Promise<Seat | null> =>
    seats.findOneAndUpdate(
      { _id: key, eventId: take.eventId, ...rule(take, [key], [take]) },
      taken([key], [take], coolDownMs),
      { returnDocument: 'after' },
    );

  const takeTogether = createBatches<Wanted, Seat[]>({
    keysOf: ({ keys }) => keys,
    kindOf: ({ take }) => saleOf(take),
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
      await seats.updateMany(
        { _id: { $in: keys }, eventId, ...rule(sharedSale(takes), keys, takes) },
        taken(keys, takes, coolDownMs),
      );
      const found = await seats
        .find({ _id: { $in: keys }, eventId })
        .batchSize(WHOLE)
        .toArray();
      const byAttempt = Map.groupBy(found, ({ hold }) => `${hold?.id} ${hold?.attemptId}`);
      return wanted.map(({ take }) => byAttempt.get(`${take.holdId} ${take.attemptId}`) ?? []);
    },
  });

  const lookAt = gather(async (keys): Promise<ReadonlyMap<string, SeatSeen>> => {
    const found = await seats
      .aggregate<SeatSeen>([
        { $match: { _id: { $in: keys }, eventId: { $in: eventIdsOf(keys) } } },
        { $project: { seatId: 1, status: 1, hold: 1, lapses: lapses(coolDownMs), now: '$$NOW' } },
      ])
      .batchSize(WHOLE)
      .toArray();
    return new Map(found.map((seat) => [seat._id, seat]));
  });
  const findNow = gather(async (keys): Promise<ReadonlyMap<string, SeatNow>> => {
    const found = await seats
      .find({ _id: { $in: keys }, eventId: { $in: eventIdsOf(keys) } })
      .project<SeatNow & { _id: string }>(AS_TOLD)
      .batchSize(WHOLE)
      .toArray();
    return new Map(found.map((seat) => [seat._id, seat]));
  });

  return {
    ...createSeatSteps(seats, coolDownMs),

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

    /** How seats stand, by the server's clock; the looks of many requests are one read. */
    async look(eventId: string, seatIds: readonly string[]): Promise<SeatSeen[]> {
      const seen = await Promise.all(seatIds.map((seatId) => lookAt(seatKey(eventId, seatId))));
      return seen.filter((seat) => seat !== undefined);
    },

    /** The seats of a hold as they stand now, for its messages. */
    async changesOf(hold: {
      eventId: string;
      seats: readonly { seatId: string }[];
    }): Promise<SeatNow[]> {
      const found = await Promise.all(idsOf(hold).sort().map(findNow));
      return found.filter((seat) => seat !== undefined);
    },

    /** Some free seats of a section, which lie in that part of the plan, by the server's clock. */
    async freeAmong(
      eventId: string,
      part: { section: string; from: number; to: number; limit: number },
    ): Promise<string[]> {
      const { section, from, to, limit } = part;
      const lies = { eventId, section, order: { $gte: from, $lte: to } };
      const read = async (rule: Document, most: number): Promise<string[]> => {
        if (most <= 0) return [];
        const found = await seats
          .find({ ...lies, ...rule }, { projection: { seatId: 1 } })
          .limit(most)
          .toArray();
        return found.map((seat) => seat.seatId);
      };
      const free = await read({ status: 'available' }, limit);
      const ranOut = { status: 'held', ...passed('$hold.expiresAt') };
      return [...free, ...(await read(ranOut, limit - free.length))];
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
  };
}

/** Which takes may share a statement, by this process's clock; the store's decides about each. */
function saleOf({ onSaleAt, offSaleAt }: Sale): string {
  const now = systemClock.now().getTime();
  const isOpen = onSaleAt.getTime() < now - LONG_OPEN_MS;
  const staysOpen = !offSaleAt || offSaleAt.getTime() > now + LONG_OPEN_MS;
  return isOpen && staysOpen ? 'open' : JSON.stringify([onSaleAt, offSaleAt ?? null]);
}

/** The window in which all of them are sold. */
function sharedSale(sales: readonly Sale[]): Sale {
  const ends = sales.flatMap(({ offSaleAt }) => (offSaleAt ? [offSaleAt.getTime()] : []));
  return {
    onSaleAt: new Date(Math.max(...sales.map((sale) => sale.onSaleAt.getTime()))),
    offSaleAt: ends.length === 0 ? null : new Date(Math.min(...ends)),
  };
}

export type Seats = ReturnType<typeof createSeats>;
