import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { Client } from 'pg';
import { SetupError } from '../src/setup-error.ts';
import { type Stack, startStack } from '../src/stack.ts';
import { waitUntil } from '../src/wait.ts';
import { createDataDir, withoutGivenStores } from './own-stack.ts';

describe('a stack of our own', function () {
  this.timeout(300_000);
  let folder: Awaited<ReturnType<typeof createDataDir>>;
  let stack: Stack;

  before(async () => {
    folder = await createDataDir();
    stack = await startStack({ dataDir: folder.path, env: withoutGivenStores() });
  });

  after(async () => {
    await stack?.stop();
    await folder.remove();
  });

  it('brings up all four stores, each with a version and a source', () => {
    const stores = Object.values(stack.stores);
    expect(stores.map((store) => store.name)).to.have.members([
      ...['postgres', 'mongodb', 'kafka', 'redis'],
    ]);
    for (const store of stores) {
      expect(store.version, store.name).to.match(/\d+\.\d+/);
      expect(store.source, store.name).to.not.equal('');
    }
  });

  it('names the stand-in as such exactly where MongoDB itself could not be had', () => {
    const { source, standIn } = stack.stores.mongodb;
    expect(source.includes('stand-in')).to.equal(standIn);
  });

  it('runs PostgreSQL 18 with fsync on and room for 300 connections', async () => {
    await withPostgres(stack.env.POSTGRES_URL, async (client) => {
      const { rows } = await client.query(
        "select name, setting from pg_settings where name in ('fsync', 'max_connections')",
      );
      expect(rows).to.deep.equal([
        { name: 'fsync', setting: 'on' },
        { name: 'max_connections', setting: '300' },
      ]);
    });
    expect(stack.stores.postgres.version).to.match(/^18\./);
  });

  it('keeps PostgreSQL rows through a kill, at the same URL', async () => {
    const { postgres } = stack.stores;
    await withPostgres(postgres.url, (client) =>
      client.query('create table kept as select 42 as answer'),
    );
    await postgres.kill();
    await expectSilence(() => withPostgres(postgres.url, async () => {}));
    await postgres.start();
    await withPostgres(postgres.url, async (client) => {
      expect((await client.query('select answer from kept')).rows).to.deep.equal([{ answer: 42 }]);
    });
  });

  it('keeps MongoDB documents through a kill, at the same URL', async () => {
    const { mongodb } = stack.stores;
    await withMongoDb(mongodb.url, (client) =>
      client.db('stack').collection<{ _id: string }>('kept').insertOne({ _id: 'one' }),
    );
    await mongodb.kill();
    await expectSilence(() => withMongoDb(mongodb.url, (client) => client.db('stack').stats()));
    await mongodb.start();
    const found = await withMongoDb(mongodb.url, (client) =>
      client.db('stack').collection('kept').find().toArray(),
    );
    expect(found).to.deep.equal([{ _id: 'one' }]);
  });

  it('keeps Kafka records through a kill, and answers again within 10 s', async () => {
    const { kafka } = stack.stores;
    const topic = 'kept';
    const client = new Kafka({ brokers: [kafka.url], logLevel: logLevel.NOTHING });
    const producer = client.producer({ allowAutoTopicCreation: true });
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [{ key: 'k', value: 'v' }] });
    await producer.disconnect();
    await kafka.kill();
    const startedAt = performance.now();
    await kafka.start();
    expect(performance.now() - startedAt).to.be.below(10_000);
    const values = await readTopic(client, topic);
    expect(values).to.deep.equal(['v']);
  });

  it('keeps Redis keys through a kill, at the same URL', async () => {
    const { redis } = stack.stores;
    const client = new Redis(redis.url);
    await client.set('kept', 'yes');
    client.disconnect();
    await redis.kill();
    await redis.start();
    const again = new Redis(redis.url);
    expect(await again.get('kept')).to.equal('yes');
    again.disconnect();
  });

  it('refuses a second stack over the same folder, and lets the first go on', async () => {
    const second = startStack({ dataDir: folder.path, env: withoutGivenStores() });
    const error = await second.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).to.be.instanceOf(SetupError);
    expect((error as SetupError).message).to.include(`process ${process.pid}`);
    expect((error as SetupError).remedy).to.include('--data-dir');
    await withPostgres(stack.env.POSTGRES_URL, async () => {});
  });

  it('runs beside a stack of another folder, at other ports', async () => {
    const other = await createDataDir();
    const beside = await startStack({ dataDir: other.path, env: withoutGivenStores() });
    try {
      const urls = [...Object.values(stack.env), ...Object.values(beside.env)];
      expect(new Set(urls).size).to.equal(8);
      await withPostgres(stack.env.POSTGRES_URL, async () => {});
      await withPostgres(beside.env.POSTGRES_URL, async () => {});
    } finally {
      await beside.stop();
      await other.remove();
    }
  });

  it('starts nothing for stores that are given, and refuses to kill them', async () => {
    const path = `${folder.path}/never-made`;
    const env = { ...withoutGivenStores(), ...stack.env };
    const given = await startStack({ dataDir: path, env });
    expect(given.env).to.deep.equal(stack.env);
    expect(given.stores.kafka.source).to.equal('given by KAFKA_BROKERS');
    expect(given.stores.mongodb.standIn).to.equal(stack.stores.mongodb.standIn);
    const refusal = await given.stores.redis.kill().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect((refusal as SetupError).remedy).to.include('REDIS_URL');
    await given.stop();
    await withPostgres(stack.env.POSTGRES_URL, async () => {});
  });

  it('says which given store does not answer, and how to go on', async () => {
    const env = { ...withoutGivenStores(), ...stack.env, REDIS_URL: 'redis://127.0.0.1:1' };
    const error = await startStack({ dataDir: `${folder.path}/never-made`, env }).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect((error as SetupError).message).to.include('redis://127.0.0.1:1');
    expect((error as SetupError).remedy).to.include('unset REDIS_URL');
  });
});

async function withPostgres<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3000 });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}

async function withMongoDb<T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 1000 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function readTopic(kafka: Kafka, topic: string): Promise<string[]> {
  const values: string[] = [];
  const consumer = kafka.consumer({ groupId: 'stack-test' });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value?.toString() ?? '');
    },
  });
  await waitUntil(
    async () => {
      if (values.length === 0) throw new Error('no record has arrived');
    },
    { timeoutMs: 15_000 },
  );
  await consumer.disconnect();
  return values;
}

async function expectSilence(ask: () => Promise<unknown>): Promise<void> {
  const answered = await ask().then(
    () => true,
    () => false,
  );
  expect(answered, 'the killed store still answers').to.equal(false);
}
