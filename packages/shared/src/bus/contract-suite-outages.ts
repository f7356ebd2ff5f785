import { expect } from 'chai';
import { monotonicMs } from '../clock.ts';
import type { Message } from '../contracts/contract.ts';
import { Fault } from '../errors.ts';
import { newId } from '../ids.ts';
import { waitUntil } from '../wait.ts';
import {
  type BusUnderTest,
  collect,
  firstsByKey,
  messageOf,
  publishSurely,
  series,
  unique,
  useBuses,
} from './contract-subject.ts';

/** The part of the contract about subscribers and brokers that come and go. */
export function describeBusOutages(getSubject: () => BusUnderTest): void {
  const { openBus } = useBuses(getSubject);

  it('loses nothing while subscribers of a group come and go', async function () {
    this.timeout(60_000);
    const bus = openBus();
    const keys = Array.from({ length: 10 }, newId);
    const received: Message[] = [];
    const join = () => collect(bus, (message) => void received.push(message));
    const first = join();
    await first.joined;
    const publishing = Promise.all(keys.map((key) => publishSurely(bus, series(key, 30))));
    const second = join();
    await second.joined;
    await first.stop();
    const third = join();
    await third.joined;
    await second.stop();
    await publishing;
    const expected = Array.from({ length: 30 }, (_, at) => at + 1);
    await waitUntil('all messages', () =>
      keys.every((key) => new Set(firstsByKey(received)[key]).size === 30),
    );
    expect(firstsByKey(received)).to.deep.equal(
      Object.fromEntries(keys.map((key) => [key, expected])),
    );
  });

  it('gives the messages of a subscriber that lost its partition to another, moves nothing by it', async function () {
    this.timeout(60_000);
    const [slowBus, quickBus] = [openBus(), openBus()];
    const keys = Array.from({ length: 12 }, newId);
    const release = Promise.withResolvers<void>();
    const stuck = new Set<string>();
    const slow = collect(slowBus, async ({ key }) => {
      stuck.add(key);
      await release.promise;
    });
    await slowBus.publish(keys.flatMap((key) => series(key, 3)));
    await waitUntil('the first message of each', () => stuck.size === keys.length);
    const quick = collect(quickBus);
    await waitUntil('the other to get what it has of them', () => quick.received.length >= 3, {
      limitMs: 40_000,
    });
    release.resolve();
    const everything = () => unique([...slow.received, ...quick.received]).length;
    await waitUntil('all messages', () => everything() === 3 * keys.length, { limitMs: 30_000 });
    const lost = firstsByKey(quick.received);
    const kept = firstsByKey(slow.received);
    for (const key of Object.keys(lost)) {
      expect(lost[key], key).to.deep.equal([1, 2, 3]);
      expect(kept[key], key).to.deep.equal([1]);
    }
    await quickBus.publish(keys.map((key) => messageOf(key, 4)));
    await waitUntil('a fourth of each', () => everything() === 4 * keys.length);
  });

  it('goes on with what it had too much of when the group gives its partitions out anew', async function () {
    this.timeout(60_000);
    const [bus, otherBus] = [openBus(), openBus()];
    const keys = Array.from({ length: 8 }, newId);
    const release = Promise.withResolvers<void>();
    const stuck = new Set<string>();
    const one = collect(bus, async ({ key }) => {
      stuck.add(key);
      await release.promise;
    });
    await one.joined;
    const numbers = Array.from({ length: 600 }, (_, at) => at + 1);
    await bus.publish(numbers.flatMap((n) => keys.map((key) => messageOf(key, n))));
    await waitUntil('each key to wait', () => stuck.size === keys.length);
    const other = collect(otherBus);
    await other.joined;
    release.resolve();
    const everything = () => unique([...one.received, ...other.received]).length;
    await waitUntil('all messages', () => everything() === 8 * 600, { limitMs: 30_000 });
  });

  it('works on after a time in which nothing was said and connections were dropped', async function () {
    this.timeout(60_000);
    const { broker } = getSubject();
    await broker.limitIdling(2_000);
    try {
      const bus = openBus();
      const { received } = collect(bus);
      await publishSurely(bus, [messageOf(newId())]);
      await waitUntil('the first message', () => received.length >= 1);
      const idleSince = monotonicMs();
      await waitUntil('the drop', () => monotonicMs() - idleSince > 4_000);
      const startedAt = monotonicMs();
      await publishSurely(bus, [messageOf(newId())]);
      await waitUntil('the second message', () => unique(received).length === 2);
      expect(monotonicMs() - startedAt).to.be.below(5_000);
      await bus.close();
    } finally {
      await broker.limitIdling();
    }
  });

  for (const downMs of [0, 15_000]) {
    it(`resumes within 10 s of the broker's return from ${downMs / 1_000} s of death, loses nothing it acknowledged`, async function () {
      this.timeout(90_000);
      const { broker } = getSubject();
      const [publisher, subscriber] = [openBus(), openBus()];
      const keys = Array.from({ length: 4 }, newId);
      const acknowledged: Message[] = [];
      const { received, joined } = collect(subscriber);
      await joined;
      let flowing = true;
      const flows = keys.map(async (key) => {
        for (let n = 1; flowing; n += 1) {
          const message = messageOf(key, n);
          await waitUntil(
            'the broker to take it',
            () => publisher.publish([message]).then(() => true),
            { limitMs: 60_000 },
          );
          acknowledged.push(message);
        }
      });
      await waitUntil('a flow', () => received.length > 100);
      await broker.kill();
      expect(await subscriber.ping().catch(() => 'away')).to.equal('away');
      const diedAt = monotonicMs();
      await waitUntil('the time', () => monotonicMs() - diedAt >= downMs, { limitMs: 20_000 });
      const before = received.length;
      await broker.start();
      const backAt = monotonicMs();
      await waitUntil('the flow again', () => received.length > before + 20, { limitMs: 30_000 });
      const resumedAfterMs = Math.round(monotonicMs() - backAt);
      flowing = false;
      await Promise.all(flows);
      const ids = new Set<string>();
      await waitUntil('all acknowledged', () => {
        for (const { id } of received) ids.add(id);
        return acknowledged.every(({ id }) => ids.has(id));
      });
      for (const [key, versions] of Object.entries(firstsByKey(received))) {
        expect(versions, key).to.deep.equal(versions.map((_, at) => at + 1));
      }
      expect(resumedAfterMs, 'resumed after').to.be.below(10_000);
    });
  }

  it('refuses to publish, with a retryable fault, while the broker is away', async function () {
    this.timeout(60_000);
    const { broker } = getSubject();
    const bus = openBus();
    await bus.publish([messageOf(newId())]);
    await broker.kill();
    try {
      const fault = await bus.publish([messageOf(newId())]).catch((error: unknown) => error);
      expect(fault).to.be.instanceOf(Fault).and.include({ retryable: true });
    } finally {
      await broker.start();
    }
    await publishSurely(bus, [messageOf(newId())]);
  });
}
