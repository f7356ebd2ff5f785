import { LRUCache } from 'lru-cache';
import type { SearchIndex } from './search.ts';

const MOST_KEPT = 2_000;
const LIFE_MS = 10_000;

/**
 * The index with its counts kept for ten seconds: they cost the most, change the least, and many
 * ask for the same ones. Those who ask together share one count.
 */
export function keepCounts(index: SearchIndex): SearchIndex {
  const counts = new LRUCache<string, Promise<unknown>>({ max: MOST_KEPT, ttl: LIFE_MS });

  function kept<T>(key: unknown, count: () => Promise<T>): Promise<T> {
    const name = JSON.stringify(key);
    const known = counts.get(name) as Promise<T> | undefined;
    if (known) return known;
    const counted = count();
    counts.set(name, counted);
    counted.catch(() => counts.delete(name));
    return counted;
  }

  return {
    find: index.find,
    count: (filter) => kept(['count', filter], () => index.count(filter)),
    facet: (filter, facet) => kept([facet, filter], () => index.facet(filter, facet)),
  };
}
