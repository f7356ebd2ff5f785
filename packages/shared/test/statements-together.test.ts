import { expect } from 'chai';
import { max, sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { sqlStateOf, type Transaction } from '../src/postgres/database.ts';
import { startTestDatabase, type TestDatabase } from './test-database.ts';

const changes = pgTable('changes', { id: integer().primaryKey() });
const next = sql`(select max(id) + 1 from changes)`;

describe('statements that a transaction asks for together', () => {
  let database: TestDatabase;
  before(async () => {
    database = await startTestDatabase();
  });
  after(() => database?.drop());

  async function highest(tx: Transaction): Promise<number | null | undefined> {
    return (await tx.select({ id: max(changes.id) }).from(changes))[0]?.id;
  }

  it('are done in the order asked, whatever they were built with', async () => {
    const answers = await database.postgres.db.transaction((tx) =>
      Promise.all([
        tx.insert(changes).values({ id: 1 }),
        highest(tx),
        tx.execute(sql`insert into changes values (${next})`),
        highest(tx),
        tx.insert(changes).values({ id: next }).returning(),
        tx.execute<{ id: number }>(sql`select max(id) as id from changes`),
        tx.insert(changes).values({ id: next }).onConflictDoNothing(),
        highest(tx),
      ]),
    );
    const [, first, , second, third, again, , fourth] = answers;
    const order = [first, second, third[0]?.id, again.rows[0]?.id, fourth];
    expect(order).to.deep.equal([1, 2, 3, 3, 4]);
  });

  it('are all undone when one fails, and the error is that one’s', async () => {
    const { db } = database.postgres;
    const error: unknown = await db
      .transaction((tx) =>
        Promise.all([
          tx.insert(changes).values({ id: 50 }),
          tx.execute(sql`insert into changes values (50)`),
          tx.insert(changes).values({ id: 51 }),
          highest(tx),
        ]),
      )
      .catch((thrown: unknown) => thrown);
    expect(sqlStateOf(error)).to.deep.equal({ code: '23505', constraint: 'changes_pkey' });
    expect(await db.transaction((tx) => tx.execute(sql`select id from changes where id >= 50`)))
      .to.have.property('rows')
      .that.deep.equals([]);
  });
});
