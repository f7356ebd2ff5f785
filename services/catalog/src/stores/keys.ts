import type { Db } from 'mongodb';
import { isDuplicate } from './holds.ts';

export type JsonWebKeyMembers = Record<string, unknown>;
export type SigningKey = { _id: string; kid: string; privateJwk: JsonWebKeyMembers };

/** The key that signs offers, kept with the data it speaks of, so that every instance has the same. */
export function createKeys(db: Db) {
  const keys = db.collection<SigningKey>('signing_keys');
  return {
    find: () => keys.findOne({ _id: 'offers' }),
    /** Of several instances that start together the first insert decides. */
    async insertFirst(key: Omit<SigningKey, '_id'>): Promise<void> {
      await keys.insertOne({ _id: 'offers', ...key }).catch((error) => {
        if (!isDuplicate(error)) throw error;
      });
    },
  };
}

export type Keys = ReturnType<typeof createKeys>;
