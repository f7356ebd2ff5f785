import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Db, Document } from 'mongodb';
import {
  type HistoryEntry,
  type Hold,
  type SeatsChange,
  type Step,
  totalOf,
  withoutSeats,
} from '../hold.ts';
import type { HoldNow } from './holds.ts';
import { literal, notPassed, passed, plusOne } from './time.ts';

/** More than the clocks of a store's machines differ by. */
export const CLOCK_MARGIN_MS = 10_000;

/** Hears of a hold once a change of it is in the store, with the message that tells of it. */
export type Stored = (hold: Hold, message: Message) => void;

/** The rule of a warning, beside the state. */
export function endsSoon(warningMs: number): Document {
  const lasts = { $subtract: ['$expiresAt', '$takenAt'] };
  return {
    $and: [
      notPassed('$expiresAt'),
      passed({ $subtract: ['$expiresAt', warningMs] }),
      { $expr: { $not: [{ $lte: [lasts, warningMs] }] } },
      { $expr: { $not: [{ $eq: ['$warnedOf', '$expiresAt'] }] } },
    ],
  };
}

/**
 * Changes of a live hold that leave it live, each one compare-and-set by state and version.
 */
export function createHoldChanges(db: Db, stored: Stored = () => undefined) {
  const holds = db.collection<Hold>('holds');
  const asRead = (hold: Hold) => ({ _id: hold._id, state: hold.state, version: hold.version });

  return {
    /** Makes seats that were taken for a hold its own, if it has not moved or run out meanwhile. */
    async add(
      hold: Hold,
      addition: {
        seats: readonly OfferSeat[];
        change: SeatsChange & { kind: 'add' };
        message: Message;
        entry: HistoryEntry;
      },
    ): Promise<Hold | null> {
      const seats = [...hold.seats, ...addition.seats];
      const after = await holds.findOneAndUpdate(
        { ...asRead(hold), ...notPassed('$expiresAt') },
        {
          $set: {
            seats,
            totalMinor: totalOf(seats),
            changes: [...(hold.changes ?? []), addition.change],
          },
          $inc: { version: 1 },
          $push: { outbox: addition.message, history: addition.entry },
        },
        { returnDocument: 'after' },
      );
      if (after !== null) stored(after, addition.message);
      return after;
    },

    /** Begins a drop: the document first, which does not name the seats any more. */
    beginDrop(
      hold: Hold,
      drop: SeatsChange & { kind: 'drop' },
      origin: Origin,
    ): Promise<Hold | null> {
      const step: Step = {
        from: hold.state,
        origin,
        reason: 'seats dropped',
        dropped: drop.seatIds,
      };
      const { seats, totalMinor, changes } = withoutSeats(hold, drop);
      return holds.findOneAndUpdate(
        { ...asRead(hold), ...notPassed('$expiresAt') },
        [
          {
            $set: {
              state: 'dropping',
              version: plusOne('$version'),
              movedAt: '$$NOW',
              step: literal(step),
              seats: literal(seats),
              totalMinor,
              changes: literal(changes),
            },
          },
        ],
        { returnDocument: 'after' },
      );
    },

    /** Begins the return of some seats of a sale: the document first, which does not name them any more. */
    beginReturn(
      hold: Hold,
      seatIds: string[],
      { origin, reason }: { origin: Origin; reason: string },
    ): Promise<Hold | null> {
      const step: Step = {
        from: hold.state,
        origin,
        reason,
        dropped: seatIds,
        soldAt: hold.movedAt,
      };
      const id = derivedId(hold._id, 'returned', ...seatIds);
      const change = { id, fingerprint: id, seatIds, kind: 'drop' as const };
      const { seats, totalMinor, changes } = withoutSeats(hold, change);
      const returned = hold.seats.filter((seat) => seatIds.includes(seat.seatId));
      return holds.findOneAndUpdate(
        asRead(hold),
        [
          {
            $set: {
              state: 'shrinking',
              version: plusOne('$version'),
              movedAt: '$$NOW',
              step: literal(step),
              seats: literal(seats),
              returned: literal([...(hold.returned ?? []), ...returned]),
              totalMinor,
              changes: literal(changes),
            },
          },
        ],
        { returnDocument: 'after' },
      );
    },

    /**
     * Live holds that end within `warningMs`, were meant to last longer than that, and whose end was
     * not told of yet; those that end first come first. The range by a clock read beforehand only
     * lets the index find them.
     */
    async endingWithin(warningMs: number, limit: number): Promise<HoldNow[]> {
      const { localTime } = await db.command({ hello: 1 });
      const around = Math.max(0, (localTime as Date).getTime() - CLOCK_MARGIN_MS);
      const found = await holds
        .aggregate<Hold & { now: Date }>([
          {
            $match: {
              state: 'held',
              expiresAt: {
                $gt: new Date(around),
                $lt: new Date(around + warningMs + 2 * CLOCK_MARGIN_MS),
              },
              ...endsSoon(warningMs),
            },
          },
          { $sort: { expiresAt: 1 } },
          { $limit: limit },
          { $addFields: { now: '$$NOW' } },
        ])
        .toArray();
      return found.map(({ now, ...hold }) => ({ hold, now }));
    },

    /** Marks the end that holds are warned of, with the message; how many had none for it yet. */
    async warn(warnings: readonly { hold: Hold; message: Message }[]): Promise<number> {
      const { modifiedCount } = await holds.bulkWrite(
        warnings.map(({ hold, message }) => ({
          updateOne: {
            filter: {
              _id: hold._id,
              state: 'held',
              expiresAt: hold.expiresAt,
              warnedOf: { $ne: hold.expiresAt },
              ...notPassed('$expiresAt'),
            },
            update: { $set: { warnedOf: hold.expiresAt }, $push: { outbox: message } },
          },
        })),
        { ordered: false },
      );
      return modifiedCount;
    },

    /**
     * Makes every change that read the hold before this one fail, so that what a broken-off
     * addition took can be given back. False: the hold has moved, look again.
     */
    async fence(hold: Hold): Promise<boolean> {
      const { matchedCount } = await holds.updateOne(asRead(hold), { $inc: { version: 1 } });
      return matchedCount === 1;
    },
  };
}

export type HoldChanges = ReturnType<typeof createHoldChanges>;
