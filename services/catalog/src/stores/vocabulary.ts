import { LRUCache } from 'lru-cache';
import type { Db } from 'mongodb';
import type { ListingFace } from '../search/listing.ts';
import {
  beginningDistanceOf,
  deletionsOf,
  distanceOf,
  fold,
  slipsAllowed,
  wordsOf,
} from '../search/words.ts';
import { isDuplicate } from './holds.ts';

/** What people may type the beginning of. */
export const PHRASES = ['artist', 'event', 'venue', 'city'] as const;
export type PhraseKind = (typeof PHRASES)[number];
export type Phrase = { kind: PhraseKind; text: string };

type Entry = {
  _id: string;
  kind: PhraseKind | 'word' | 'zone';
  text: string;
  /** Of phrases: themselves folded, from each of their words on. */
  starts: string[];
  /** Of words: what near ones are found by. */
  deletions: string[];
  /** When the last event that it is of begins. */
  until: Date;
};

const MOST_LEARNT = 50_000;
const LAST = '\uffff';

/** The words and phrases of listed events: what a search may have meant, and may be going to say. */
export function createVocabulary(db: Db) {
  const vocabulary = db.collection<Entry>('vocabulary');
  const learnt = new LRUCache<string, number>({ max: MOST_LEARNT });

  return {
    /** Learns what a listing can be found by, until its event begins. */
    async learn(face: ListingFace): Promise<void> {
      const until = face.startsAt.getTime();
      const news = entriesOf(face).filter(({ _id }) => (learnt.get(_id) ?? 0) < until);
      if (news.length === 0) return;
      try {
        await vocabulary.insertMany(news, { ordered: false });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
      const ids = news.map((entry) => entry._id);
      await vocabulary.updateMany(
        { _id: { $in: ids }, until: { $lt: face.startsAt } },
        { $set: { until: face.startsAt } },
      );
      for (const id of ids) learnt.set(id, until);
    },

    /** Words of events still to come that begin so, shortest first. */
    async longerWords(word: string, now: Date, limit: number): Promise<string[]> {
      const found = await vocabulary
        .find(
          { kind: 'word', text: { $gt: word, $lt: word + LAST }, until: { $gte: now } },
          { projection: { text: 1 } },
        )
        .sort({ text: 1 })
        .limit(limit)
        .toArray();
      return found.map((one) => one.text).sort((a, b) => a.length - b.length);
    },

    /**
     * Words that this one may have been meant to be, nearest first; where there are none and it is
     * unfinished, those that it may have been meant to be the beginning of.
     */
    async nearWords(
      word: string,
      now: Date,
      { limit, unfinished = false }: { limit: number; unfinished?: boolean },
    ): Promise<string[]> {
      const most = slipsAllowed(word);
      if (most === 0) return [];
      const found = await vocabulary
        .find(
          { kind: 'word', deletions: { $in: deletionsOf(word) }, until: { $gte: now } },
          { projection: { text: 1 } },
        )
        .toArray();
      const nearest = (distanceTo: typeof distanceOf) =>
        found
          .map(({ text }) => ({ text, distance: distanceTo(word, text, most) }))
          .filter(({ text, distance }) => text !== word && distance <= most)
          .sort((a, b) => a.distance - b.distance || (a.text < b.text ? -1 : 1))
          .slice(0, limit)
          .map((one) => one.text);
      const whole = nearest(distanceOf);
      return whole.length === 0 && unfinished ? nearest(beginningDistanceOf) : whole;
    },

    /** Phrases of which a word begins so. */
    async phrases(beginning: string, now: Date, limit: number): Promise<Phrase[]> {
      return vocabulary
        .find<Phrase>(
          {
            kind: { $in: [...PHRASES] },
            starts: { $elemMatch: { $gte: beginning, $lt: beginning + LAST } },
            until: { $gte: now },
          },
          { projection: { _id: 0, kind: 1, text: 1 } },
        )
        .limit(limit)
        .toArray();
    },

    /** The time zones of listed events. */
    async timeZones(): Promise<string[]> {
      const found = await vocabulary.find({ kind: 'zone' }, { projection: { text: 1 } }).toArray();
      return found.map((one) => one.text);
    },
  };
}

export type Vocabulary = ReturnType<typeof createVocabulary>;

function entriesOf(face: ListingFace): Entry[] {
  const phrases = [
    ['event', face.name],
    ['venue', face.venueName],
    ['city', face.city],
    ...face.artists.map((artist) => ['artist', artist] as const),
  ] as const satisfies readonly (readonly [PhraseKind, string])[];
  const entry = (kind: Entry['kind'], text: string, more: Partial<Entry>): Entry => ({
    _id: `${kind} ${kind === 'zone' ? text : fold(text)}`,
    kind,
    text,
    starts: [],
    deletions: [],
    until: face.startsAt,
    ...more,
  });
  return [
    ...face.words.map((word) => entry('word', word, { deletions: deletionsOf(word) })),
    ...phrases
      .filter(([, text]) => text !== '')
      .map(([kind, text]) => entry(kind, text, { starts: startsOf(text) })),
    entry('zone', face.timeZone, {}),
  ];
}

/** A text folded, from each of its words on: "the late quartets", "late quartets", "quartets". */
export function startsOf(text: string): string[] {
  const words = wordsOf(text);
  return words.map((_, at) => words.slice(at).join(' '));
}
