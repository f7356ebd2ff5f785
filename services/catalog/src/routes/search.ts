import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import { type Reply, type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { type SearchStores, searchListings, suggest } from '../operations/search-listings.ts';
import { placeOf } from '../search/search.ts';
import { PHRASES } from '../stores/vocabulary.ts';
import { hitView, viewHit } from './hit-view.ts';
import { keepHits } from './keeping.ts';
import { limit, text } from './schemas.ts';
import { hitExample, searchExample } from './search-example.ts';
import { notes, notesOf } from './search-notes.ts';
import {
  readSearch,
  type SearchQuery,
  searchQuery,
  thisMinute,
  writePlace,
} from './search-query.ts';

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
  notes,
  next: Joi.string().allow(null).required(),
});

type Stores = SearchStores & {
  /** Until when all counts are right; asked before they are read. */
  countedUntil: () => Date | undefined;
};

export function searchRoutes(stores: Stores): Route[] {
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
      query: searchQuery,
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
        return reply(200, { suggestions }, undefined, keepHits([]));
      },
    }),
    route<{ query: { limit: number } }>({
      method: 'get',
      path: '/api/events/popular',
      id: 'listPopularEvents',
      shared: true,
      summary: 'Upcoming events with seats to be had, by how many were taken lately',
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
        const countedUntil = stores.countedUntil();
        const hits = await stores.index.find({
          filter: { terms: [], from: thisMinute(), availability: 'available' },
          sort: 'popularity',
          limit: query.limit,
        });
        const shown = hits.map((hit) => viewHit(hit, countedUntil));
        return reply(200, { hits: shown }, undefined, keepHits(shown));
      },
    }),
  ];
}

async function answerSearch(stores: Stores, query: SearchQuery): Promise<Reply | Refusal> {
  const search = readSearch(query);
  if (isRefusal(search)) return search;
  const countedUntil = stores.countedUntil();
  const { hits, slips, corrections, total, facets } = await searchListings(stores, search);
  const last = hits.length === query.limit ? hits.at(-1) : undefined;
  const page = {
    hits: hits.map((hit) => viewHit(hit, countedUntil)),
    corrections,
    ...(total && { total }),
    ...(facets && { facets }),
    ...notesOf(search),
    next: last ? writePlace(search.sort, slips, placeOf[search.sort](last)) : null,
  };
  return reply(200, page, undefined, keepHits(page.hits));
}
