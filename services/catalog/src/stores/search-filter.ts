import { systemClock } from '@holdfast/shared/clock.ts';
import type { Document } from 'mongodb';
import { type Availability, type Facet, type Filter, stocksOf } from '../search/search.ts';
import { fold } from '../search/words.ts';

type Counted = Exclude<Facet, 'when'>;

const FIELDS: Readonly<Record<Exclude<Counted, 'availability'>, `$${string}`>> = {
  category: '$category',
  city: '$city',
  country: '$country',
  venueId: '$venueId',
  tag: '$tags',
  artist: '$artists',
  artistId: '$artistIds',
  seriesId: '$seriesId',
  currency: '$currency',
  price: '$priceClasses',
};

/** Facets of which a listing may have several values. */
export const LISTS: readonly Facet[] = ['tag', 'artist', 'artistId', 'price'];

/** What of a listing is counted: the rule by which `matchOf` narrows down. */
export function facetValueOf(facet: Counted): unknown {
  if (facet !== 'availability') return FIELDS[facet];
  const now = systemClock.now();
  const isOpen = {
    $and: [
      { $lte: ['$onSaleAt', now] },
      { $or: [{ $eq: ['$offSaleAt', null] }, { $gt: ['$offSaleAt', now] }] },
    ],
  };
  return { $cond: [isOpen, '$stock', 'TICKETS_NOT_AVAILABLE'] };
}

/** The rule of `stockAt`, at this instant. */
function stockMatch(availability: Availability): Document {
  const now = systemClock.now();
  const stocks = stocksOf(availability);
  if (stocks.includes('TICKETS_NOT_AVAILABLE')) {
    return {
      $or: [{ stock: { $in: stocks } }, { onSaleAt: { $gt: now } }, { offSaleAt: { $lte: now } }],
    };
  }
  return {
    stock: { $in: stocks },
    onSaleAt: { $lte: now },
    $or: [{ offSaleAt: null }, { offSaleAt: { $gt: now } }],
  };
}

/** Some one of its prices lies in the range: what costs 13 and 180 does not cost 40 to 50. */
function priceMatch({ priceMin, priceMax }: Filter): Document[] {
  if (priceMin === undefined && priceMax === undefined) return [];
  const range = {
    ...(priceMin !== undefined && { $gte: priceMin }),
    ...(priceMax !== undefined && { $lte: priceMax }),
  };
  return [{ pricesMinor: { $elemMatch: range } }];
}

/** The rule of a filter. Listings that are not shown match none. */
export function matchOf(filter: Filter): Document {
  const all: Document[] = filter.terms.map((term) => ({
    words: { $in: [term.word, ...term.others] },
  }));
  if (filter.spans) {
    const spans = filter.spans.map(({ fromMs, toMs, timeZones }) => ({
      timeZone: { $in: timeZones },
      startsAt: { $gte: new Date(fromMs), $lt: new Date(toMs) },
    }));
    all.push(spans.length === 1 && spans[0] ? spans[0] : { $or: [...spans, { _id: '' }] });
  }
  all.push(...priceMatch(filter));
  if (filter.availability) all.push(stockMatch(filter.availability));
  return {
    shown: true,
    startsAt: rangeOf(filter.from, filter.to),
    ...(filter.category !== undefined && { 'folded.category': fold(filter.category) }),
    ...(filter.city !== undefined && { 'folded.city': fold(filter.city) }),
    ...(filter.country !== undefined && { 'folded.country': fold(filter.country) }),
    ...(filter.venueId !== undefined && { venueId: filter.venueId }),
    ...(filter.tag !== undefined && { 'folded.tags': fold(filter.tag) }),
    ...(filter.artist !== undefined && { 'folded.artists': fold(filter.artist) }),
    ...(filter.artistId !== undefined && { artistIds: filter.artistId }),
    ...(filter.seriesId !== undefined && { seriesId: filter.seriesId }),
    ...(filter.currency !== undefined && { currency: filter.currency }),
    ...(all.length > 0 && { $and: all }),
  };
}

export function rangeOf(from: Date, to: Date | undefined): Document {
  return { $gte: from, ...(to && { $lt: to }) };
}
