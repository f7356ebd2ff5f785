import { systemClock } from '@holdfast/shared/clock.ts';
import {
  FACETS,
  type Facet,
  type FacetCount,
  type Filter,
  type Hit,
  MOST_COUNTED,
  type Place,
  type SearchIndex,
  type Sort,
  type Term,
  withoutFacet,
} from '../search/search.ts';
import { spansOf, WHENS, type When } from '../search/when.ts';
import { fold, wordsOf } from '../search/words.ts';
import type { Phrase, Vocabulary } from '../stores/vocabulary.ts';

export type SearchStores = { index: SearchIndex; vocabulary: Vocabulary };

export type Search = {
  text?: string;
  when?: When;
  filter: Omit<Filter, 'terms' | 'spans'>;
  sort: Sort;
  facets: readonly Facet[];
  limit: number;
  /** Where the page before ended, and whether it took words for others. */
  after?: { place: Place; slips: boolean };
};

export type Correction = { word: string; meant: readonly string[] };

export type Found = {
  hits: Hit[];
  slips: boolean;
  corrections: Correction[];
  total?: { events: number; atLeast: boolean };
  facets?: Partial<Record<Facet, FacetCount[]>>;
};

const MOST_TERMS = 8;
const MOST_OTHERS = 20;

/**
 * Looks for the words as written, the last one perhaps unfinished; where that finds nothing, for
 * those that they may have been meant to be.
 */
export async function searchListings(stores: SearchStores, search: Search): Promise<Found> {
  const now = systemClock.now();
  const words = wordsOf(search.text ?? '').slice(0, MOST_TERMS);
  if (isWordless(search)) return findNothing(search.facets);
  const spans =
    search.when && spansOf(search.when, await stores.vocabulary.timeZones(), now.getTime());
  const attempt = async (slips: boolean) => {
    const terms = await (slips ? meantTerms : writtenTerms)(stores.vocabulary, words, now);
    const filter: Filter = { ...search.filter, terms, ...(spans && { spans }) };
    const { sort, limit, after } = search;
    const hits = await stores.index.find({
      filter,
      sort,
      limit,
      ...(after && { after: after.place }),
    });
    return { hits, slips, filter };
  };
  let found = await attempt(search.after?.slips ?? false);
  if (found.hits.length === 0 && search.after === undefined && words.length > 0) {
    const other = await attempt(true);
    if (other.hits.length > 0) found = other;
  }
  const { hits, slips, filter } = found;
  return {
    hits,
    slips,
    corrections: slips ? filter.terms.map(({ word, others }) => ({ word, meant: others })) : [],
    ...(search.facets.length > 0 && (await countFacets(stores, search.facets, filter, now))),
  };
}

/** Whether it asks for words and names none, such as "!!!": nothing is found by those. */
export const isWordless = ({ text }: Search): boolean =>
  text !== undefined && wordsOf(text).length === 0;

function findNothing(facets: readonly Facet[]): Found {
  return {
    hits: [],
    slips: false,
    corrections: [],
    ...(facets.length > 0 && {
      total: { events: 0, atLeast: false },
      facets: Object.fromEntries(facets.map((facet) => [facet, []])),
    }),
  };
}

async function writtenTerms(
  vocabulary: Vocabulary,
  words: readonly string[],
  now: Date,
): Promise<Term[]> {
  const last = words.at(-1);
  if (last === undefined) return [];
  const longer = last.length < 2 ? [] : await vocabulary.longerWords(last, now, MOST_OTHERS);
  return words.map((word) => ({ word, others: word === last ? longer : [], slips: false }));
}

async function meantTerms(
  vocabulary: Vocabulary,
  words: readonly string[],
  now: Date,
): Promise<Term[]> {
  return Promise.all(
    words.map(async (word) => ({
      word,
      others: await vocabulary.nearWords(word, now, {
        limit: MOST_OTHERS,
        unfinished: word === words.at(-1),
      }),
      slips: true,
    })),
  );
}

/** Counts the values of each facet among what matches all else. */
async function countFacets(
  { index, vocabulary }: SearchStores,
  wanted: readonly Facet[],
  filter: Filter,
  now: Date,
): Promise<Pick<Found, 'total' | 'facets'>> {
  const zones = wanted.includes('when') ? await vocabulary.timeZones() : [];
  const count = async (facet: Facet): Promise<FacetCount[]> => {
    const others = withoutFacet(filter, facet);
    if (facet !== 'when') return index.facet(others, facet);
    return Promise.all(
      WHENS.map(async (when) => ({
        value: when,
        events: await index.count({ ...others, spans: spansOf(when, zones, now.getTime()) }),
      })),
    );
  };
  const [events, ...counts] = await Promise.all([index.count(filter), ...wanted.map(count)]);
  return {
    total: { events, atLeast: events >= MOST_COUNTED },
    facets: Object.fromEntries(wanted.map((facet, at) => [facet, counts[at] ?? []])),
  };
}

/** The facets that a request names; undefined when it names another. */
export function readFacets(text: string | undefined): readonly Facet[] | undefined {
  if (text === undefined) return [];
  if (text === 'all') return FACETS;
  const named = [...new Set(text.split(','))];
  return named.every((one): one is Facet => FACETS.includes(one as Facet)) ? named : undefined;
}

const MOST_PHRASES = 200;

/** Phrases that begin as was typed, those from their first word on before others. */
export async function suggest(
  { vocabulary }: SearchStores,
  typed: string,
  limit: number,
): Promise<Phrase[]> {
  const now = systemClock.now();
  const words = wordsOf(typed);
  const beginning = words.join(' ');
  if (beginning === '') return [];
  let found = await vocabulary.phrases(beginning, now, MOST_PHRASES);
  if (found.length === 0) {
    const last = words.at(-1) ?? '';
    const [near] = await vocabulary.nearWords(last, now, { limit: 1, unfinished: true });
    if (near)
      found = await vocabulary.phrases([...words.slice(0, -1), near].join(' '), now, MOST_PHRASES);
  }
  const rank = ({ text }: Phrase) => Number(!fold(text).startsWith(beginning));
  return found
    .sort(
      (a, b) => rank(a) - rank(b) || a.text.length - b.text.length || (a.text < b.text ? -1 : 1),
    )
    .slice(0, limit);
}
