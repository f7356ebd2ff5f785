import type { Document } from 'mongodb';

/** What comes after a place in an order: a later value, or the same and a later id. */
export function later(
  field: string,
  value: unknown,
  id: unknown,
  than: '$gt' | '$lt' = '$gt',
): Document {
  return { $or: [{ [field]: { [than]: value } }, { [field]: value, _id: { $gt: id } }] };
}

/**
 * A batch size for reads that are bounded anyway: all comes in the first answer. By default that
 * holds 101 documents, and the rest costs another round trip.
 */
export const WHOLE = 10_000;
