import type { Document } from 'mongodb';

/**
 * Filters and expressions on the server's clock. In a filter they are written by `$not`, which
 * works on MongoDB and on the stand-in alike once a collection has indexes.
 */
export function passed(instant: unknown): Document {
  return { $expr: { $not: [{ $gt: [instant, '$$NOW'] }] } };
}

export function notPassed(instant: unknown): Document {
  return { $expr: { $not: [{ $lte: [instant, '$$NOW'] }] } };
}

export function olderThan(field: string, ageMs: number): Document {
  return { $expr: { $not: [{ $gt: [field, { $subtract: ['$$NOW', ageMs] }] }] } };
}

export const literal = (value: unknown): Document => ({ $literal: value });
export const plusOne = (field: string): Document => ({ $add: [field, 1] });

/** In a statement about many documents: what belongs to each, by the place of its id in the list. */
export function ownOf(ids: readonly string[], values: readonly unknown[]): Document {
  return { $arrayElemAt: [literal(values), { $indexOfArray: [literal(ids), '$_id'] }] };
}
