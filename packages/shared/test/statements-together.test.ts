import { expect } from 'chai';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { isOutage } from '../src/outage.ts';
import { type Database, HAS_LOCKED, sqlStateOf } from '../src/postgres/database.ts';
import { waitUntil } from '../src/wait.ts';
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

  it('write what depends on a lock of their transaction only after it, and never without one', async () => {
    const { db } = database.postgres;
    const write = (tx: Pick<Database, 'execute'>, id: number) =>
      tx.execute(sql`insert into changes select ${id}::int where ${HAS_LOCKED}`);
    const alone = await write(db, 90);
    const [written, locked, followed] = await db.transaction((tx) =>
      Promise.all([
        write(tx, 91),
        tx.execute(sql`select from outbox_buckets where bucket = 1 for update`),
        write(tx, 92),
      ]),
    );
    expect([alone, written, locked, followed].map(({ rowCount }) => rowCount)).to.deep.equal([
      0, 0, 1, 1,
    ]);
  });

  it('fail their transaction also where nobody waits for the one that failed', async () => {
    const { db } = database.postgres;
    const error = await db
      .transaction(async (tx) => {
        await tx.insert(changes).values({ id: 60 });
        tx.execute(sql`insert into changes values (1)`).catch(() => undefined);
      })
      .catch((thrown: Error) => thrown.message);
    expect(error).to.equal('A statement failed, and its transaction with it');
    const { rows } = await db.execute(sql`select id from changes where id = 60`);
    expect(rows).to.deep.equal([]);
  });

  it('and with its begin leave nothing on a connection that can not begin it, which is replaced', async () => {
    const { db, pool } = database.postgres;
    const spoiled = await pool.connect();
    await spoiled.query('begin');
    await spoiled.query('select 1 / 0').catch(() => undefined);
    spoiled.release();
    const insert = () =>
      db.transaction(async (tx) => {
        await tx.insert(changes).values({ id: 70 });
        await tx.insert(changes).values({ id: 71 });
      });
    const error: unknown = await insert().catch((thrown: unknown) => thrown);
    expect(sqlStateOf(error)?.code).to.equal('25P02');
    await insert();
    const { rows } = await db.execute(sql`select id from changes where id in (70, 71)`);
    expect(rows).to.have.length(2);
  });

  it('are all done or none when the connection is cut as the transaction begins', async () => {
    const { db, pool } = database.postgres;
    let lost = 0;
    for (let from = 100; from < 300; from += 10) {
      // One that was cut when its work was done may still lie in the pool.
      const pid = await waitUntil('a connection that lives', () =>
        pool.query('select pg_backend_pid() as pid').then(
          ({ rows }) => rows[0].pid as number,
          () => false as const,
        ),
      );
      const work = db.transaction(async (tx) => {
        await Promise.all([1, 2, 3].map((n) => tx.insert(changes).values({ id: from + n })));
        await tx.insert(changes).values({ id: from + 4 });
      });
      const [cut, outcome] = await Promise.all([
        database.admin.query('select pg_terminate_backend($1)', [pid]),
        work.catch((thrown: unknown) => thrown),
      ]);
      expect(cut.rowCount).to.equal(1);
      if (outcome !== undefined) {
        expect(isOutage(outcome), String(outcome)).to.equal(true);
        lost += 1;
      }
    }
    expect(lost).to.be.greaterThan(0);
    const { rows } = await db.execute<{ n: number }>(
      sql`select count(*)::int as n from changes where id >= 100 group by id / 10`,
    );
    // One may be done whose answer was lost.
    expect(rows).to.have.length.at.least(20 - lost);
    expect(new Set(rows.map(({ n }) => n))).to.deep.equal(new Set(rows.length > 0 ? [4] : []));
  });
});
