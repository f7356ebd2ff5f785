import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Connection } from 'mongoose';
import { Schema } from 'mongoose';
import type { Venue } from '../event.ts';
import type { HistoryEntry } from '../hold.ts';
import { isDuplicate } from './holds.ts';
import { later } from './paging.ts';

const schema = new Schema<Venue>(
  {
    _id: { type: String, required: true },
    ownerId: { type: String, required: true },
    fingerprint: { type: String, required: true },
    name: { type: String, required: true },
    address: { type: String, default: '' },
    city: { type: String, default: '' },
    country: { type: String, default: '' },
    timeZone: { type: String, required: true },
    location: { type: Schema.Types.Mixed },
    amenities: { type: [String], default: [] },
    rules: { type: [String], default: [] },
    planVersion: { type: Number, required: true },
    seatCount: { type: Number, required: true },
    categories: { type: [String], required: true },
    version: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    unfollowed: { type: Boolean },
    history: { type: [Schema.Types.Mixed], default: [] },
    outbox: { type: [Schema.Types.Mixed], default: [] },
  } as never,
  { collection: 'venues', versionKey: false, strict: 'throw', minimize: false },
);

/** What a venue may be changed in; everything else follows from it. */
export type VenueChange = Partial<
  Pick<
    Venue,
    | 'name'
    | 'address'
    | 'city'
    | 'country'
    | 'timeZone'
    | 'location'
    | 'amenities'
    | 'rules'
    | 'planVersion'
    | 'seatCount'
    | 'categories'
  >
>;

/** What events show of their venue. */
const SHOWN_BY_EVENTS: readonly (keyof VenueChange)[] = [
  'name',
  'city',
  'country',
  'timeZone',
  'location',
];

/** `changed` hears of each venue written, before the write is answered. */
export function createVenues(
  connection: Connection,
  changed: (venueId: string) => Promise<void> = async () => undefined,
) {
  const venues = connection.model<Venue>('Venue', schema, 'venues', { overwriteModels: true });
  const browse = { history: 0, outbox: 0, fingerprint: 0 } as const;

  return {
    async find(venueId: string): Promise<Venue | undefined> {
      return (await venues.findById(venueId).lean<Venue>().exec()) ?? undefined;
    },

    /** Inserts a venue; false when there is one under its id. */
    async insert(venue: Venue): Promise<boolean> {
      try {
        await venues.create([venue]);
        await changed(venue._id);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },

    /**
     * Changes the version that was read; null when it has changed since. What its events show of it
     * leaves the mark that they have yet to follow.
     */
    async change(
      venue: Venue,
      set: VenueChange,
      trace: { message: Message; entry: HistoryEntry },
    ): Promise<Venue | null> {
      const after = await venues
        .findOneAndUpdate(
          { _id: venue._id, version: venue.version },
          {
            $set: {
              ...set,
              ...(SHOWN_BY_EVENTS.some((key) => key in set) && { unfollowed: true }),
            },
            $inc: { version: 1 },
            $push: { outbox: trace.message, history: trace.entry },
          },
          { returnDocument: 'after' },
        )
        .lean<Venue>()
        .exec();
      if (after !== null) await changed(venue._id);
      return after;
    },

    /** Venues that were changed and whose events may not show it yet. */
    unfollowed: (limit: number): Promise<Venue[]> =>
      venues.find({ unfollowed: true }).select(browse).limit(limit).lean<Venue[]>().exec(),

    /** Its events show that version; a change made since stays to be followed. */
    async setFollowed(venue: Venue): Promise<void> {
      await venues.updateOne({ _id: venue._id, version: venue.version }, { unfollowed: false });
    },

    /** Venues by name, after a point. */
    list(page: {
      city?: string;
      after?: { name: string; id: string };
      limit: number;
    }): Promise<Venue[]> {
      return venues
        .find({
          ...(page.city !== undefined && { city: page.city }),
          ...(page.after && later('name', page.after.name, page.after.id)),
        })
        .select(browse)
        .sort({ name: 1, _id: 1 })
        .limit(page.limit)
        .lean<Venue[]>()
        .exec();
    },
  };
}

export type Venues = ReturnType<typeof createVenues>;
