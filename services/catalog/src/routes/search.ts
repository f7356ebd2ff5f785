import { systemClock } from '@holdfast/shared/clock.ts';
import { EVENT_STATUSES } from '@holdfast/shared/contracts/events.ts';
import { id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { SHOWN_STATUSES, shownStatusOf } from '../event-status.ts';
import { STOCKS } from '../listing.ts';
import {
  readFacets,
  type Search,
  type SearchStores,
  searchListings,
  suggest,
} from '../operations/search-listings.ts';
import {
  AVAILABILITIES,
  type Availability,
  FACETS,
  type Filter,
  type Hit,
  type Place,
  placeOf,
  SORTS,
  type Sort,
} from '../search.ts';
import { PHRASES } from '../stores/vocabulary.ts';
import { localTimeOf, WHENS, type When } from '../when.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { keepHits } from './keeping.ts';
import { cursor, limit, text, zonedInstant } from './schemas.ts';
import { hitExample, searchExample } from './search-example.ts';

type SearchQuery = {
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

const hitView = Joi.object({
  eventId: id().required(),
  name: Joi.string().required(),
  artists: Joi.array().items(Joi.string()).required(),
  category: Joi.string().required(),
  tags: Joi.array().items(Joi.string()).required(),
  venueId: id().required(),
  venueName: Joi.string().required(),
  city: Joi.string().allow('').required(),
  country: Joi.string().allow('').required(),
  location: Joi.object({ latitude: Joi.number().required(), longitude: Joi.number().required() }),
  timeZone: Joi.string().required(),
  startsAt: instant().required(),
  startsAtLocal: Joi.string().required().description('On the wall of the venue, without zone'),
  endsAt: instant(),
  onSaleAt: instant().required(),
  offSaleAt: instant(),
  status: Joi.string()
    .valid(...EVENT_STATUSES)
    .required(),
  shownStatus: Joi.string()
    .valid(...SHOWN_STATUSES)
    .required(),
  image: Joi.object({
    url: Joi.string().required(),
    alt: Joi.string().allow('').required(),
    ratio: Joi.string().required(),
  }),
  currency: Joi.string().required(),
  priceFromMinor: minor().required(),
  priceToMinor: minor().required(),
  seatCount: Joi.number().integer().required(),
  left: Joi.number().integer().required().description('Seats that can be had'),
  stock: Joi.string()
    .valid(...STOCKS)
    .required(),
  asOf: instant().required().description('When the seats were counted'),
  distanceKm: Joi.number(),
});

const searchPage = Joi.object({
  hits: Joi.array().items(hitView).required(),
  corrections: Joi.array()
    .items(
      Joi.object({
        word: Joi.string().required(),
        meant: Joi.array().items(Joi.string()).required(),
      }),
    )
    .required()
    .description('Words that were taken for others, as nothing was found by them as written'),
  total: Joi.object({
    events: Joi.number().integer().required(),
    atLeast: Joi.boolean().required(),
  }).description('With facets: how many match; counted up to 10,000'),
  facets: Joi.object()
    .unknown(true)
    .description('By facet: its values with how many events match all other filters'),
  next: Joi.string().allow(null).required(),
});

export function searchRoutes(stores: SearchStores): Route[] {
  return [
    route<{ query: SearchQuery }>({
      method: 'get',
      path: '/api/search',
      id: 'searchEvents',
      shared: true,
      summary:
        'Find events by words, place, time, price and availability; upcoming ones by default',
      tag: 'search',
      access: 'anyone',
      query: Joi.object({
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
        availability: Joi.string().valid(...AVAILABILITIES),
        near: Joi.string().pattern(POINT, 'latitude,longitude').example('48.2082,16.3738'),
        radiusKm: Joi.number().min(0.1).max(FARTHEST_KM).default(USUAL_KM),
        sort: Joi.string()
          .valid(...SORTS)
          .description('By relevance with q, by distance with near, else by date'),
        facets: text(200).description(`Facets to count, by comma, or all: ${FACETS.join(', ')}`),
        cursor: cursor(),
        limit: limit(100, 20),
      }),
      responses: {
        200: { description: 'A page of hits', schema: searchPage, example: searchExample },
      },
      run: ({ query }) => answerSearch(stores, query),
    }),
    route<{ query: { q: string; limit: number } }>({
      method: 'get',
      path: '/api/search/suggestions',
      id: 'suggest',
      shared: true,
      summary: 'What a search may be going to say: artists, events, venues and cities',
      tag: 'search',
      access: 'anyone',
      query: Joi.object({ q: text(100).required(), limit: limit(20, 8) }),
      responses: {
        200: {
          description: 'Phrases of which a word begins so',
          schema: Joi.object({
            suggestions: Joi.array()
              .items(
                Joi.object({
                  kind: Joi.string()
                    .valid(...PHRASES)
                    .required(),
                  text: Joi.string().required(),
                }),
              )
              .required(),
          }),
          example: { suggestions: [{ kind: 'artist', text: 'Beethoven Quartet' }] },
        },
      },
      async run({ query }) {
        const suggestions = await suggest(stores, query.q, query.limit);
        return reply(200, { suggestions }, undefined, keepHits);
      },
    }),
    route<{ query: { limit: number } }>({
      method: 'get',
      path: '/api/events/popular',
      id: 'listPopularEvents',
      shared: true,
      summary: 'Upcoming events by how many seats were taken lately, with what is left',
      tag: 'search',
      access: 'anyone',
      query: Joi.object({ limit: limit(50, 10) }),
      responses: {
        200: {
          description: 'The events, most popular first',
          schema: Joi.object({ hits: Joi.array().items(hitView).required() }),
          example: { hits: [hitExample] },
        },
      },
      async run({ query }) {
        const hits = await stores.index.find({
          filter: { terms: [], from: thisMinute() },
          sort: 'popularity',
          limit: query.limit,
        });
        return reply(200, { hits: hits.map(viewHit) }, undefined, keepHits);
      },
    }),
  ];
}

async function answerSearch(stores: SearchStores, query: SearchQuery): Promise<Reply | Refusal> {
  const search = readSearch(query);
  if (isRefusal(search)) return search;
  const { hits, slips, corrections, total, facets } = await searchListings(stores, search);
  const last = hits.length === query.limit ? hits.at(-1) : undefined;
  const page = {
    hits: hits.map(viewHit),
    corrections,
    ...(total && { total }),
    ...(facets && { facets }),
    next: last ? writePlace(search.sort, slips, placeOf[search.sort](last)) : null,
  };
  return reply(200, page, undefined, keepHits);
}

function readSearch(query: SearchQuery): Search | Refusal {
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
  if ([start, end].some((one) => one && Number.isNaN(one.getTime()))) {
    return refused('invalid_request', 'from and to must be dates that exist.');
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
function thisMinute(): Date {
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

function writePlace(sort: Sort, slips: boolean, place: Place): string {
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
    if (kind === 'number') return Number.isFinite(place[at]);
    return kind === 'id' || !Number.isNaN(Date.parse(String(place[at])));
  });
  if (of !== sort || !isWhole || (how !== WRITTEN && how !== MEANT)) {
    return refused('invalid_request', 'The cursor is not one of a page of this search.');
  }
  return { place, slips: how === MEANT };
}

/** What anyone sees of a hit. */
function viewHit(hit: Hit) {
  const { place, distanceKm } = hit;
  return {
    eventId: hit._id,
    name: hit.name,
    artists: hit.artists,
    category: hit.category,
    tags: hit.tags,
    venueId: hit.venueId,
    venueName: hit.venueName,
    city: hit.city,
    country: hit.country,
    ...(place && {
      location: { latitude: place.coordinates[1], longitude: place.coordinates[0] },
    }),
    timeZone: hit.timeZone,
    startsAt: hit.startsAt.toISOString(),
    startsAtLocal: localTimeOf(hit.startsAt, hit.timeZone),
    ...(hit.endsAt && { endsAt: hit.endsAt.toISOString() }),
    onSaleAt: hit.onSaleAt.toISOString(),
    ...(hit.offSaleAt && { offSaleAt: hit.offSaleAt.toISOString() }),
    status: hit.status,
    shownStatus: shownStatusOf(hit, systemClock.now(), hit.left),
    ...(hit.image && { image: hit.image }),
    currency: hit.currency,
    priceFromMinor: hit.priceFromMinor,
    priceToMinor: hit.priceToMinor,
    seatCount: hit.seatCount,
    left: hit.left,
    stock: hit.stock,
    asOf: hit.asOf.toISOString(),
    ...(distanceKm !== undefined && { distanceKm: Math.round(distanceKm * 1_000) / 1_000 }),
  };
}
