import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { sql } from 'drizzle-orm';
import { newId } from '../src/ids.ts';
import { isOutage } from '../src/outage.ts';
import { recordAudit } from '../src/postgres/audit.ts';
import { openPostgres, type Postgres, sqlStateOf, urlOf } from '../src/postgres/database.ts';
import { origin, startTestDatabase, type TestDatabase } from './test-database.ts';
import { keepLog } from './test-service.ts';

describe('a service database', () => {
  let database: TestDatabase;
  let postgres: Postgres;

  before(async () => {
    database = await startTestDatabase();
    postgres = database.postgres;
  });
  after(() => database?.drop());

  it('is opened as the application role, which may not change the schema', async () => {
    const { rows } = await postgres.pool.query('select current_user as role');
    expect(rows).to.deep.equal([{ role: database.role }]);
    const error: unknown = await postgres.pool
      .query('create table stray (id int)')
      .catch((thrown: unknown) => thrown);
    expect(sqlStateOf(error)?.code).to.equal('42501');
  });

  it('is created and migrated once when several instances open it together', async () => {
    const another = await startTestDatabase({ instances: 4 });
    const { rows } = await another.admin.query(
      'select count(distinct name)::int as names, count(*)::int as runs from shared_migrations',
    );
    expect(rows).to.deep.equal([{ names: 3, runs: 3 }]);
    await another.drop();
  });

  it('gives bigint as number, and refuses one beyond 2^53', async () => {
    const { rows } = await postgres.pool.query('select 9007199254740991::bigint as most');
    expect(rows).to.deep.equal([{ most: Number.MAX_SAFE_INTEGER }]);
    const error = await postgres.pool
      .query('select 9007199254740993::bigint')
      .catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RangeError);
  });

  it('tries again while the server is down, until it is told to stop', async () => {
    const { log, lines } = keepLog();
    const stopping = new AbortController();
    const opening = openPostgres({
      url: 'postgres://postgres@127.0.0.1:1/postgres',
      database: 'nowhere',
      role: 'nobody',
      migrations: database.migrations,
      log: {
        ...log,
        warn: (name, fields) => {
          log.warn(name, fields);
          stopping.abort();
        },
      },
      signal: stopping.signal,
    });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).to.have.property('code', 'ECONNREFUSED');
    expect(lines[0]?.name).to.equal('postgres.not_ready');
  });

  it('fails at once on a migration that is wrong, and leaves nothing of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-migrations-'));
    await writeFile(
      join(folder, '0001_broken.sql'),
      '-- Up Migration\ncreate table half (id int);\nselect * from nothing_such;\n',
    );
    const opening = openPostgres({
      url: database.url,
      database: database.name,
      role: database.role,
      migrations: pathToFileURL(`${folder}/`),
      log: keepLog().log,
    });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    await rm(folder, { recursive: true });
    expect(error).to.be.instanceOf(Error);
    const { rows } = await database.admin.query("select to_regclass('half') as half");
    expect(rows).to.deep.equal([{ half: null }]);
  });

  it('takes the locks from a transaction that went quiet, and works on', async () => {
    const limit = await postgres.pool.query('show idle_in_transaction_session_timeout');
    expect(limit.rows).to.deep.equal([{ idle_in_transaction_session_timeout: '1min' }]);
    const lockBucket = sql`select from outbox_buckets where bucket = 1 for update`;
    const locked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const quiet = postgres.db.transaction(async (tx) => {
      await tx.execute(sql`set local idle_in_transaction_session_timeout = 100`);
      await tx.execute(lockBucket);
      locked.resolve();
      await released.promise;
      await tx.execute(sql`select 1`);
    });
    await locked.promise;
    await postgres.db.transaction((tx) => tx.execute(lockBucket));
    released.resolve();
    expect(isOutage(await quiet.catch((error: unknown) => error))).to.equal(true);
    await postgres.ping();
  });

  it('names the SQLSTATE and constraint of an error that drizzle wrapped', async () => {
    const insert = () =>
      postgres.db.execute('insert into outbox_buckets values (3)').catch((e: unknown) => e);
    await database.admin.query(`grant insert on outbox_buckets to ${database.role}`);
    expect(sqlStateOf(await insert())).to.deep.equal({
      code: '23505',
      constraint: 'outbox_buckets_pkey',
    });
    expect(sqlStateOf(new Error('other'))).to.equal(undefined);
  });

  it('changes the database of a URL, keeps the rest', () => {
    expect(urlOf('postgres://a:b@h:1/postgres?x=1', 'booking')).to.equal(
      'postgres://a:b@h:1/booking?x=1',
    );
  });
});

describe('the audit chain', () => {
  let database: TestDatabase;
  before(async () => {
    database = await startTestDatabase();
  });
  after(() => database?.drop());

  const entry = (aggregateId: string, action: string) => ({
    aggregateType: 'booking',
    aggregateId,
    action,
    origin,
  });
  const chainOf = async (aggregateId: string) => {
    const { rows } = await database.admin.query(
      `select seq, action, hash = audit_hash(e) as hash_holds,
         previous_hash = coalesce(lag(hash) over (order by seq), '') as follows
       from audit_entries e where aggregate_id = $1 order by seq`,
      [aggregateId],
    );
    return rows;
  };

  it('numbers the entries of an aggregate and hashes each with the one before it', async () => {
    const [one, other] = [newId(), newId()];
    const { db } = database.postgres;
    await db.transaction((tx) => recordAudit(tx, entry(one, 'placed'), entry(other, 'placed')));
    await db.transaction((tx) => recordAudit(tx, entry(one, 'paid'), entry(one, 'confirmed')));
    expect(await chainOf(one)).to.deep.equal([
      { seq: 1, action: 'placed', hash_holds: true, follows: true },
      { seq: 2, action: 'paid', hash_holds: true, follows: true },
      { seq: 3, action: 'confirmed', hash_holds: true, follows: true },
    ]);
    expect(await chainOf(other)).to.have.length(1);
    const { rows } = await database.admin.query(
      `select h.seq, h.hash = e.hash as head_holds from audit_heads h
       join audit_entries e using (aggregate_type, aggregate_id, seq) where aggregate_id = $1`,
      [one],
    );
    expect(rows).to.deep.equal([{ seq: 3, head_holds: true }]);
  });

  it('has no gap and no fork when transactions append at once', async () => {
    const id = newId();
    const { db } = database.postgres;
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        db.transaction((tx) => recordAudit(tx, entry(id, `step ${n}`))),
      ),
    );
    const chain = await chainOf(id);
    expect(chain.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(chain.every(({ hash_holds, follows }) => hash_holds && follows)).to.equal(true);
  });

  it('takes back what a rolled back transaction wrote', async () => {
    const id = newId();
    const { db } = database.postgres;
    await db.transaction((tx) => recordAudit(tx, entry(id, 'placed')));
    const failed = db.transaction(async (tx) => {
      await recordAudit(tx, entry(id, 'paid'));
      throw new Error('no');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('no');
    await db.transaction((tx) => recordAudit(tx, entry(id, 'failed')));
    expect((await chainOf(id)).map(({ seq, action }) => [seq, action])).to.deep.equal([
      [1, 'placed'],
      [2, 'failed'],
    ]);
  });

  for (const statement of [
    "update audit_entries set action = 'x'",
    'delete from audit_entries',
    'truncate audit_entries',
  ]) {
    it(`refuses "${statement}" to the service by grant, to the owner by trigger`, async () => {
      const byService: unknown = await database.postgres.pool
        .query(statement)
        .catch((error: unknown) => error);
      expect(sqlStateOf(byService)?.code).to.equal('42501');
      const byOwner: unknown = await database.admin
        .query(statement)
        .catch((error: unknown) => error);
      expect((byOwner as Error).message).to.equal('audit_entries is append-only');
    });
  }

  it('shows an altered entry, once somebody has switched the trigger off', async () => {
    const id = newId();
    await database.postgres.db.transaction((tx) =>
      recordAudit(tx, entry(id, 'placed'), entry(id, 'paid')),
    );
    await database.admin.query('alter table audit_entries disable trigger append_only');
    await database.admin.query(
      "update audit_entries set reason = 'forged' where aggregate_id = $1 and seq = 1",
      [id],
    );
    await database.admin.query('alter table audit_entries enable trigger append_only');
    expect((await chainOf(id)).map(({ hash_holds }) => hash_holds)).to.deep.equal([false, true]);
  });
});
