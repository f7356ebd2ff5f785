import type { Database, Transaction } from './database.ts';

/**
 * A query of a builder that is built once a connection: building one anew costs more than sending it.
 * `build` ends with `prepare`, whose name no other query may have; what varies are placeholders.
 */
export function builtOnce<Query>(
  build: (db: Database | Transaction) => Query,
): (db: Database | Transaction) => Query {
  const built = new WeakMap<Database | Transaction, Query>();
  return (db) => {
    const query = built.get(db) ?? build(db);
    built.set(db, query);
    return query;
  };
}
