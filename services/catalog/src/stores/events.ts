import { isDeepStrictEqual } from 'node:util';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { Connection, QueryFilter } from 'mongoose';
import { Schema } from 'mongoose';
import { type Event, SOLD_BY, type SoldEvent, type VenueFace } from '../event.ts';
import { STANDING } from '../event-status.ts';
import type { HistoryEntry } from '../hold.ts';
import { createEventPlans } from './event-plans.ts';
import { createEventVenues } from './event-venues.ts';
import { gather } from './gather.ts';
import { isDuplicate } from './holds.ts';
import { later } from './paging.ts';
import { olderThan } from './time.ts';

const schema = new Schema<Event>(
  {
    _id: { type: String, required: true },
    ownerId: { type: String, required: true },
    fingerprint: { type: String, required: true },
    venueId: { type: String, required: true },
    venueName: { type: String, required: true },
    city: { type: String, default: '' },
    country: { type: String, default: '' },
    timeZone: { type: String, required: true },
    location: { type: Schema.Types.Mixed, default: null },
    planVersion: { type: Number, required: true },
    categories: { type: [String], required: true },
    name: { type: String, required: true },
    description: { type: String, default: '' },
    artists: { type: [String], default: [] },
    artistIds: { type: [String], default: [] },
    seriesId: { type: String, default: null },
    category: { type: String, required: true },
    startsAt: { type: Date, required: true },
    endsAt: { type: Date, default: null },
    onSaleAt: { type: Date, required: true },
    offSaleAt: { type: Date, default: null },
    images: { type: [Schema.Types.Mixed], default: [] },
    language: { type: String, default: null },
    translations: { type: Schema.Types.Mixed, default: {} },
    prices: { type: [Schema.Types.Mixed], required: true },
    ticketTypes: { type: [Schema.Types.Mixed], default: [] },
    currency: { type: String, required: true },
    terms: { type: Schema.Types.Mixed, default: null },
    tags: { type: [String], default: [] },
    metadata: { type: Schema.Types.Mixed, default: {} },
    maxPerUser: { type: Number, default: null },
    maxPerOrder: { type: Number, default: null },
    seatPolicy: { type: Schema.Types.Mixed, default: null },
    status: { type: String, required: true },
    ready: { type: Boolean, required: true },
    unlisted: { type: Boolean },
    seatCount: { type: Number, required: true },
    planEdit: { type: Schema.Types.Mixed, default: null },
    seatFloor: { type: Number, default: 0 },
    searchText: { type: String, required: true },
    version: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    history: { type: [Schema.Types.Mixed], default: [] },
    outbox: { type: [Schema.Types.Mixed], default: [] },
  } as never,
  { collection: 'events', versionKey: false, strict: 'throw', minimize: false },
);

export type EventChange = Partial<
  Pick<
    Event,
    | keyof VenueFace
    | 'name'
    | 'description'
    | 'artists'
    | 'artistIds'
    | 'category'
    | 'startsAt'
    | 'endsAt'
    | 'onSaleAt'
    | 'offSaleAt'
    | 'images'
    | 'language'
    | 'translations'
    | 'prices'
    | 'ticketTypes'
    | 'terms'
    | 'tags'
    | 'metadata'
    | 'maxPerUser'
    | 'maxPerOrder'
    | 'seatPolicy'
    | 'status'
    | 'searchText'
  >
>;

export type EventFilter = {
  category?: string;
  city?: string;
  tag?: string;
  venueId?: string;
  q?: string;
  from?: Date;
  to?: Date;
  after?: { startsAt: Date; id: string };
  limit: number;
};

/** What lists are filtered and sorted by; a change of anything else moves no event into another. */
const LISTED_BY: readonly (keyof EventChange)[] = [
  'status',
  'startsAt',
  'category',
  'tags',
  'searchText',
  'city',
];

/**
 * `changed` hears of each event written, before the write is answered, and whether it may be in
 * other lists than before.
 */
export function createEvents(
  connection: Connection,
  changed: (eventId: string, scope: { lists: boolean }) => Promise<void> = async () => undefined,
) {
  const events = connection.model<Event>('Event', schema, 'events', { overwriteModels: true });
  const browse = { history: 0, outbox: 0, fingerprint: 0 } as const;

  async function list(filter: QueryFilter<Event>, limit: number): Promise<Event[]> {
    return events
      .find(filter)
      .select(browse)
      .sort({ startsAt: 1, _id: 1 })
      .limit(limit)
      .lean<Event[]>()
      .exec();
  }

  return {
    ...createEventPlans(events, changed),
    ...createEventVenues(events),

    find: gather(async (eventIds): Promise<ReadonlyMap<string, Event>> => {
      const found = await events
        .find({ _id: { $in: eventIds } })
        .select(browse)
        .lean<Event[]>()
        .exec();
      return new Map(found.map((event) => [event._id, event]));
    }),

    /** What its seats are sold by: less to read, and much asked for. */
    findSold: gather(async (eventIds): Promise<ReadonlyMap<string, SoldEvent>> => {
      const found = await events
        .find({ _id: { $in: eventIds } })
        .select([...SOLD_BY])
        .lean<SoldEvent[]>()
        .exec();
      return new Map(found.map((event) => [event._id, event]));
    }),

    /** The whole document, with the fingerprint of the request that made it. */
    async findWhole(eventId: string): Promise<Event | undefined> {
      return (await events.findById(eventId).lean<Event>().exec()) ?? undefined;
    },

    async insert(event: Event): Promise<boolean> {
      try {
        await events.create([event]);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },

    /** Opens the event once its seats are complete; null when that was done already. */
    async complete(
      event: Event,
      trace: { message: Message; entry: HistoryEntry },
    ): Promise<Event | null> {
      const after = await events
        .findOneAndUpdate(
          { _id: event._id, ready: false },
          {
            $set: { ready: true, unlisted: true },
            $inc: { version: 1 },
            $push: { outbox: trace.message, history: trace.entry },
          },
          { returnDocument: 'after' },
        )
        .lean<Event>()
        .exec();
      if (after !== null) await changed(event._id, { lists: true });
      return after;
    },

    async change(
      event: Event,
      set: EventChange,
      trace: { message: Message; entry: HistoryEntry },
    ): Promise<Event | null> {
      const after = await events
        .findOneAndUpdate(
          { _id: event._id, version: event.version },
          {
            $set: { ...set, unlisted: true },
            $inc: { version: 1 },
            $push: { outbox: trace.message, history: trace.entry },
          },
          { returnDocument: 'after' },
        )
        .lean<Event>()
        .exec();
      const lists = LISTED_BY.some((key) => key in set && !isDeepStrictEqual(set[key], event[key]));
      if (after !== null) await changed(event._id, { lists });
      return after;
    },

    /** Events that changed and whose listings do not show it yet. */
    unlisted: (limit: number): Promise<Event[]> =>
      events.find({ unlisted: true }).select(browse).limit(limit).lean<Event[]>().exec(),

    /** The listing shows that version; a change made since stays to be listed. */
    async setListed(event: Event): Promise<void> {
      await events.updateOne({ _id: event._id, version: event.version }, { unlisted: false });
    },

    /** Events of before there were listings are to be listed, and those that are named. */
    async listOld(named: readonly string[]): Promise<void> {
      await events.updateMany({ ready: true, unlisted: { $exists: false } }, { unlisted: true });
      if (named.length > 0) await events.updateMany({ _id: { $in: named } }, { unlisted: true });
    },

    /** Events whose creation broke off. */
    incomplete: (ageMs: number, limit: number): Promise<Event[]> =>
      events
        .find({ ready: false, ...olderThan('$createdAt', ageMs) })
        .limit(limit)
        .lean<Event[]>()
        .exec(),

    /** Published events, soonest first. */
    listPublished(filter: EventFilter): Promise<Event[]> {
      const { after } = filter;
      return list(
        {
          status: { $in: [...STANDING] },
          ready: true,
          ...(filter.category !== undefined && { category: filter.category }),
          ...(filter.city !== undefined && { city: filter.city }),
          ...(filter.tag !== undefined && { tags: filter.tag }),
          ...(filter.venueId !== undefined && { venueId: filter.venueId }),
          ...(filter.q !== undefined && {
            searchText: { $regex: escapeRegex(filter.q.toLowerCase()) },
          }),
          $and: [
            filter.from ? { startsAt: { $gte: filter.from } } : {},
            filter.to ? { startsAt: { $lt: filter.to } } : {},
            after ? later('startsAt', after.startsAt, after.id) : {},
          ],
        },
        filter.limit,
      );
    },

    /** Events of an organizer or of all, drafts too, soonest first. */
    listOwn(page: Pick<EventFilter, 'after' | 'limit'> & { ownerId?: string }): Promise<Event[]> {
      const { ownerId, after, limit } = page;
      return list(
        {
          ...(ownerId !== undefined && { ownerId }),
          ...(after && later('startsAt', after.startsAt, after.id)),
        },
        limit,
      );
    },
  };
}

export type Events = ReturnType<typeof createEvents>;

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
