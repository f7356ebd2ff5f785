import type { Document } from 'mongodb';

/** What the events of the bench are called and where they are, so that a search has to choose. */
export const CITIES = ['Wien', 'Graz', 'Linz', 'Brno', 'Praha', 'Berlin', 'Trieste', 'Ljubljana'];
export const CATEGORIES = ['music', 'theatre', 'sport', 'family', 'comedy'];
export const WORDS = [
  'aurora',
  'borealis',
  'cantata',
  'dances',
  'elegy',
  'fanfare',
  'gloria',
  'hymn',
];

const DAY_MS = 86_400_000;
const FIRST_DAY = Date.UTC(2099, 0, 1);

/** The first instant of a day, counted from the first on which there is an event. */
export const dayAt = (day: number) => new Date(FIRST_DAY + day * DAY_MS);

/** The members of an event that tell it from the others. */
export function describeEvent(at: number): Document {
  const pick = (list: readonly string[], step: number) =>
    list[Math.floor(at / step) % list.length] ?? '';
  const words = [pick(WORDS, 1), pick(WORDS, 8)];
  return {
    name: `Evening ${at} ${words.join(' ')}`,
    artists: [`The ${words[0]} ensemble`],
    category: pick(CATEGORIES, 1),
    city: pick(CITIES, 5),
    startsAt: dayAt(at % 365),
    searchText: `evening ${at} ${words.join(' ')}`,
    unlisted: true,
  };
}
