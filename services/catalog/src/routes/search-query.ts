import { systemClock } from '@holdfast/shared/clock.ts';
import { id, minor, zonedInstant } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import Joi from 'joi';
import { readFacets, type Search } from '../operations/search-listings.ts';
import {
  AVAILABILITIES,
  type Availability,
  FACETS,
  type Filter,
  type Place,
  SORTS,
  type Sort,
} from '../search/search.ts';
import { WHENS, type When } from '../search/when.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { cursor, limit, refuseInverted, text } from './schemas.ts';

export type SearchQuery = {
  q?: string;
  category?: string;
  city?: string;
  country?: string;
  tag?: string;
  artist?: string;
  artistId?: string;
  seriesId?: string;
  venueId?: string;
  from?: string;
  to?: string;
  when?: When;
  priceMin?: number;
  priceMax?: number;
  currency?: string;
  availability?: Availability;
  near?: string;
  radiusKm: number;
  sort?: Sort;
  facets?: string;
  cursor?: string;
  limit: number;
};

const POINT = /^-?\d{1,2}(\.\d{1,8})?,-?\d{1,3}(\.\d{1,8})?$/;
const USUAL_KM = 25;
const FARTHEST_KM = 1_000;

export const searchQuery = Joi.object({
  q: text(200).description('Words of name, artists, venue, tags or description'),
  category: text(60),
  city: text(120),
  country: text(60),
  tag: text(60),
  artist: text(200),
  artistId: id(),
  seriesId: id(),
  venueId: id(),
  from: zonedInstant(),
  to: zonedInstant(),
  when: Joi.string()
    .valid(...WHENS)
    .description("Days by the calendar of each event's venue"),
  priceMin: minor().max(Number.MAX_SAFE_INTEGER).description('Has a price of this or more'),
  priceMax: minor().max(Number.MAX_SAFE_INTEGER).description('Has a price of this or less'),
  currency: Joi.string().pattern(/^[A-Z]{3}$/, 'ISO 4217 code'),
  availability: Joi.string()
    .valid(...AVAILABILITIES)
    .description('What can be had now, in short or as `stock` says it'),
  near: Joi.string().pattern(POINT, 'latitude,longitude').example('48.2082,16.3738'),
  radiusKm: Joi.number().min(0.1).max(FARTHEST_KM).default(USUAL_KM),
  sort: Joi.string()
    .valid(...SORTS)
    .description('By relevance with q, by distance with near, else by date'),
  facets: text(200).description(`Facets to count, by comma, or all: ${FACETS.join(', ')}`),
  cursor: cursor(),
  limit: limit(100, 20),
});

/** What a request asks for. */
export function readSearch(query: SearchQuery): Search | Refusal {
  const {
    q,
    when,
    near,
    radiusKm,
    from,
    to,
    sort,
    facets,
    cursor: at,
    limit: most,
    ...plain
  } = query;
  const named = readFacets(facets);
  if (named === undefined) {
    return refused('invalid_request', `facets is all, or some of ${FACETS.join(', ')} by comma.`);
  }
  const [start, end] = [from, to].map((one) => (one === undefined ? undefined : new Date(one)));
  const inverted = refuseInverted(start, end);
  if (inverted) return inverted;
  const { priceMin = 0, priceMax = Number.POSITIVE_INFINITY } = plain;
  if (priceMin > priceMax) {
    return refused(
      'invalid_request',
      `priceMin ${priceMin} is above priceMax ${priceMax}: swap them, or leave one out.`,
    );
  }
  const point = near === undefined ? undefined : readPoint(near);
  if (near !== undefined && point === undefined) {
    return refused('invalid_request', `${near} is no latitude (-90 to 90) and longitude.`);
  }
  const order = sort ?? (q !== undefined ? 'relevance' : point ? 'distance' : 'date');
  if (order === 'distance' && point === undefined) {
    return refused(
      'invalid_request',
      'To sort by distance, name a point: near=latitude,longitude.',
    );
  }
  const after = readPlace(order, at);
  if (isRefusal(after)) return after;
  const filter: Omit<Filter, 'terms' | 'spans'> = {
    ...plain,
    from: start ?? thisMinute(),
    ...(end && { to: end }),
    ...(point && { near: { ...point, radiusKm } }),
  };
  return {
    filter,
    sort: order,
    facets: named,
    limit: most,
    ...(q !== undefined && { text: q }),
    ...(when && { when }),
    ...(after && { after }),
  };
}

/** Upcoming is what begins from this minute on: equal requests of a minute are equal queries. */
export function thisMinute(): Date {
  const now = systemClock.now().getTime();
  return new Date(now - (now % 60_000));
}

function readPoint(near: string): { latitude: number; longitude: number } | undefined {
  const [latitude = Number.NaN, longitude = Number.NaN] = near.split(',').map(Number);
  return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
    ? { latitude, longitude }
    : undefined;
}

const WRITTEN = 'written';
const MEANT = 'meant';

/** How many values a place has, and which of them are numbers or instants. */
const PLACE_FORM: Readonly<Record<Sort, readonly ('number' | 'instant' | 'id')[]>> = {
  relevance: ['number', 'instant', 'id'],
  date: ['instant', 'id'],
  price: ['number', 'id'],
  distance: ['number', 'id'],
  popularity: ['number', 'id'],
};

export function writePlace(sort: Sort, slips: boolean, place: Place): string {
  return writeCursor([sort, slips ? MEANT : WRITTEN, ...place.map(String)]);
}

function readPlace(
  sort: Sort,
  text: string | undefined,
): { place: Place; slips: boolean } | undefined | Refusal {
  const form = PLACE_FORM[sort];
  const parts = readCursor(text, form.length + 2);
  if (parts === undefined || isRefusal(parts)) return parts;
  const [of, how, ...values] = parts;
  const place = values.map((value, at) => (form[at] === 'number' ? Number(value) : value));
  const isWhole = form.every((kind, at) => {
    if (kind === 'number') return Number.isFinite(place[at]) && Number(place[at]) >= 0;
    return kind === 'id' || !Number.isNaN(Date.parse(String(place[at])));
  });
  if (of !== sort || !isWhole || (how !== WRITTEN && how !== MEANT)) {
    return refused('invalid_request', 'The cursor is not one of a page of this search.');
  }
  return { place, slips: how === MEANT };
}
