import { outboxIndex } from '@holdfast/shared/outbox/mongo.ts';
import { type Db, type Document, type IndexDescription, MongoServerError } from 'mongodb';
import { MIDDLE_STATES } from '../hold.ts';

const of = (partialFilterExpression: Document) => ({ partialFilterExpression });

/** Every index of production, by collection. A test runs every filter with all of them present. */
export const INDEXES: Readonly<Record<string, readonly IndexDescription[]>> = {
  venues: [
    { key: { ownerId: 1 } },
    { key: { name: 1, _id: 1 } },
    { key: { unfollowed: 1 }, ...of({ unfollowed: true }) },
    { key: outboxIndex },
  ],
  events: [
    { key: { status: 1, startsAt: 1, _id: 1 } },
    { key: { category: 1, city: 1, startsAt: 1 } },
    { key: { city: 1, startsAt: 1 } },
    { key: { venueId: 1, startsAt: 1 } },
    { key: { ownerId: 1, startsAt: 1 } },
    { key: { ready: 1, createdAt: 1 } },
    { key: { unlisted: 1 }, ...of({ unlisted: true }) },
    { key: outboxIndex },
  ],
  listings: [
    { key: { shown: 1, startsAt: 1, _id: 1 } },
    { key: { shown: 1, 'folded.category': 1, startsAt: 1, _id: 1 } },
    { key: { shown: 1, 'folded.city': 1, startsAt: 1, _id: 1 } },
    { key: { shown: 1, 'folded.tags': 1, startsAt: 1, _id: 1 } },
    { key: { shown: 1, 'folded.artists': 1, startsAt: 1, _id: 1 } },
    { key: { venueId: 1, startsAt: 1, _id: 1 } },
    { key: { artistIds: 1, startsAt: 1, _id: 1 } },
    { key: { seriesId: 1, startsAt: 1, _id: 1 } },
    { key: { shown: 1, priceFromMinor: 1, _id: 1 } },
    { key: { shown: 1, popularity: -1, _id: 1 } },
    { key: { words: 1, startsAt: 1, _id: 1 } },
    { key: { strong: 1, startsAt: 1, _id: 1 } },
    { key: { shown: 1, asOf: 1 } },
    { key: { place: '2dsphere' } },
  ],
  artists: [{ key: { name: 1, _id: 1 } }],
  series: [{ key: { name: 1, _id: 1 } }],
  vocabulary: [{ key: { kind: 1, text: 1 } }, { key: { starts: 1 } }, { key: { deletions: 1 } }],
  seats: [
    { key: { eventId: 1, status: 1, order: 1 } },
    { key: { eventId: 1, order: 1 } },
    // Partial: most seats are free, and each index of all would slow every write to them.
    { name: 'by_hold', key: { 'hold.id': 1 }, ...of({ 'hold.id': { $exists: true } }) },
    { name: 'by_pin', key: { 'commit.pinId': 1 }, ...of({ 'commit.pinId': { $exists: true } }) },
    { name: 'by_block', key: { 'block.id': 1 }, ...of({ 'block.id': { $exists: true } }) },
    { key: { 'hold.takenAt': 1 }, ...of({ status: 'held' }) },
    { key: { 'commit.at': 1 }, ...of({ status: 'committing' }) },
  ],
  blocks: [
    { key: { eventId: 1, createdAt: 1 } },
    { key: { state: 1, movedAt: 1 } },
    { key: outboxIndex },
  ],
  holds: [
    { name: 'by_sale', key: { eventId: 1 }, ...of({ state: 'confirmed' }) },
    { key: { userId: 1, takenAt: -1, _id: -1 } },
    // Partial: every step of a hold writes to each index that it is in, and most holds have ended.
    { name: 'by_end', key: { expiresAt: 1 }, ...of({ state: 'held' }) },
    {
      name: 'by_middle_state',
      key: { state: 1, movedAt: 1 },
      ...of({ state: { $in: [...MIDDLE_STATES, 'pinned'] } }),
    },
    { name: 'unsent', key: outboxIndex, ...of({ 'outbox.id': { $exists: true } }) },
  ],
};

/** Collections without an index of their own. */
const PLAIN = ['counters', 'quotas', 'plans', 'plan_parts', 'signing_keys'];

/**
 * Creates the collections and their indexes; several instances may do so together. The stand-in
 * refuses a filter on the server's clock in a collection that is not there yet.
 */
export async function createIndexes(db: Db): Promise<void> {
  for (const name of [...Object.keys(INDEXES), ...PLAIN]) {
    await db.createCollection(name).catch((error) => {
      if (!(error instanceof MongoServerError && error.codeName === 'NamespaceExists')) throw error;
    });
  }
  for (const [collection, indexes] of Object.entries(INDEXES)) {
    await db.collection(collection).createIndexes([...indexes]);
  }
}
