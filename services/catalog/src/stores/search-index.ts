import { systemClock } from '@holdfast/shared/clock.ts';
import type { Db, Document } from 'mongodb';
import { heated, type Listing, PRICE_ENDS } from '../search/listing.ts';
import {
  type FacetCount,
  type Filter,
  type Hit,
  MOST_COUNTED,
  type Place,
  type SearchIndex,
  type Sort,
  type Term,
} from '../search/search.ts';
import { fold } from '../search/words.ts';
import { later } from './paging.ts';
import { facetValueOf, LISTS, matchOf, rangeOf } from './search-filter.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_VALUES = 50;
/** Values are found by any spelling, so the spellings of one are counted as one. */
const MOST_SPELLINGS = 4 * MOST_VALUES;
/** What a hit does not show. */
const UNSHOWN = {
  ...{ words: 0, strong: 0, shown: 0 },
  ...{ folded: 0, pricesMinor: 0, priceClasses: 0 },
} as const;

/** The search on MongoDB's indexes; the same on the stand-in. */
export function createSearchIndex(db: Db): SearchIndex {
  const listings = db.collection<Listing>('listings');

  /** A page by one field, from range to range. */
  async function pageBy(order: Order, query: Query, limit: number): Promise<Hit[]> {
    const { field, direction, ranges } = order;
    const hits: Hit[] = [];
    for (const range of ranges) {
      const found = await listings
        .aggregate<Hit>([
          ...stagesOf(query, ...(field === 'distanceKm' ? [] : [{ [field]: range }])),
          { $sort: { [field]: direction, _id: 1 } },
          { $limit: limit - hits.length },
          { $project: UNSHOWN },
        ])
        .toArray();
      hits.push(...found);
      if (hits.length === limit) break;
    }
    return hits;
  }

  function byDate({ filter, ...query }: Query, after: Place | undefined, limit: number) {
    const [startsAt, id] = after ?? [];
    const from = startsAt === undefined ? filter.from : new Date(startsAt);
    const rest = startsAt === undefined ? {} : { after: later('startsAt', from, id) };
    const ranges = daysFrom(from, filter);
    return pageBy(
      { field: 'startsAt', direction: 1, ranges },
      { ...query, ...rest, filter },
      limit,
    );
  }

  /** All of one rank by date, then the next one. */
  async function byRank(filter: Filter, after: Place | undefined, limit: number): Promise<Hit[]> {
    const [first = 0, ...place] = after ?? [];
    const ranks = ranksOf(filter.terms);
    const hits: Hit[] = [];
    for (let rank = Number(first); rank < ranks.length && hits.length < limit; rank += 1) {
      const query = { filter, also: [ranks[rank] ?? {}], but: ranks.slice(0, rank) };
      const resumed = rank === first && place.length > 0 ? place : undefined;
      const found = await byDate(query, resumed, limit - hits.length);
      hits.push(...found.map((hit) => ({ ...hit, rank })));
    }
    return hits;
  }

  const finders: Readonly<
    Record<Sort, (filter: Filter, after: Place | undefined, limit: number) => Promise<Hit[]>>
  > = {
    relevance: byRank,
    date: (filter, after, limit) => byDate({ filter }, after, limit),
    distance: (filter, [distance, id] = [], limit) =>
      pageBy(
        { field: 'distanceKm', direction: 1, ranges: [{}] },
        { filter, ...(id && { after: later('distanceKm', distance, id) }) },
        limit,
      ),
    price: (filter, [price, id] = [], limit) =>
      pageBy(
        { field: 'priceFromMinor', direction: 1, ranges: pricesFrom(Number(price ?? 0)) },
        { filter, ...(id && { after: later('priceFromMinor', price, id) }) },
        limit,
      ),
    popularity: (filter, [popularity, id] = [], limit) =>
      pageBy(
        { field: 'popularity', direction: -1, ranges: popularFrom(popularity) },
        { filter, ...(id && { after: later('popularity', popularity, id, '$lt') }) },
        limit,
      ),
  };

  return {
    find: ({ filter, sort, after, limit }) => finders[sort](filter, after, limit),

    async count(filter) {
      const [found] = await listings
        .aggregate<{ events: number }>([
          ...stagesOf({ filter }),
          { $limit: MOST_COUNTED },
          { $count: 'events' },
        ])
        .toArray();
      return found?.events ?? 0;
    },

    async facet(filter, facet) {
      const found = await listings
        .aggregate<{ _id: string | null; events: number }>([
          ...stagesOf({ filter }),
          { $limit: MOST_COUNTED },
          ...(LISTS.includes(facet) ? [{ $unwind: facetValueOf(facet) }] : []),
          { $group: { _id: facetValueOf(facet), events: { $sum: 1 } } },
          { $sort: { events: -1, _id: 1 } },
          { $limit: MOST_SPELLINGS },
        ])
        .toArray();
      const counts = found.flatMap(({ _id, events }): FacetCount[] =>
        _id === null || _id === '' ? [] : [{ value: String(_id), events }],
      );
      return joinSpellings(counts).slice(0, MOST_VALUES);
    },
  };
}

/** Counts of values that differ in case or accents as one, under the most frequent spelling. */
function joinSpellings(counts: readonly FacetCount[]): FacetCount[] {
  return [...Map.groupBy(counts, ({ value }) => fold(value)).values()]
    .map((same) => ({
      value: same[0]?.value ?? '',
      events: same.reduce((sum, { events }) => sum + events, 0),
    }))
    .sort((a, b) => b.events - a.events || (a.value < b.value ? -1 : 1));
}

/** A filter with more that has to be so, what must not be so, and where the page begins. */
type Query = {
  filter: Filter;
  also?: readonly Document[];
  but?: readonly Document[];
  after?: Document;
};

/** The stages that find what matches. In a circle its own index leads, and tells the distance. */
function stagesOf({ filter, also = [], but = [], after }: Query, range: Document = {}): Document[] {
  const { near } = filter;
  const match = {
    $and: [matchOf(filter), range, ...also],
    ...(but.length > 0 && { $nor: but }),
  };
  if (near === undefined) return [{ $match: after ? { $and: [match, after] } : match }];
  return [
    {
      $geoNear: {
        near: { type: 'Point', coordinates: [near.longitude, near.latitude] },
        key: 'place',
        distanceField: 'distanceKm',
        distanceMultiplier: 0.001,
        maxDistance: near.radiusKm * 1_000,
        spherical: true,
        query: match,
      },
    },
    ...(after ? [{ $match: after }] : []),
  ];
}

/**
 * A field to sort by, and ranges of it in that order that follow one another without a gap. A page
 * mostly ends in the first ones, which are small, however many listings follow: the stand-in does
 * not read an index in the order of a sort.
 */
type Order = {
  field: 'startsAt' | 'priceFromMinor' | 'popularity' | 'distanceKm';
  direction: 1 | -1;
  ranges: readonly Document[];
};

function daysFrom(from: Date, { to, near, terms }: Filter): Document[] {
  // What a circle or words narrow down is little, and several reads would cost more than one.
  const days = near ? [] : terms.length > 0 ? [30] : [2, 14, 90];
  const ends = days.map((some) => new Date(from.getTime() + some * DAY_MS));
  const inner = ends.filter((end) => to === undefined || end < to);
  return [from, ...inner].map((start, at) => rangeOf(start, inner[at] ?? to));
}

function pricesFrom(price: number): Document[] {
  const inner = PRICE_ENDS.filter((end) => end > price);
  return [price, ...inner].map((start, at) => ({
    $gte: start,
    ...(inner[at] !== undefined && { $lt: inner[at] }),
  }));
}

/** Of which a seat was taken within an hour, a day, a week, or ever; from a place on. */
function popularFrom(place: string | number | undefined): Document[] {
  const most = place === undefined ? Number.POSITIVE_INFINITY : Number(place);
  const now = systemClock.now().getTime();
  const ends = [HOUR_MS, DAY_MS, 7 * DAY_MS].map((ageMs) => heated(0, 1, now - ageMs));
  const inner = ends.filter((end) => end < most);
  return [...inner, 0].map((end, at) => ({
    $gte: end,
    ...(at > 0 ? { $lt: inner[at - 1] } : place !== undefined && { $lte: most }),
  }));
}

/**
 * What listings of each rank are like: all words as they were asked for in the name or an artist's,
 * all words or others that they stand for there, and whatever else matches.
 */
function ranksOf(terms: readonly Term[]): Document[] {
  if (terms.length === 0) return [{}];
  const asWritten = terms.map(({ word }) => ({ strong: word }));
  const byOthers = terms.map(({ word, others }) => ({ strong: { $in: [word, ...others] } }));
  const hasOthers = terms.some(({ others }) => others.length > 0);
  return [{ $and: asWritten }, ...(hasOthers ? [{ $and: byOthers }] : []), {}];
}
