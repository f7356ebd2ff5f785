import { expect } from 'chai';
import { type Collection, type Document, MongoClient } from 'mongodb';
import type { Bus } from '../src/bus/bus.ts';
import type { Message } from '../src/contracts/contract.ts';
import { newId } from '../src/ids.ts';
import {
  countWaiting,
  createDocumentRelay,
  outboxIndex,
  type WithOutbox,
} from '../src/outbox/mongo.ts';
import { waitUntil } from '../src/wait.ts';
import {
  countSent,
  createBusToNowhere,
  firstsOf,
  messageOf,
  startTestBus,
  unique,
} from './test-bus.ts';
import { stores } from './test-database.ts';
import { keepLog } from './test-service.ts';

const HOUR_MS = 3_600_000;

describe('the outbox in documents', () => {
  let client: MongoClient;
  let holds: Collection<Document & WithOutbox>;
  let testBus: Awaited<ReturnType<typeof startTestBus>>;
  let bus: Bus;
  let arrived: Message[];

  before(async () => {
    client = new MongoClient(stores.MONGODB_URL);
    holds = client
      .db(`shared_${newId().slice(-12)}`)
      .collection('holds', { writeConcern: { w: 'majority', j: true } });
    await holds.createIndex(outboxIndex);
    testBus = await startTestBus();
    ({ bus, arrived } = testBus);
  });
  after(async () => {
    await testBus?.stop();
    await client?.db(holds.dbName).dropDatabase();
    await client?.close();
  });
  beforeEach(() => {
    arrived.length = 0;
  });

  const relayOn = (target: Bus, log = keepLog().log, intervalMs = 20) =>
    createDocumentRelay({ collection: holds, bus: target, log, intervalMs });
  const insert = async () => {
    const _id = newId();
    await holds.insertOne({ _id, state: 'new', outbox: [] });
    return _id;
  };
  /** A change and its message in one write; the document as it left it. */
  const change = async (_id: string, n: number) => {
    const update = { $set: { state: `state ${n}` }, $push: { outbox: messageOf(_id, n) } };
    const after = await holds.findOneAndUpdate({ _id }, update as Document, {
      returnDocument: 'after',
    });
    return after as WithOutbox;
  };
  const versions = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

  it('publishes what a change wrote with itself, and takes it out of the document', async () => {
    const _id = await insert();
    await change(_id, 1);
    await change(_id, 2);
    expect(await countWaiting(holds)).to.equal(2);
    await relayOn(bus).drain();
    await waitUntil('both', () => unique(arrived).length === 2);
    expect(firstsOf(_id, arrived)).to.deep.equal([1, 2]);
    expect(await countWaiting(holds)).to.equal(0);
    expect(await holds.findOne({ _id })).to.deep.equal({ _id, state: 'state 2', outbox: [] });
  });

  it('has no message of a change whose filter did not match', async () => {
    const _id = await insert();
    const { matchedCount } = await holds.updateOne({ _id, state: 'other' }, {
      $set: { state: 'x' },
      $push: { outbox: messageOf(_id) },
    } as Document);
    expect(matchedCount).to.equal(0);
    expect(await countWaiting(holds)).to.equal(0);
  });

  it('sends a message again, with the same id, when the relay ended before the pull', async () => {
    const _id = await insert();
    await change(_id, 1);
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
    expect(unique(arrived)).to.have.length(1);
  });

  it('keeps a message that was added while the others were being published', async () => {
    const _id = await insert();
    await change(_id, 1);
    let changed = false;
    const busy: Bus = {
      ...bus,
      publish: async (messages) => {
        await bus.publish(messages);
        if (!changed) await change(_id, 2);
        changed = true;
      },
    };
    const relay = relayOn(busy);
    expect(await relay.runOnce()).to.equal(1);
    expect(await countWaiting(holds)).to.equal(1);
    await relay.drain();
    await waitUntil('both', () => firstsOf(_id, arrived).length === 2);
    expect(firstsOf(_id, arrived)).to.deep.equal([1, 2]);
  });

  it('publishes what it is sent without looking for it, and looks when it is woken', async () => {
    const [sent, other] = [await insert(), await insert()];
    const relay = relayOn(bus, undefined, HOUR_MS);
    expect(await relay.runOnce()).to.equal(0);
    await change(other, 1);
    relay.send(await change(sent, 1));
    expect(await relay.runOnce()).to.equal(1);
    await waitUntil('its document to be cleared', async () => (await countWaiting(holds)) === 1);
    relay.send(await change(sent, 2));
    relay.wake();
    expect([await relay.runOnce(), await countWaiting(holds)]).to.deep.equal([2, 0]);
    await waitUntil('all', () => arrived.length === 3);
    expect(firstsOf(sent, arrived)).to.deep.equal([1, 2]);
  });

  it('finds what nobody sent it, however often it is sent something else', async () => {
    const [sent, other] = [await insert(), await insert()];
    const counted = countSent(bus);
    const relay = relayOn(counted);
    expect(await relay.runOnce()).to.equal(0);
    await change(other, 1);
    for (let n = 1; firstsOf(other, arrived).length === 0 && n < 500; n += 1) {
      relay.send(await change(sent, n));
      await relay.runOnce();
    }
    expect(firstsOf(other, arrived)).to.deep.equal([1]);
    await relay.drain();
    await waitUntil('every copy', () => arrived.length >= counted.sent());
  });

  it('publishes once what it is sent and finds before its document was cleared', async () => {
    const _id = await insert();
    const counted = countSent(bus);
    const relay = relayOn(counted);
    expect(await relay.runOnce()).to.equal(0);
    relay.send(await change(_id, 1));
    relay.send(await change(_id, 2));
    await relay.drain();
    expect([counted.sent(), await countWaiting(holds)]).to.deep.equal([2, 0]);
    await waitUntil('both', () => arrived.length === 2);
    expect(firstsOf(_id, arrived)).to.deep.equal([1, 2]);
  });

  it('publishes once what is sent again, with more, as it was before it was cleared', async () => {
    const _id = await insert();
    const counted = countSent(bus);
    const relay = relayOn(counted, undefined, HOUR_MS);
    expect(await relay.runOnce()).to.equal(0);
    relay.send(await change(_id, 1));
    expect(await relay.runOnce()).to.equal(1);
    const both = await change(_id, 2);
    await waitUntil('the first to be cleared', async () => (await countWaiting(holds)) === 1);
    relay.send(both);
    expect(await relay.runOnce()).to.equal(1);
    await waitUntil('both', () => arrived.length === 2);
    expect([counted.sent(), firstsOf(_id, arrived)]).to.deep.equal([2, [1, 2]]);
    await relay.stop();
  });

  it('publishes again what a document carries again under the same id', async () => {
    const _id = await insert();
    const counted = countSent(bus);
    const relay = relayOn(counted, undefined, HOUR_MS);
    relay.start();
    const [message] = (await change(_id, 1)).outbox;
    relay.send({ _id, outbox: message ? [message] : [] });
    await waitUntil('it to be cleared', async () => (await countWaiting(holds)) === 0);
    await holds.updateOne({ _id }, { $push: { outbox: message } } as Document);
    relay.wake();
    await waitUntil('it again', () => counted.sent() === 2 && arrived.length === 2);
    await relay.stop();
    expect(await countWaiting(holds)).to.equal(0);
  });

  it('leaves no published message behind when it is stopped', async () => {
    const _id = await insert();
    const relay = relayOn(bus, undefined, HOUR_MS);
    expect(await relay.runOnce()).to.equal(0);
    relay.send(await change(_id, 1));
    await relay.runOnce();
    await relay.stop();
    expect(await countWaiting(holds)).to.equal(0);
    await waitUntil('it', () => arrived.length === 1);
  });

  it('finds again what it was sent while the bus was away', async () => {
    const _id = await insert();
    let isAway = true;
    const returning: Bus = {
      ...bus,
      publish: async (messages) => {
        if (isAway) throw new Error('away');
        await bus.publish(messages);
      },
    };
    const { log, lines } = keepLog();
    const relay = relayOn(returning, log, HOUR_MS);
    expect(await relay.runOnce()).to.equal(0);
    relay.start();
    relay.send(await change(_id, 1));
    await waitUntil('a failed round', () => lines.some(({ name }) => name === 'loop.round_failed'));
    isAway = false;
    await waitUntil('it', () => unique(arrived).length === 1);
    await relay.stop();
    expect(await countWaiting(holds)).to.equal(0);
  });

  it('lets two relays work at once: each document in order, nothing lost', async () => {
    const ids = await Promise.all(versions(10).map(insert));
    const counted = countSent(bus);
    const relays = [relayOn(counted), relayOn(counted)];
    for (const relay of relays) relay.start();
    await Promise.all(
      ids.map(async (_id) => {
        for (const n of versions(12)) {
          // As two processes do that change a document in turn, each telling its own relay.
          const relay = relays[n % 2];
          const after = await change(_id, n);
          if (n % 3 === 0) relay?.wake();
          else relay?.send(after);
        }
      }),
    );
    await waitUntil('all', () => ids.every((_id) => firstsOf(_id, arrived).length === 12));
    await Promise.all(relays.map((relay) => relay.stop()));
    for (const _id of ids) expect(firstsOf(_id, arrived)).to.deep.equal(versions(12));
    await relays[0]?.drain();
    expect(await countWaiting(holds)).to.equal(0);
    // Repeats must not come in the middle of the next test.
    await waitUntil('every copy', () => arrived.length >= counted.sent());
  });

  it('keeps the messages while the bus is away, publishes them when it is back', async function () {
    this.timeout(30_000);
    const _id = await insert();
    await change(_id, 1);
    const away = createBusToNowhere();
    const { log, lines } = keepLog();
    const relay = relayOn(away, log);
    relay.start();
    await waitUntil('a failed round', () => lines.some(({ name }) => name === 'loop.round_failed'));
    await relay.stop();
    await away.close();
    expect(await countWaiting(holds)).to.equal(1);
    await relayOn(bus).drain();
    await waitUntil('it', () => unique(arrived).length === 1);
    expect(firstsOf(_id, arrived)).to.deep.equal([1]);
  });

  it('works through more documents than one round takes', async () => {
    const ids = Array.from({ length: 1_200 }, newId);
    await holds.insertMany(ids.map((_id) => ({ _id, outbox: [messageOf(_id)] })));
    await relayOn(bus).drain();
    await waitUntil('all', () => new Set(arrived.map(({ key }) => key)).size === 1_200);
    expect(await countWaiting(holds)).to.equal(0);
  });
});
