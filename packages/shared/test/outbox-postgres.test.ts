import { expect } from 'chai';
import { sql } from 'drizzle-orm';
import type { Bus } from '../src/bus/bus.ts';
import type { Message } from '../src/contracts/contract.ts';
import { newId } from '../src/ids.ts';
import type { Loop } from '../src/loop.ts';
import { admitOnce, createOutboxRelay, enqueue, outboxLag } from '../src/outbox/postgres.ts';
import type { Database } from '../src/postgres/database.ts';
import { waitUntil } from '../src/wait.ts';
import {
  countSent,
  createBusToNowhere,
  firstsOf,
  messageOf,
  startTestBus,
  unique,
} from './test-bus.ts';
import { startTestDatabase, type TestDatabase } from './test-database.ts';
import { keepLog } from './test-service.ts';

describe('the outbox on PostgreSQL', () => {
  let database: TestDatabase;
  let db: Database;
  let testBus: Awaited<ReturnType<typeof startTestBus>>;
  let bus: Bus;
  let arrived: Message[];
  let nextChange = 1;

  before(async () => {
    database = await startTestDatabase();
    db = database.postgres.db;
    testBus = await startTestBus();
    ({ bus, arrived } = testBus);
  });
  after(async () => {
    await testBus?.stop();
    await database?.drop();
  });
  beforeEach(() => {
    arrived.length = 0;
  });

  const relayOn = (target: Bus, log = keepLog().log): Loop =>
    createOutboxRelay({ db, bus: target, log, intervalMs: 20 });
  /** A change and its messages in one transaction. */
  const change = (...messages: Message[]) =>
    db.transaction(async (tx) => {
      await tx.execute(sql`insert into changes values (${nextChange++})`);
      await enqueue(tx, ...messages);
    });
  const versions = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

  it('publishes what a committed transaction enqueued, and is empty afterwards', async () => {
    const messages = [messageOf(newId()), messageOf(newId())];
    await change(...messages);
    expect((await outboxLag(db)).waiting).to.equal(2);
    await relayOn(bus).drain();
    await waitUntil('both', () => unique(arrived).length === 2);
    expect(unique(arrived)).to.have.deep.members(messages);
    expect(await outboxLag(db)).to.deep.equal({ waiting: 0, oldestSeconds: 0 });
  });

  it('has no row of a transaction that was rolled back, nor its change', async () => {
    const before = await db.execute(sql`select count(*)::int as n from changes`);
    const failed = db.transaction(async (tx) => {
      await tx.execute(sql`insert into changes values (${nextChange})`);
      await enqueue(tx, messageOf(newId()));
      throw new Error('changed my mind');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('changed my mind');
    expect((await outboxLag(db)).waiting).to.equal(0);
    const after = await db.execute(sql`select count(*)::int as n from changes`);
    expect(after.rows).to.deep.equal(before.rows);
  });

  it('lets two relays work at once: each key in order, nothing skipped', async () => {
    const keys = Array.from({ length: 12 }, newId);
    const counted = countSent(bus);
    const relays = [relayOn(counted), relayOn(counted)];
    for (const relay of relays) relay.start();
    await Promise.all(
      keys.map(async (key) => {
        for (const n of versions(15)) {
          await change(messageOf(key, n));
          relays[n % 2]?.wake();
        }
      }),
    );
    await waitUntil('all messages', () =>
      keys.every((key) => firstsOf(key, arrived).length === 15),
    );
    await Promise.all(relays.map((relay) => relay.stop()));
    for (const key of keys) expect(firstsOf(key, arrived)).to.deep.equal(versions(15));
    expect((await outboxLag(db)).waiting).to.equal(0);
    // Repeats must not come in the middle of the next test.
    await waitUntil('every copy', () => arrived.length >= counted.sent());
  });

  it('does not leave what is committed while another relay publishes to the safety net', async () => {
    const [first, second] = [messageOf('one key', 1), messageOf('one key', 2)];
    const publishing = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow: Bus = {
      ...bus,
      publish: async (messages) => {
        publishing.resolve();
        await goOn.promise;
        await bus.publish(messages);
      },
    };
    await change(first);
    const other = relayOn(slow).runOnce();
    await publishing.promise;
    const { log } = keepLog();
    const relay = createOutboxRelay({ db, bus, log, intervalMs: 60_000 });
    relay.start();
    await change(second);
    relay.wake();
    goOn.resolve();
    await other;
    await waitUntil('both', () => unique(arrived).length === 2);
    await relay.stop();
    expect(unique(arrived)).to.deep.equal([first, second]);
  });

  it('is asked once for what one round carries, not again to find nothing', async () => {
    let transactions = 0;
    const counting = Object.assign(Object.create(db), {
      transaction: (work: Parameters<Database['transaction']>[0]) => {
        transactions += 1;
        return db.transaction(work);
      },
    }) as Database;
    const { log } = keepLog();
    const relay = createOutboxRelay({ db: counting, bus, log, intervalMs: 60_000 });
    await change(messageOf(newId()), messageOf(newId()));
    relay.start();
    await waitUntil('both', () => unique(arrived).length === 2);
    await waitUntil('an empty outbox', async () => (await outboxLag(db)).waiting === 0);
    await relay.stop();
    expect(transactions).to.equal(1);
  });

  it('does not skip a row that commits after rows with higher ids were published', async () => {
    const [early, late] = [messageOf(newId()), messageOf(newId())];
    const relay = relayOn(bus);
    const written = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const slow = db.transaction(async (tx) => {
      await enqueue(tx, early);
      written.resolve();
      await release.promise;
    });
    await written.promise;
    await change(late);
    await relay.drain();
    await waitUntil('the later row', () => unique(arrived).length === 1);
    release.resolve();
    await slow;
    await relay.drain();
    await waitUntil('the earlier row', () => unique(arrived).length === 2);
    expect(unique(arrived)).to.deep.equal([late, early]);
  });

  it('keeps the messages while the bus is away, publishes them when it is back', async function () {
    this.timeout(30_000);
    const key = newId();
    await change(messageOf(key, 1));
    await change(messageOf(key, 2));
    const away = createBusToNowhere();
    const { log, lines } = keepLog();
    const relay = relayOn(away, log);
    relay.start();
    await waitUntil('a failed round', () => lines.some(({ name }) => name === 'loop.round_failed'));
    await relay.stop();
    await away.close();
    expect((await outboxLag(db)).waiting).to.equal(2);
    await relayOn(bus).drain();
    await waitUntil('both', () => unique(arrived).length === 2);
    expect(firstsOf(key, arrived)).to.deep.equal([1, 2]);
  });

  it('sends a message again when the relay ended between the broker and the commit', async () => {
    const message = messageOf(newId());
    await change(message);
    const crashing: Bus = {
      ...bus,
      publish: async (messages) => {
        await bus.publish(messages);
        throw new Error('killed here');
      },
    };
    const ended = await relayOn(crashing)
      .runOnce()
      .catch((error: Error) => error.message);
    expect(ended).to.equal('killed here');
    await relayOn(bus).drain();
    await waitUntil('it twice', () => arrived.length >= 2);
    expect(unique(arrived)).to.deep.equal([message]);
  });

  it('carries more rows than one round takes', async () => {
    const key = newId();
    await change(...versions(2_500).map((n) => messageOf(key, n)));
    await relayOn(bus).drain();
    await waitUntil('all', () => unique(arrived).length === 2_500);
    expect(firstsOf(key, arrived)).to.deep.equal(versions(2_500));
  });
});

describe('the inbox', () => {
  let database: TestDatabase;
  let db: Database;
  before(async () => {
    database = await startTestDatabase();
    db = database.postgres.db;
  });
  after(() => database?.drop());

  const admit = (consumer: string, message: Message) =>
    db.transaction((tx) => admitOnce(tx, consumer, message));

  it('admits a message once for each consumer', async () => {
    const message = messageOf(newId());
    expect(await admit('one', message)).to.equal(true);
    expect(await admit('one', message)).to.equal(false);
    expect(await admit('two', message)).to.equal(true);
  });

  it('admits it again when the effect was rolled back', async () => {
    const message = messageOf(newId());
    const failed = db.transaction(async (tx) => {
      await admitOnce(tx, 'one', message);
      throw new Error('no effect');
    });
    expect(await failed.catch((error: Error) => error.message)).to.equal('no effect');
    expect(await admit('one', message)).to.equal(true);
  });

  it('admits one of many deliveries at once', async () => {
    const message = messageOf(newId());
    const answers = await Promise.all(Array.from({ length: 8 }, () => admit('one', message)));
    expect(answers.filter(Boolean)).to.have.length(1);
  });
});
