import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { Bus } from '@holdfast/shared/bus/bus.ts';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { bookingAuthorized, bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import { expect } from 'chai';
import { readCatalogConfig } from '../src/config.ts';
import { createSigner } from '../src/offer.ts';
import { createService } from '../src/service.ts';
import { createKeys } from '../src/stores/keys.ts';
import { bookingMessage, bookingOf, seatIds, startWorld, type World } from './world.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

function start(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function urlOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const logged = JSON.parse(line) as { event: string; url: string };
    if (logged.event === 'service.started') {
      child.stdout.resume();
      return logged.url;
    }
  }
  throw new Error('the process ended before it had started');
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the process', () => {
  it('lists every fault of its settings and exits with 2', async () => {
    const child = start({ PORT: 'x', MONGODB_URL: 'http://nowhere' });
    let said = '';
    child.stderr?.on('data', (bytes) => {
      said += bytes;
    });
    child.stdout?.resume();
    const [status] = await once(child, 'exit');
    expect(status).to.equal(2);
    for (const name of ['PORT', 'MONGODB_URL', 'KAFKA_BROKERS', 'AUTH_URL']) {
      expect(said).to.include(name);
    }
  });

  it('runs without its stores: alive, not ready, 503 for requests, and ends on SIGTERM', async function () {
    this.timeout(30_000);
    const port = await unusedPort();
    const child = start({
      PORT: '0',
      MONGODB_URL: `mongodb://127.0.0.1:${port}/?directConnection=true`,
      KAFKA_BROKERS: `127.0.0.1:${port}`,
      AUTH_URL: `http://127.0.0.1:${port}`,
    });
    child.stderr?.resume();
    const url = await urlOf(child);
    const statusOf = async (path: string) => (await fetch(url + path)).status;
    expect(await statusOf('/livez')).to.equal(200);
    expect(await statusOf('/readyz')).to.equal(503);
    const answer = await fetch(`${url}/api/events`);
    expect([answer.status, answer.headers.get('retry-after')]).to.deep.equal([503, '1']);
    expect(((await answer.json()) as { code: string }).code).to.equal('store_unavailable');
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
});

describe('two instances that start together', () => {
  it('share one key for offers, one set of indexes, and the work', async function () {
    this.timeout(30_000);
    const one = await startWorld();
    const more = await Promise.all(
      [1, 2].map(() => createService(readCatalogConfig(one.environment))),
    );
    try {
      await Promise.all(more.map((instance) => instance.ready));
      const keys = await Promise.all(
        [one.catalog, ...more].map(async ({ url }) =>
          (await fetch(`${url}/.well-known/jwks.json`)).json(),
        ),
      );
      expect(keys[1]).to.deep.equal(keys[0]);
      expect(keys[2]).to.deep.equal(keys[0]);
      expect(JSON.stringify(keys[0])).to.not.include('"d"');
    } finally {
      for (const instance of more) await instance.stop();
      await one.stop();
    }
  });

  it('agree on the key when none is there yet', async () => {
    const world = await startWorld();
    try {
      await world.db.collection<{ _id: string }>('signing_keys').deleteMany({});
      const signers = Array.from({ length: 5 }, () => createSigner(createKeys(world.db)));
      const sets = await Promise.all(signers.map((signer) => signer.jwks()));
      for (const set of sets) expect(set).to.deep.equal(sets[0]);
    } finally {
      await world.stop();
    }
  });
});

describe('the saga over Kafka', () => {
  let world: World;
  let bus: Bus;
  const received: Message[] = [];
  before(async function () {
    this.timeout(30_000);
    world = await startWorld();
    bus = createKafkaBus({
      brokers: world.environment.KAFKA_BROKERS,
      clientId: 'test',
      topicPrefix: world.environment.TOPIC_PREFIX,
      log: createLogger('test', 'silent'),
    });
    const subscription = bus.subscribe({
      group: 'test',
      topics: ['catalog.holds', 'catalog.events'],
      onMessage: async (message) => {
        received.push(message);
      },
    });
    await subscription.joined;
  });
  after(async () => {
    await bus.close();
    await world.stop();
  });

  it('takes, pins and sells by messages alone, and tells of each change in order', async function () {
    this.timeout(30_000);
    const eventId = await world.event(2);
    const { body } = await world.take(await world.user(), eventId, seatIds(2));
    const hold = await world.hold(body.hold.holdId);
    const booking = bookingOf(hold, newId());
    const told = () => received.filter((message) => message.key === hold._id);
    await bus.publish([bookingMessage(bookingAuthorized, booking)]);
    await waitUntil('the pin', () => told().some((one) => one.type === 'hold.pinned.v1'));
    await bus.publish([
      bookingMessage(bookingConfirmed, booking),
      bookingMessage(bookingConfirmed, booking),
    ]);
    await waitUntil('the sale', () => told().some((one) => one.type === 'hold.confirmed.v1'));
    expect((await world.seats(eventId)).map((seat) => seat.status)).to.deep.equal(['sold', 'sold']);
    expect([...new Map(told().map((one) => [one.id, one.type])).values()]).to.deep.equal([
      'hold.taken.v1',
      'hold.pinned.v1',
      'hold.confirmed.v1',
    ]);
    expect(told().map((one) => one.version)).to.deep.equal(
      told()
        .map((one) => one.version)
        .toSorted((a, b) => a - b),
    );
    expect(received.filter((one) => one.key === eventId).map((one) => one.type)).to.deep.equal([
      'event.created.v1',
    ]);
  });

  it('counts holds, seats and commands in its metrics', async () => {
    await waitUntil('the outbox to be cleared', async () =>
      (await world.holds()).every(({ outbox }) => outbox.length === 0),
    );
    const text = await (await fetch(`${world.catalog.url}/metrics`)).text();
    for (const line of [
      'holdfast_holds_total{outcome="taken",service="catalog"} 1',
      'holdfast_seats_held_total{service="catalog"} 2',
      'holdfast_seats_sold_total{service="catalog"} 2',
      'holdfast_pin_commands_total{command="pin",outcome="pinned",service="catalog"} 1',
      'holdfast_outbox_waiting{service="catalog"} 0',
    ]) {
      expect(text).to.include(line);
    }
    expect(text).to.match(/holdfast_hold_seconds_count\{.*outcome="taken"\} 1/);
  });
});
