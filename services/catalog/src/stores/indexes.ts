import { outboxIndex } from '@holdfast/shared/outbox/mongo.ts';
import { type Db, type IndexDescription, MongoServerError } from 'mongodb';

/** Every index of production, by collection. A test runs every filter with all of them present. */
export const INDEXES: Readonly<Record<string, readonly IndexDescription[]>> = {
  venues: [{ key: { ownerId: 1 } }, { key: { name: 1, _id: 1 } }, { key: outboxIndex }],
  events: [
    { key: { status: 1, startsAt: 1, _id: 1 } },
    { key: { ownerId: 1, startsAt: 1 } },
    { key: { ready: 1, createdAt: 1 } },
    { key: outboxIndex },
  ],
  seats: [
    { key: { eventId: 1, status: 1, order: 1 } },
    { key: { eventId: 1, order: 1 } },
    { key: { 'hold.id': 1 } },
    { key: { 'commit.pinId': 1 } },
    { key: { status: 1, 'hold.takenAt': 1 } },
    { key: { status: 1, 'commit.at': 1 } },
  ],
  holds: [
    { key: { userId: 1, takenAt: -1, _id: -1 } },
    { key: { userId: 1, state: 1 } },
    { key: { state: 1, expiresAt: 1 } },
    { key: { state: 1, movedAt: 1 } },
    { key: outboxIndex },
  ],
};

/** Collections without an index of their own. */
const PLAIN = ['quotas', 'plans', 'signing_keys'];

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
