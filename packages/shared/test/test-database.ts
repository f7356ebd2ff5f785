import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Joi from 'joi';
import pg from 'pg';
import { readConfig } from '../src/config.ts';
import { newId } from '../src/ids.ts';
import { openPostgres, urlOf } from '../src/postgres/database.ts';
import { waitUntil } from '../src/wait.ts';
import { keepLog } from './test-service.ts';

export const origin = { actor: 'user:u-1', requestId: 'r-1', correlationId: 'c-1' };

/** The URLs of the stores that a test run was given. */
export const stores = readConfig(
  Joi.object<{ POSTGRES_URL: string; MONGODB_URL: string; KAFKA_BROKERS: string }>({
    POSTGRES_URL: Joi.string().required(),
    MONGODB_URL: Joi.string().required(),
    KAFKA_BROKERS: Joi.string().required(),
  }),
);

export type TestDatabase = Awaited<ReturnType<typeof startTestDatabase>>;

/** A database of its own with the shared tables, opened as a service opens it. */
export async function startTestDatabase({ instances = 1 } = {}) {
  const url = stores.POSTGRES_URL;
  const name = `shared_${newId().replaceAll('-', '').slice(-12)}`;
  const role = `${name}_app`;
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-migrations-'));
  await writeFile(
    join(folder, '0001_grants.sql'),
    `-- Up Migration
grant select, insert, delete on outbox to ${role};
grant select, update on outbox_buckets to ${role};
grant select, insert on inbox, audit_entries to ${role};
grant select on audit_heads to ${role};
create table changes (id int primary key);
grant select, insert on changes to ${role};
`,
  );
  const migrations = pathToFileURL(`${folder}/`);
  const options = { url, database: name, role, migrations, log: keepLog().log };
  const opened = await Promise.all(Array.from({ length: instances }, () => openPostgres(options)));
  const [postgres] = opened;
  if (!postgres) throw new Error('At least one instance');
  const admin = new pg.Pool({ connectionString: urlOf(url, name), max: 2 });
  return {
    url,
    name,
    role,
    migrations,
    postgres,
    admin,
    async drop() {
      await Promise.all(opened.map((one) => one.close()));
      await admin.end();
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await waitUntil('the last connections to end', async () => {
        await client.query(`drop database ${name}`);
        return true;
      });
      await client.query(`drop role ${role}`);
      await client.end();
      await rm(folder, { recursive: true });
    },
  };
}
