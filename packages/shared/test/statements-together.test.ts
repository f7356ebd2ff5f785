import { expect } from 'chai';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { sqlStateOf } from '../src/postgres/database.ts';
import { startTestDatabase, type TestDatabase } from './test-database.ts';

const changes = pgTable('changes', { id: integer().primaryKey() });

describe('statements that a transaction asks for together', () => {
  let database: TestDatabase;
  before(async () => {
    database = await startTestDatabase();
  });
  after(() => database?.drop());

  it('each get their own answer, and all have their effect', async () => {
    const answers = await database.postgres.db.transaction((tx) =>
      Promise.all([
        tx.insert(changes).values({ id: 1 }).returning(),
        tx.execute<{ two: number }>(sql`select 2 as two`),
        tx.insert(changes).values({ id: 3 }).returning(),
      ]),
    );
    const [one, two, three] = answers;
    expect([one, two.rows, three]).to.deep.equal([[{ id: 1 }], [{ two: 2 }], [{ id: 3 }]]);
    const { rows } = await database.postgres.db.execute(sql`select id from changes order by id`);
    expect(rows).to.deep.equal([{ id: 1 }, { id: 3 }]);
  });

  it('are all undone when one fails, and the error is that one’s', async () => {
    const { db } = database.postgres;
    const error: unknown = await db
      .transaction((tx) =>
        Promise.all([
          tx.insert(changes).values({ id: 50 }),
          tx.insert(changes).values({ id: 1 }),
          tx.insert(changes).values({ id: 51 }),
        ]),
      )
      .catch((thrown: unknown) => thrown);
    expect(sqlStateOf(error)).to.deep.equal({ code: '23505', constraint: 'changes_pkey' });
    const { rows } = await db.execute(sql`select id from changes where id >= 50`);
    expect(rows).to.deep.equal([]);
  });
});
