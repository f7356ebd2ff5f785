import type { Db, Document } from 'mongodb';
import { type Seat, seatKey } from '../seat.ts';
import { literal, passed, plusOne } from './time.ts';

const IDS_A_STATEMENT = 2_000;

/** Seats under blocks of the house; see `takeable` for the same rule of a hold. */
export function createSeatBlocks(db: Db) {
  const seats = db.collection<Seat>('seats');

  /** Runs for the keys in parts, so that no statement is endless. */
  async function inParts(
    eventId: string,
    seatIds: readonly string[],
    run: (filter: { _id: { $in: string[] }; eventId: string }) => Promise<unknown>,
  ): Promise<void> {
    for (let at = 0; at < seatIds.length; at += IDS_A_STATEMENT) {
      const part = seatIds.slice(at, at + IDS_A_STATEMENT);
      await run({ _id: { $in: part.map((seatId) => seatKey(eventId, seatId)) }, eventId });
    }
  }

  return {
    /** Blocks what is free of the seats; answers those that are not under this block then. */
    async block(eventId: string, blockId: string, seatIds: readonly string[]): Promise<string[]> {
      const rule = {
        $or: [
          { status: 'available' as const },
          { status: 'held' as const, ...passed('$hold.expiresAt') },
        ],
      };
      await inParts(eventId, seatIds, (filter) =>
        seats.updateMany({ ...filter, ...rule }, blocked(blockId)),
      );
      const own = await seats
        .find({ eventId, 'block.id': blockId, status: 'blocked' }, { projection: { seatId: 1 } })
        .toArray();
      const ids = new Set(own.map((seat) => seat.seatId));
      return seatIds.filter((seatId) => !ids.has(seatId));
    },

    /** Frees every seat under the block. */
    async unblock(eventId: string, blockId: string): Promise<void> {
      await seats.updateMany({ eventId, status: 'blocked', 'block.id': blockId }, [
        { $set: { status: 'available', version: plusOne('$version') } },
        { $unset: ['block'] },
      ]);
    },

    /** How seats stand, for messages. */
    async standingOf(eventId: string, seatIds: readonly string[]): Promise<Seat[]> {
      const found: Seat[] = [];
      await inParts(eventId, seatIds, async (filter) => {
        const part = await seats
          .find(filter, { projection: { seatId: 1, version: 1, status: 1, order: 1 } })
          .sort({ order: 1 })
          .toArray();
        found.push(...part);
      });
      return found;
    },

    async idsOfSection(eventId: string, section: string): Promise<string[]> {
      const found = await seats
        .find({ eventId, section }, { projection: { seatId: 1 } })
        .sort({ order: 1 })
        .toArray();
      return found.map((seat) => seat.seatId);
    },
  };
}

export type SeatBlocks = ReturnType<typeof createSeatBlocks>;

function blocked(blockId: string): Document[] {
  return [
    {
      $set: {
        status: 'blocked',
        version: plusOne('$version'),
        block: { $mergeObjects: [literal({ id: blockId }), { at: '$$NOW' }] },
      },
    },
    { $unset: ['hold'] },
  ];
}
