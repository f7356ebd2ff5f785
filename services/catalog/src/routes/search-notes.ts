import Joi from 'joi';
import { isWordless, type Search } from '../operations/search-listings.ts';

export const notes = Joi.array()
  .items(
    Joi.object({
      code: Joi.string().valid('no_words', 'currencies_mixed').required(),
      detail: Joi.string().required(),
    }),
  )
  .description('What to know of how the search was taken; not there if nothing');

const NO_WORDS = {
  code: 'no_words',
  detail: 'q has neither letters nor digits, so nothing is found: name words, or leave q out.',
};
const CURRENCIES_MIXED = {
  code: 'currencies_mixed',
  detail: 'Prices are compared as bare numbers, whatever their currency: name one by currency=EUR.',
};

/** What a request may not expect of its answer. */
export function notesOf(search: Search): { notes?: { code: string; detail: string }[] } {
  const { filter, sort, facets } = search;
  const isPriced =
    sort === 'price' ||
    facets.includes('price') ||
    filter.priceMin !== undefined ||
    filter.priceMax !== undefined;
  const all = [
    ...(isWordless(search) ? [NO_WORDS] : []),
    ...(isPriced && filter.currency === undefined ? [CURRENCIES_MIXED] : []),
  ];
  return all.length > 0 ? { notes: all } : {};
}
