import type { Db, Document, Filter as MongoFilter } from 'mongodb';
import type { Listing } from '../listing.ts';
import {
  distanceKm,
  type Facet,
  type FacetCount,
  type Filter,
  type Hit,
  MOST_COUNTED,
  type Place,
  PRICE_ENDS,
  type SearchIndex,
  type Sort,
  stocksOf,
  type Term,
} from '../search.ts';
import { literal } from './time.ts';

const EARTH_KM = 6_371.0088;
const DAY_MS = 86_400_000;
const MOST_VALUES = 50;
/** What a hit does not show. */
const UNSHOWN = { words: 0, strong: 0, shown: 0 } as const;

/** Points of a word by where it is: in the name or an artist's, or elsewhere. */
const POINTS = { written: [8, 4], longer: [6, 3], meant: [2, 1] } as const;

type Range = { $gte: Date; $lt?: Date };

/** The search on MongoDB's indexes; the same on the stand-in. */
export function createSearchIndex(db: Db): SearchIndex {
  const listings = db.collection<Listing>('listings');

  async function page(stages: Document[], sort: Document, limit: number): Promise<Hit[]> {
    return listings
      .aggregate<Hit>([...stages, { $sort: sort }, { $limit: limit }, { $project: UNSHOWN }])
      .toArray();
  }

  /** Soonest first. Looks into near days first: most pages end there, however many listings follow. */
  async function byDate(filter: Filter, after: Place | undefined, limit: number): Promise<Hit[]> {
    const [startsAt, id] = after ?? [];
    const from = startsAt === undefined ? filter.from : new Date(startsAt);
    const hits: Hit[] = [];
    for (const range of rangesFrom(from, filter.to)) {
      const rest = startsAt === undefined ? {} : later('startsAt', new Date(startsAt), id);
      const match = { $and: [matchOf(filter), { startsAt: range }, rest] };
      const found = await listings
        .find(match as MongoFilter<Listing>, { projection: UNSHOWN })
        .sort({ startsAt: 1, _id: 1 })
        .limit(limit - hits.length)
        .toArray();
      hits.push(...found);
      if (hits.length === limit) break;
    }
    return hits;
  }

  const finders: Readonly<
    Record<Sort, (filter: Filter, after: Place | undefined, limit: number) => Promise<Hit[]>>
  > = {
    date: byDate,
    price: (filter, [price, id] = [], limit) =>
      page(
        [{ $match: { $and: [matchOf(filter), id ? later('priceFromMinor', price, id) : {}] } }],
        { priceFromMinor: 1, _id: 1 },
        limit,
      ),
    popularity: (filter, [popularity, id] = [], limit) =>
      page(
        [
          {
            $match: {
              $and: [matchOf(filter), id ? later('popularity', popularity, id, '$lt') : {}],
            },
          },
        ],
        { popularity: -1, _id: 1 },
        limit,
      ),
    relevance: (filter, [score, startsAt, id] = [], limit) => {
      const at = new Date(startsAt ?? 0);
      const rest = { $or: [{ score: { $lt: score } }, { score, ...later('startsAt', at, id) }] };
      return page(
        [
          { $match: matchOf(filter) },
          { $addFields: { score: scoreOf(filter.terms) } },
          ...(id ? [{ $match: rest }] : []),
        ],
        { score: -1, startsAt: 1, _id: 1 },
        limit,
      );
    },
    distance: (filter, [distance, id] = [], limit) => {
      const { near, ...others } = filter;
      if (near === undefined) throw new Error('Sorting by distance needs a point');
      return page(
        [
          {
            $geoNear: {
              near: { type: 'Point', coordinates: [near.longitude, near.latitude] },
              key: 'place',
              distanceField: 'distanceKm',
              distanceMultiplier: 0.001,
              maxDistance: near.radiusKm * 1_000,
              spherical: true,
              query: matchOf(others),
            },
          },
          ...(id ? [{ $match: later('distanceKm', distance, id) }] : []),
        ],
        { distanceKm: 1, _id: 1 },
        limit,
      );
    },
  };

  return {
    async find({ filter, sort, after, limit }) {
      const hits = await finders[sort](filter, after, limit);
      const { near } = filter;
      return near === undefined ? hits : hits.map((hit) => ({ ...hit, ...distanceTo(hit, near) }));
    },

    count: (filter) =>
      listings.countDocuments(matchOf(filter) as MongoFilter<Listing>, { limit: MOST_COUNTED }),

    async facet(filter, facet) {
      const found = await listings
        .aggregate<{ _id: string | null; events: number }>([
          { $match: matchOf(filter) },
          { $limit: MOST_COUNTED },
          ...(facet === 'tag' ? [{ $unwind: '$tags' }] : []),
          { $group: { _id: FACET_VALUE[facet], events: { $sum: 1 } } },
          { $sort: { events: -1, _id: 1 } },
          { $limit: MOST_VALUES },
        ])
        .toArray();
      return found.flatMap(({ _id, events }): FacetCount[] =>
        _id === null || _id === '' ? [] : [{ value: String(_id), events }],
      );
    },
  };
}

const FACET_VALUE: Readonly<Record<Exclude<Facet, 'when'>, unknown>> = {
  category: '$category',
  city: '$city',
  country: '$country',
  venueId: '$venueId',
  tag: '$tags',
  currency: '$currency',
  availability: '$stock',
  price: {
    $switch: {
      branches: PRICE_ENDS.map((end, at) => ({
        case: { $lt: ['$priceFromMinor', end] },
        // biome-ignore lint/suspicious/noThenProperty: the store's own word
        then: `${PRICE_ENDS[at - 1] ?? 0}-${end}`,
      })),
      default: `${PRICE_ENDS.at(-1)}-`,
    },
  },
};

/** The rule of a filter. Listings that are not shown match none. */
function matchOf(filter: Filter): Document {
  const { near } = filter;
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
  if (near) {
    const circle = [[near.longitude, near.latitude], near.radiusKm / EARTH_KM];
    all.push({ place: { $geoWithin: { $centerSphere: circle } } });
  }
  return {
    shown: true,
    startsAt: rangeOf(filter.from, filter.to),
    ...(filter.category !== undefined && { category: filter.category }),
    ...(filter.city !== undefined && { city: filter.city }),
    ...(filter.country !== undefined && { country: filter.country }),
    ...(filter.venueId !== undefined && { venueId: filter.venueId }),
    ...(filter.tag !== undefined && { tags: filter.tag }),
    ...(filter.artist !== undefined && { artists: filter.artist }),
    ...(filter.currency !== undefined && { currency: filter.currency }),
    ...(filter.priceMin !== undefined && { priceToMinor: { $gte: filter.priceMin } }),
    ...(filter.priceMax !== undefined && { priceFromMinor: { $lte: filter.priceMax } }),
    ...(filter.availability && { stock: { $in: stocksOf(filter.availability) } }),
    ...(all.length > 0 && { $and: all }),
  };
}

function rangeOf(from: Date, to: Date | undefined): Range {
  return { $gte: from, ...(to && { $lt: to }) };
}

/** What comes after a place in an order: a later value, or the same and a later id. */
function later(field: string, value: unknown, id: unknown, than: '$gt' | '$lt' = '$gt'): Document {
  return { $or: [{ [field]: { [than]: value } }, { [field]: value, _id: { $gt: id } }] };
}

/** Ranges that follow one another without a gap, the first ones short. */
export function rangesFrom(from: Date, to: Date | undefined): Range[] {
  const ends = [2, 14, 90].map((days) => new Date(from.getTime() + days * DAY_MS));
  const inner = ends.filter((end) => to === undefined || end < to);
  return [from, ...inner].map((start, at) => rangeOf(start, inner[at] ?? to));
}

/** The points of a listing: the best of each term, together. */
function scoreOf(terms: readonly Term[]): Document {
  const has = (field: string, word: string) => ({ $in: [literal(word), field] });
  const hasAny = (field: string, words: readonly string[]) => ({
    $gt: [{ $size: { $setIntersection: [field, literal(words)] } }, 0],
  });
  return {
    $add: terms.map(({ word, others, slips }) => {
      const [strong, weak] = slips ? POINTS.meant : POINTS.longer;
      const byOthers =
        others.length === 0
          ? 0
          : {
              $cond: [
                hasAny('$strong', others),
                strong,
                { $cond: [hasAny('$words', others), weak, 0] },
              ],
            };
      const written = {
        $cond: [
          has('$strong', word),
          POINTS.written[0],
          { $cond: [has('$words', word), POINTS.written[1], 0] },
        ],
      };
      return { $max: [written, byOthers] };
    }),
  };
}

function distanceTo(hit: Hit, near: { latitude: number; longitude: number }) {
  if (hit.distanceKm !== undefined || hit.place === undefined) return {};
  const [longitude, latitude] = hit.place.coordinates;
  return { distanceKm: distanceKm({ latitude, longitude }, near) };
}
