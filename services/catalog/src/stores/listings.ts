import type { Db } from 'mongodb';
import {
  heated,
  type Listing,
  type ListingFace,
  type SeatCounts,
  stockOf,
} from '../search/listing.ts';
import { isDuplicate } from './holds.ts';
import { WHOLE } from './paging.ts';

/** Seats of an event counted at an instant of the store's clock. */
export type SeatCount = SeatCounts & { asOf: Date };

/** What a count follows from, and is compared with. */
const COUNTED = {
  held: 1,
  sold: 1,
  left: 1,
  popularity: 1,
  asOf: 1,
  seatCount: 1,
  status: 1,
} as const;

/** Writes listings: their faces as events change, their counts as seats do. */
export function createListings(db: Db) {
  const listings = db.collection<Listing>('listings');
  const countsOf = (
    { left, held, sold, byCategory, asOf }: SeatCount,
    event: Pick<Listing, 'seatCount' | 'status'>,
  ) => ({
    left,
    held,
    sold,
    byCategory,
    asOf,
    stock: stockOf(left, event),
  });

  return {
    /** Shows an event as it is in that version; false when it has no listing yet. */
    async show(face: ListingFace): Promise<boolean> {
      const { matchedCount } = await listings.updateOne(
        { _id: face._id, version: { $lte: face.version } },
        { $set: face },
      );
      return matchedCount > 0 || (await listings.countDocuments({ _id: face._id })) > 0;
    },

    /** The first listing of an event; one that is there already is left as it is. */
    async insert(face: ListingFace, count: SeatCount): Promise<void> {
      try {
        await listings.insertOne({ ...face, ...countsOf(count, face), popularity: 0 });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    },

    /**
     * Takes over the counts of events, each unless a later one is there; which events sold out by
     * it, or are no more sold out.
     */
    async recount(counts: ReadonlyMap<string, SeatCount>): Promise<string[]> {
      const found = await listings
        .find({ _id: { $in: [...counts.keys()] } }, { projection: COUNTED, batchSize: WHOLE })
        .toArray();
      const older = found.flatMap((before) => {
        const count = counts.get(before._id);
        return count && before.asOf < count.asOf ? [{ before, count }] : [];
      });
      if (older.length === 0) return [];
      await listings.bulkWrite(
        older.map(({ before, count }) => {
          const taken = count.held + count.sold - before.held - before.sold;
          const popularity = heated(before.popularity, taken, count.asOf.getTime());
          return {
            updateOne: {
              filter: { _id: before._id, asOf: before.asOf },
              update: { $set: { ...countsOf(count, before), popularity } },
            },
          };
        }),
        { ordered: false },
      );
      const isTurned = older.filter(
        ({ before, count }) => (before.left === 0) !== (count.left === 0),
      );
      return isTurned.map(({ before }) => before._id);
    },

    /** Events that are shown and were counted longest ago. */
    async countedFirst(limit: number): Promise<string[]> {
      const found = await listings
        .find({ shown: true }, { projection: { _id: 1 } })
        .sort({ asOf: 1 })
        .limit(limit)
        .toArray();
      return found.map((one) => one._id);
    },

    /** Versions of events and seats left of them, as listed. */
    async countsOf(
      eventIds: readonly string[],
    ): Promise<ReadonlyMap<string, Pick<Listing, 'version' | 'left'>>> {
      const found = await listings
        .find({ _id: { $in: [...eventIds] } }, { projection: { version: 1, left: 1 } })
        .toArray();
      return new Map(found.map((one) => [one._id, one]));
    },

    /** Events whose listings lack what newer ones have. */
    async ofOldForm(): Promise<string[]> {
      const found = await listings
        .find({ folded: { $exists: false } }, { projection: { _id: 1 } })
        .toArray();
      return found.map((one) => one._id);
    },

    async find(eventId: string): Promise<Listing | undefined> {
      return (await listings.findOne({ _id: eventId })) ?? undefined;
    },
  };
}

export type Listings = ReturnType<typeof createListings>;
