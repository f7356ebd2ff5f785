import type { Image } from './event.ts';
import type { HistoryEntry } from './hold.ts';

/** Who performs. Events name artists by id besides free names, and keep the name of that time. */
export type Artist = {
  _id: string;
  ownerId: string;
  fingerprint: string;
  name: string;
  description: string;
  genres: string[];
  images: Image[];
  version: number;
  createdAt: Date;
  history: HistoryEntry[];
};

export type ArtistFace = Pick<Artist, 'name' | 'description' | 'genres' | 'images'>;
