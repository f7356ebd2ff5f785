import { dropTopics } from '@holdfast/shared/bus/drop-topics.ts';
import { readConfig } from '@holdfast/shared/config.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { urlOf } from '@holdfast/shared/postgres/database.ts';
import pg from 'pg';
import { authSettings } from '../src/config.ts';
import { createService } from '../src/service.ts';

export const ADMIN = { email: 'admin@example.org', password: 'the house opens at seven' };
export const PASSWORD = 'a seat in the third row';

export type Answer = {
  status: number;
  headers: Headers;
  /** The JSON of the answer, whatever its shape: tests compare it whole or by member. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the tests find out.
  body: any;
};

type Call = { token?: string | undefined; body?: unknown; headers?: Record<string, string> };

/** A client of one service's HTTP interface. */
export function createClient(origin: string) {
  async function call(method: string, path: string, parts: Call = {}): Promise<Answer> {
    const { token, body } = parts;
    const response = await fetch(origin + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...parts.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, body: text === '' ? undefined : JSON.parse(text) };
  }
  return {
    call,
    get: (path: string, token?: string) => call('GET', path, { token }),
    post: (path: string, body?: unknown, token?: string) => call('POST', path, { body, token }),
    patch: (path: string, body?: unknown, token?: string) => call('PATCH', path, { body, token }),
  };
}

/** Names of a database and topics that no other run has, and how to drop them. */
export function ownNames() {
  const name = `auth_test_${newId().replaceAll('-', '')}`;
  const { POSTGRES_URL = '', KAFKA_BROKERS = '' } = process.env;
  return {
    name,
    environment: {
      POSTGRES_URL,
      KAFKA_BROKERS,
      PORT: '0',
      LOG_LEVEL: 'silent',
      DATABASE_NAME: name,
      TOPIC_PREFIX: `${name}.`,
      ADMIN_EMAIL: ADMIN.email,
      ADMIN_PASSWORD: ADMIN.password,
      PASSWORD_MEMORY_KIB: '1024',
      PASSWORD_TIME_COST: '1',
    },
    async drop() {
      await dropTopics(KAFKA_BROKERS, `${name}.`);
      const client = new pg.Client({ connectionString: POSTGRES_URL });
      await client.connect();
      await client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
      await client.end();
    },
  };
}

/** The service in this process on real stores, with a client and an owner's view of its database. */
export async function startAuth(settings: Record<string, string> = {}, names = ownNames()) {
  const config = readConfig(authSettings, { ...names.environment, ...settings });
  const service = await createService(config);
  const running = await service.ready;
  const owner = new pg.Pool({
    connectionString: urlOf(names.environment.POSTGRES_URL, names.name),
    max: 2,
  });
  const client = createClient(service.url);
  let registered = 0;
  return {
    ...client,
    service,
    running,
    names,
    /** Rows of a query as the database's owner. */
    async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
      return (await owner.query<R>(text, values)).rows;
    },
    /** Locks the account's row until released, as a long transaction would. */
    async lockUser(userId: string) {
      const client = await owner.connect();
      await client.query('begin');
      await client.query('select from users where id = $1 for update', [userId]);
      return {
        async release() {
          await client.query('rollback');
          client.release();
        },
      };
    },
    /** A new account; answers as the registration did. */
    async registerOne(more: object = {}) {
      registered += 1;
      const email = `buyer-${registered}-${newId()}@example.org`;
      const body = { email, password: PASSWORD, name: `Buyer ${registered}`, ...more };
      const answer = await client.post('/api/auth/register', body);
      if (answer.status !== 201) throw new Error(`Not registered: ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    async adminToken(): Promise<string> {
      return (await client.post('/api/auth/login', ADMIN)).body.accessToken;
    },
    async stop(options = { drop: true }) {
      await service.stop();
      await owner.end();
      if (options.drop) await names.drop();
    },
  };
}

export type RunningAuth = Awaited<ReturnType<typeof startAuth>>;
