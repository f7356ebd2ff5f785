import type { SQLInputValue } from 'node:sqlite';
import type { ObjectTable, Store } from './store.ts';

/** What may be asked of a list, as in https://docs.stripe.com/api/pagination */
export type Page = {
  readonly limit: number;
  readonly startingAfter?: string | undefined;
  readonly endingBefore?: string | undefined;
  readonly created?: { gt?: number; gte?: number; lt?: number; lte?: number } | undefined;
  readonly paymentIntent?: string | undefined;
  /** Equal to members of the stored object. */
  readonly where?: Readonly<Record<string, string>>;
};

type Row = { body: string };

export type Table<T> = {
  insert(object: T, paymentIntent: string): void;
  update(object: T): void;
  find(id: string): T | undefined;
  /** A page, newest first; undefined if its cursor names nothing. */
  list(page: Page): { data: T[]; hasMore: boolean } | undefined;
};

/** Stripe's objects of one kind, kept as JSON with the columns that lists are asked by. */
export function openObjectTable<T extends { id: string; created: number }>(
  { db }: Store,
  table: ObjectTable,
): Table<T> {
  const insert = db.prepare(
    `insert into ${table} (id, payment_intent, created, body) values (?, ?, ?, ?)`,
  );
  const update = db.prepare(`update ${table} set body = ? where id = ?`);
  const select = db.prepare(`select body from ${table} where id = ?`);
  const selectSeq = db.prepare(`select seq from ${table} where id = ?`);
  const read = (row: Row): T => JSON.parse(row.body) as T;

  return {
    insert(object, paymentIntent) {
      insert.run(object.id, paymentIntent, object.created, JSON.stringify(object));
    },
    update(object) {
      update.run(JSON.stringify(object), object.id);
    },
    find(id) {
      const row = select.get(id) as Row | undefined;
      return row && read(row);
    },
    list(page) {
      const conditions: string[] = ['true'];
      const values: SQLInputValue[] = [];
      const add = (condition: string, value: SQLInputValue): void => {
        conditions.push(condition);
        values.push(value);
      };
      const cursor = page.startingAfter ?? page.endingBefore;
      if (cursor !== undefined) {
        const found = selectSeq.get(cursor) as { seq: number } | undefined;
        if (found === undefined) return undefined;
        add(page.startingAfter === undefined ? 'seq > ?' : 'seq < ?', found.seq);
      }
      const { gt, gte, lt, lte } = page.created ?? {};
      if (gt !== undefined) add('created > ?', gt);
      if (gte !== undefined) add('created >= ?', gte);
      if (lt !== undefined) add('created < ?', lt);
      if (lte !== undefined) add('created <= ?', lte);
      if (page.paymentIntent !== undefined) add('payment_intent = ?', page.paymentIntent);
      for (const [path, value] of Object.entries(page.where ?? {})) {
        values.push(`$.${path}`);
        add('json_extract(body, ?) = ?', value);
      }
      const backwards = page.startingAfter === undefined && page.endingBefore !== undefined;
      const rows = db
        .prepare(
          `select body from ${table} where ${conditions.join(' and ')}
           order by seq ${backwards ? 'asc' : 'desc'} limit ?`,
        )
        .all(...values, page.limit + 1) as Row[];
      const data = rows.slice(0, page.limit).map(read);
      return { data: backwards ? data.reverse() : data, hasMore: rows.length > page.limit };
    },
  };
}
