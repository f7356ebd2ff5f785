import type { Db } from 'mongodb';
import type { Artist, ArtistFace } from '../artist.ts';
import type { HistoryEntry } from '../hold.ts';
import { isDuplicate } from './holds.ts';
import { later } from './paging.ts';

export function createArtists(db: Db) {
  const artists = db.collection<Artist>('artists');
  return {
    async find(artistId: string): Promise<Artist | undefined> {
      return (await artists.findOne({ _id: artistId })) ?? undefined;
    },

    async findAll(artistIds: readonly string[]): Promise<Artist[]> {
      return artists.find({ _id: { $in: [...artistIds] } }).toArray();
    },

    /** Inserts an artist; false when there is one under its id. */
    async insert(artist: Artist): Promise<boolean> {
      try {
        await artists.insertOne(artist);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },

    /** Changes the version that was read; null when it has changed since. */
    change(artist: Artist, set: Partial<ArtistFace>, entry: HistoryEntry): Promise<Artist | null> {
      return artists.findOneAndUpdate(
        { _id: artist._id, version: artist.version },
        { $set: set, $inc: { version: 1 }, $push: { history: entry } },
        { returnDocument: 'after' },
      );
    },

    /** Artists by name, after a point. */
    list(after: { name: string; id: string } | undefined, limit: number): Promise<Artist[]> {
      return artists
        .find(after ? later('name', after.name, after.id) : {}, {
          projection: { history: 0, fingerprint: 0 },
        })
        .sort({ name: 1, _id: 1 })
        .limit(limit)
        .toArray();
    },
  };
}

export type Artists = ReturnType<typeof createArtists>;
