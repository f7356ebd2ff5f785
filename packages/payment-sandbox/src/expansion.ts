import type { Objects } from './books.ts';

/**
 * Puts objects in the place of their ids, for the members that a request asks to expand
 * (https://docs.stripe.com/api/expanding_objects), one level deep. Others are passed over.
 */
export function expandObject(objects: Objects, object: object, names: readonly string[]): object {
  const finders: Record<string, ((id: string) => object | undefined) | undefined> = {
    latest_charge: objects.charges.find,
    charge: objects.charges.find,
    payment_intent: objects.intents.find,
    balance_transaction: objects.balanceTransactions.find,
    source: (id) => objects.charges.find(id) ?? objects.refunds.find(id),
  };
  const expanded: Record<string, unknown> = { ...object };
  for (const name of names) {
    const id = expanded[name];
    const found = typeof id === 'string' ? finders[name]?.(id) : undefined;
    if (found !== undefined) expanded[name] = found;
  }
  return expanded;
}

/** The names to expand in each object of a list, asked for as `data.name`. */
export function readExpansions(asked: readonly string[]): readonly string[] {
  return asked.flatMap((name) => (name.startsWith('data.') ? [name.slice('data.'.length)] : []));
}
