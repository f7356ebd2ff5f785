import { type Listing, STOCKS, type Stock } from './listing.ts';
import type { ZonedSpan } from './when.ts';

export const SORTS = ['relevance', 'date', 'price', 'distance', 'popularity'] as const;
export type Sort = (typeof SORTS)[number];

/** In short, or as hits and facets say it. */
export const AVAILABILITIES = ['available', 'few', 'none', ...STOCKS] as const;
export type Availability = (typeof AVAILABILITIES)[number];

/** What can be narrowed down by one value, and counted by each. */
export const FACETS = [
  'category',
  'city',
  'country',
  'venueId',
  'tag',
  'artist',
  'artistId',
  'seriesId',
  'currency',
  'price',
  'availability',
  'when',
] as const;
export type Facet = (typeof FACETS)[number];

/**
 * A word that was asked for: as written, with longer words that begin so, or with words that it may
 * have been meant to be. One of them has to be there.
 */
export type Term = { word: string; others: readonly string[]; slips: boolean };

/** What a listing has to be like. */
export type Filter = {
  terms: readonly Term[];
  category?: string;
  city?: string;
  country?: string;
  venueId?: string;
  tag?: string;
  currency?: string;
  artist?: string;
  artistId?: string;
  seriesId?: string;
  from: Date;
  to?: Date;
  /** Of relative dates: one of these spans, each in its zones. */
  spans?: readonly ZonedSpan[];
  priceMin?: number;
  priceMax?: number;
  availability?: Availability;
  near?: { latitude: number; longitude: number; radiusKm: number };
};

/** The values that a hit is sorted by, its id last; the next page begins after them. */
export type Place = readonly (string | number)[];

/** `rank` is 0 where all words are in the name, the more the further they are from it. */
export type Hit = Listing & { rank?: number; distanceKm?: number };

export type FacetCount = { value: string; events: number };

/** As many matching listings are counted; what is beyond shows as "at least". */
export const MOST_COUNTED = 10_000;

/**
 * Finds listings. What is written is found by the next search; it may be behind the events by
 * moments, and decides nothing.
 */
export type SearchIndex = {
  /** A page of hits after a place, at most `limit`. */
  find(query: { filter: Filter; sort: Sort; after?: Place; limit: number }): Promise<Hit[]>;
  /** How many listings match, up to MOST_COUNTED. */
  count(filter: Filter): Promise<number>;
  /** The values of a facet among listings that match, most frequent first, with their counts. */
  facet(filter: Filter, facet: Exclude<Facet, 'when'>): Promise<FacetCount[]>;
};

export const placeOf: Readonly<Record<Sort, (hit: Hit) => Place>> = {
  relevance: (hit) => [hit.rank ?? 0, hit.startsAt.toISOString(), hit._id],
  date: (hit) => [hit.startsAt.toISOString(), hit._id],
  price: (hit) => [hit.priceFromMinor, hit._id],
  distance: (hit) => [hit.distanceKm ?? 0, hit._id],
  popularity: (hit) => [hit.popularity, hit._id],
};

/** A filter without what a facet narrows down, so that its other values are counted too. */
export function withoutFacet(filter: Filter, facet: Facet): Filter {
  const dropped: Readonly<Record<string, readonly (keyof Filter)[]>> = {
    price: ['priceMin', 'priceMax'],
    when: ['spans'],
  };
  const keys: readonly string[] = dropped[facet] ?? [facet];
  return Object.fromEntries(
    Object.entries(filter).filter(([key]) => !keys.includes(key)),
  ) as Filter;
}

const STOCK_OF: Readonly<Record<Availability, readonly Stock[]>> = {
  available: ['TICKETS_AVAILABLE', 'FEW_TICKETS_LEFT'],
  few: ['FEW_TICKETS_LEFT'],
  none: ['TICKETS_NOT_AVAILABLE'],
  TICKETS_AVAILABLE: ['TICKETS_AVAILABLE'],
  FEW_TICKETS_LEFT: ['FEW_TICKETS_LEFT'],
  TICKETS_NOT_AVAILABLE: ['TICKETS_NOT_AVAILABLE'],
};
export const stocksOf = (availability: Availability): readonly Stock[] => STOCK_OF[availability];
