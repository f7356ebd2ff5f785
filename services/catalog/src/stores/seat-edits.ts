import type { Db, Document } from 'mongodb';
import { type Seat, type SeatFace, seatKey } from '../seat.ts';
import { isDuplicate } from './holds.ts';
import { notPassed, ownOf } from './time.ts';

const SEATS_A_STATEMENT = 500;
const MEMBERS = ['label', 'section', 'row', 'number', 'order', 'category', 'flags'] as const;

/** What an edit of an event's plan does to its seats; each step may be repeated. */
export function createSeatEdits(db: Db) {
  const seats = db.collection<Seat>('seats');

  async function inParts<T>(items: readonly T[], run: (part: T[]) => Promise<unknown>) {
    for (let at = 0; at < items.length; at += SEATS_A_STATEMENT) {
      await run(items.slice(at, at + SEATS_A_STATEMENT));
    }
  }

  return {
    /** The highest version of the seats under a block. */
    async highestVersion(eventId: string, blockId: string): Promise<number> {
      const [seat] = await seats
        .find({ eventId, 'block.id': blockId }, { projection: { version: 1 } })
        .sort({ version: -1 })
        .limit(1)
        .toArray();
      return seat?.version ?? 0;
    },

    /** Creates seats that no one can take yet; those that exist are left as they are. */
    async createBlocked(
      eventId: string,
      blockId: string,
      version: number,
      faces: readonly SeatFace[],
    ): Promise<void> {
      await inParts(faces, async (part) => {
        const block = { id: blockId, at: new Date(0) };
        const documents = part.map(
          (face): Seat => ({
            _id: seatKey(eventId, face.seatId),
            eventId,
            ...face,
            status: 'blocked',
            version,
            block,
          }),
        );
        try {
          await seats.insertMany(documents, { ordered: false });
        } catch (error) {
          if (!isDuplicate(error)) throw error;
        }
      });
    },

    /** Gives seats their new faces; who holds or has one keeps it. */
    async putFaces(eventId: string, faces: readonly SeatFace[]): Promise<void> {
      const seated = faces.filter((face) => face.position !== undefined);
      const standing = faces.filter((face) => face.position === undefined);
      await inParts(seated, (part) => put(part, [...MEMBERS, 'position'], []));
      await inParts(standing, (part) => put(part, MEMBERS, [{ $unset: ['position'] }]));

      function put(part: SeatFace[], members: readonly string[], more: Document[]) {
        const keys = part.map((face) => seatKey(eventId, face.seatId));
        const set = Object.fromEntries(members.map((name) => [name, `$face.${name}`]));
        return seats.updateMany({ _id: { $in: keys }, eventId }, [
          { $set: { face: ownOf(keys, part) } },
          { $set: set },
          { $unset: ['face'] },
          ...more,
        ]);
      }
    },

    /** Removes seats under a block. */
    async drop(eventId: string, blockId: string, seatIds: readonly string[]): Promise<void> {
      await inParts(seatIds, (part) =>
        seats.deleteMany({
          _id: { $in: part.map((seatId) => seatKey(eventId, seatId)) },
          eventId,
          'block.id': blockId,
        }),
      );
    },

    /** Seats of the categories that somebody holds or has, in the order of the plan. */
    async inUse(eventId: string, categories: readonly string[]): Promise<string[]> {
      const found = await seats
        .find(
          {
            eventId,
            category: { $in: [...categories] },
            $or: [
              { status: { $in: ['committing', 'sold'] } },
              { status: 'held', ...notPassed('$hold.expiresAt') },
            ],
          },
          { projection: { seatId: 1 } },
        )
        .sort({ order: 1 })
        .toArray();
      return found.map((seat) => seat.seatId);
    },
  };
}

export type SeatEdits = ReturnType<typeof createSeatEdits>;
