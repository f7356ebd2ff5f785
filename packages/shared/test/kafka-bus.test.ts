import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { CloudEvent, Kafka as CloudEventsKafka, type KafkaMessage } from 'cloudevents';
import { Kafka, logLevel } from 'kafkajs';
import { DEAD_LETTER_SUFFIX } from '../src/bus/bus.ts';
import type { BusUnderTest } from '../src/bus/contract-subject.ts';
import { describeBusContract } from '../src/bus/contract-suite.ts';
import { fromRecord, toRecord } from '../src/bus/envelope.ts';
import { createKafkaBus } from '../src/bus/kafka.ts';
import { CONTRACTS } from '../src/contracts/all.ts';
import { type Message, newMessage, TOPICS } from '../src/contracts/contract.ts';
import { newId } from '../src/ids.ts';
import { waitUntil } from '../src/wait.ts';
import { startOwnBroker } from './own-broker.ts';
import { keepLog } from './test-service.ts';

/** Every record of a topic, read from its beginning by a group of its own. */
async function readTopic(kafka: Kafka, topic: string) {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const expected = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const records: { id: string; reason: string; group: string }[] = [];
  if (expected === 0) return records;
  const consumer = kafka.consumer({ groupId: `read-${newId()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { headers } }) => {
      const text = (name: string) => String(headers?.[name] ?? '');
      records.push({
        id: text('ce_id'),
        reason: text('dead-letter-reason'),
        group: text('dead-letter-group'),
      });
    },
  });
  await waitUntil('the records', () => records.length >= expected);
  await consumer.disconnect();
  return records;
}

async function startStuckProcess(brokers: string, prefix: string, group: string) {
  const script = new URL('stuck-subscriber.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, brokers, prefix, group], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout });
  return {
    received: once(lines, 'line').then(([line]) => String(line)),
    async kill() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

describe('the bus on Kafka', () => {
  let broker: Awaited<ReturnType<typeof startOwnBroker>>;
  let subject: BusUnderTest;
  let kafka: Kafka;

  before(async function () {
    this.timeout(120_000);
    broker = await startOwnBroker();
    const { brokers } = broker;
    kafka = new Kafka({ clientId: 'test', brokers: [brokers], logLevel: logLevel.NOTHING });
    subject = {
      broker,
      createBus: (topicPrefix) =>
        createKafkaBus({ brokers, topicPrefix, clientId: 'suite', log: keepLog().log }),
      startStuckProcess: (prefix, group) => startStuckProcess(brokers, prefix, group),
      deadLetters: (prefix) => readTopic(kafka, `${prefix}catalog.holds${DEAD_LETTER_SUFFIX}`),
    };
  });
  after(async function () {
    this.timeout(30_000);
    await broker?.stop();
  });

  describeBusContract(() => subject);

  it('puts a record that nobody can read aside, and goes on with the next', async () => {
    const prefix = `suite-${newId().slice(-12)}.`;
    const bus = subject.createBus(prefix);
    const [first] = CONTRACTS;
    if (!first) throw new Error('There are no contracts');
    const message = exampleMessage(first);
    await bus.ping();
    const producer = kafka.producer();
    await producer.connect();
    const topic = prefix + message.topic;
    await producer.send({ topic, messages: [{ key: message.key, value: 'no JSON' }] });
    await producer.disconnect();
    const received: Message[] = [];
    bus.subscribe({
      group: 'suite',
      topics: [message.topic],
      onMessage: async (one) => void received.push(one),
    });
    await bus.publish([message]);
    await waitUntil('the good one', () => received.length === 1);
    const [parked] = await readTopic(kafka, topic + DEAD_LETTER_SUFFIX);
    expect(parked?.reason).to.match(/A record can not be read: the value is not JSON/);
    await bus.close();
  });

  it('lets several instances create the topics at once', async () => {
    const prefix = `suite-${newId().slice(-12)}.`;
    const buses = Array.from({ length: 4 }, () => subject.createBus(prefix));
    await Promise.all(buses.map((bus) => bus.ping()));
    const admin = kafka.admin();
    await admin.connect();
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    await admin.disconnect();
    const wanted = TOPICS.flatMap((topic) => [topic, topic + DEAD_LETTER_SUFFIX]);
    expect(topics).to.have.members(wanted.map((topic) => prefix + topic));
    await Promise.all(buses.map((bus) => bus.close()));
  });

  it('takes no message once it is closed, and opens no connection any more', async () => {
    const bus = subject.createBus(`suite-${newId().slice(-12)}.`);
    const [contract] = CONTRACTS;
    if (!contract) throw new Error('There are no contracts');
    await bus.close();
    const refusals = await Promise.allSettled([
      bus.publish([exampleMessage(contract)]),
      bus.ping(),
    ]);
    expect(refusals.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
  });

  it('stops within a few seconds while the broker is away', async function () {
    this.timeout(60_000);
    const bus = subject.createBus(`suite-${newId().slice(-12)}.`);
    const subscription = bus.subscribe({
      group: 'suite',
      topics: ['catalog.holds'],
      onMessage: async () => undefined,
    });
    await subscription.joined;
    await broker.kill();
    const startedAt = performance.now();
    await bus.close();
    expect(performance.now() - startedAt).to.be.below(8_000);
    await broker.start();
  });
});

function exampleMessage(contract: (typeof CONTRACTS)[number]): Message {
  return newMessage(contract, {
    key: newId(),
    version: 3,
    time: new Date('2027-01-02T03:04:05.678Z'),
    origin: { actor: 'user:u-1', requestId: 'r-1', correlationId: 'c-1' },
    data: contract.example,
  });
}

describe('the form of a record', () => {
  const roundTrips = CONTRACTS.map((contract) => ({ contract, message: exampleMessage(contract) }));

  for (const { contract, message } of roundTrips) {
    it(`reads ${contract.type} back as it was written`, () => {
      const { key, value, headers } = toRecord(message);
      const read = fromRecord(message.topic, {
        key: Buffer.from(key),
        value: Buffer.from(value),
        headers,
      });
      expect(read).to.deep.equal(message);
    });
  }

  it('is a CloudEvent in binary mode, as the CloudEvents library reads it', () => {
    for (const { message } of roundTrips) {
      const { key, value, headers } = toRecord(message);
      const record: KafkaMessage<string> = { key, value, headers, body: value, timestamp: '0' };
      const event = CloudEventsKafka.toEvent<object>(record);
      if (!(event instanceof CloudEvent)) throw new Error('One record is one event');
      expect(event.validate()).to.equal(true);
      expect(event).to.include({
        specversion: '1.0',
        id: message.id,
        type: message.type,
        source: `/holdfast/${message.topic.split('.')[0]}`,
        subject: message.key,
        time: message.time,
        datacontenttype: 'application/json; charset=utf-8',
        aggregateversion: '3',
        actor: 'user:u-1',
        requestid: 'r-1',
        correlationid: 'c-1',
      });
      expect(event.data).to.deep.equal(message.data);
    }
  });

  it('refuses records without key, value, id, or with data that is no object', () => {
    const { message } = roundTrips[0] as (typeof roundTrips)[number];
    const good = toRecord(message);
    const record = { key: Buffer.from('k'), value: Buffer.from('{}'), headers: good.headers };
    const { ce_id: _id, ...withoutId } = good.headers;
    const broken = [
      { ...record, key: null },
      { ...record, value: null },
      { ...record, value: Buffer.from('[') },
      { ...record, value: Buffer.from('"text"') },
      { ...record, headers: withoutId },
      { ...record, headers: { ...good.headers, ce_id: ['a', 'b'] } },
      { ...record, headers: { ...good.headers, ce_aggregateversion: 'x' } },
    ];
    for (const one of broken) {
      expect(() => fromRecord(message.topic, one)).to.throw('A record can not be read');
    }
    expect(() => fromRecord('other.topic', record)).to.throw('other.topic is not one of');
  });
});
