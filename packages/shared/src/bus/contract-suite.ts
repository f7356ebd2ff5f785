import { expect } from 'chai';
import { monotonicMs, systemClock } from '../clock.ts';
import { type BookingState, bookingPlaced } from '../contracts/bookings.ts';
import { type Message, newMessage } from '../contracts/contract.ts';
import { Fault } from '../errors.ts';
import { newId } from '../ids.ts';
import { systemOrigin } from '../origin.ts';
import { waitUntil } from '../wait.ts';
import {
  type BusUnderTest,
  collect,
  firstsByKey,
  GROUP,
  messageOf,
  series,
  unique,
  useBuses,
} from './contract-subject.ts';
import { describeBusOutages } from './contract-suite-outages.ts';

const retryable = () => new Fault('not_now', 'Not now', { retryable: true });

/** Any adapter of the bus must pass this. Declares the tests; call it inside a `describe`. */
export function describeBusContract(getSubject: () => BusUnderTest): void {
  describe('delivers', () => describeDelivery(getSubject));
  describe('survives', () => describeBusOutages(getSubject));
}

function describeDelivery(getSubject: () => BusUnderTest): void {
  const { openBus, prefix } = useBuses(getSubject);

  it('delivers a message as it was published, to each group', async () => {
    const bus = openBus();
    const message = messageOf(newId(), 7);
    await bus.publish([message]);
    const [one, other] = [collect(bus), collect(bus, undefined, { group: 'other' })];
    await waitUntil('both groups', () => one.received.length > 0 && other.received.length > 0);
    expect(unique(one.received)).to.deep.equal([message]);
    expect(unique(other.received)).to.deep.equal([message]);
  });

  it('gives a group only the topics it asked for', async () => {
    const bus = openBus();
    const booking = newMessage<BookingState>(bookingPlaced, {
      key: newId(),
      version: 1,
      time: systemClock.now(),
      origin: systemOrigin('suite', 'suite'),
      data: bookingPlaced.example,
    });
    const hold = messageOf(newId());
    await bus.publish([booking, hold]);
    const holds = collect(bus);
    await waitUntil('the hold', () => holds.received.length > 0);
    expect(unique(holds.received)).to.deep.equal([hold]);
  });

  it('gives a group that begins now what is published from then on, nothing older', async () => {
    const bus = openBus();
    const older = series(newId(), 20);
    await bus.publish(older);
    const { received, joined } = collect(bus, undefined, { from: 'now' });
    await joined;
    // Where "now" lies is settled a moment after joining.
    const key = newId();
    let version = 0;
    await waitUntil('a message', async () => {
      version += 1;
      await bus.publish([messageOf(key, version)]);
      return received.length > 0;
    });
    await bus.publish([messageOf(key, version + 1)]);
    await waitUntil('the last', () => received.some((one) => one.version === version + 1));
    const versions = firstsByKey(received);
    expect(Object.keys(versions)).to.deep.equal([key]);
    const first = versions[key]?.[0] ?? 0;
    expect(versions[key]).to.deep.equal(
      Array.from({ length: version + 2 - first }, (_, at) => first + at),
    );
  });

  it('keeps the order of each key', async () => {
    const bus = openBus();
    const keys = Array.from({ length: 8 }, newId);
    const { received } = collect(bus);
    await Promise.all(
      keys.map(async (key) => {
        const messages = series(key, 40);
        await bus.publish(messages.slice(0, 20));
        await bus.publish(messages.slice(20));
      }),
    );
    await waitUntil('all messages', () => unique(received).length === 320);
    const inOrder = Array.from({ length: 40 }, (_, at) => at + 1);
    expect(firstsByKey(received)).to.deep.equal(
      Object.fromEntries(keys.map((key) => [key, inOrder])),
    );
  });

  it('gives different keys in parallel, messages of one key one at a time', async () => {
    const bus = openBus();
    const keys = Array.from({ length: 8 }, newId);
    await bus.publish(keys.flatMap((key) => series(key, 3)));
    const atWork = new Set<string>();
    const all = Promise.withResolvers<void>();
    const overlaps: string[] = [];
    const { received } = collect(bus, async ({ key }) => {
      if (atWork.has(key)) overlaps.push(key);
      atWork.add(key);
      if (atWork.size === keys.length) all.resolve();
      await all.promise;
      atWork.delete(key);
    });
    await waitUntil('all messages', () => unique(received).length === 24);
    expect(overlaps).to.deep.equal([]);
  });

  it('delivers again what a crashed subscriber had not finished', async () => {
    const bus = openBus();
    const message = messageOf(newId());
    await bus.publish([message]);
    const crashing = await getSubject().startStuckProcess(prefix(), GROUP);
    expect(await crashing.received).to.equal(message.id);
    await crashing.kill();
    const { received } = collect(bus);
    await waitUntil('the message again', () => received.length > 0);
    expect(unique(received)).to.deep.equal([message]);
  });

  it('tries a message without end on a retryable fault, in order, and lets other partitions go on', async () => {
    const bus = openBus();
    const stuck = newId();
    const others = Array.from({ length: 30 }, newId);
    let failing = true;
    let tries = 0;
    const { received } = collect(
      bus,
      ({ key, version }) => {
        if (key !== stuck || version > 1 || !failing) return;
        tries += 1;
        throw retryable();
      },
      { attempts: 2 },
    );
    await bus.publish(series(stuck, 3));
    await waitUntil('several tries', () => tries >= 6);
    const startedAt = monotonicMs();
    await bus.publish(others.map((key) => messageOf(key)));
    // Thirty keys are on every partition but, for each, with a chance of less than one in a
    // hundred; most of them therefore are not on the stuck one.
    await waitUntil('most of the others', () => unique(received).length >= 15);
    expect(monotonicMs() - startedAt).to.be.below(5_000);
    expect(received.map(({ key }) => key)).not.to.include(stuck);
    failing = false;
    await waitUntil('all messages', () => unique(received).length === 33);
    expect(firstsByKey(received)[stuck]).to.deep.equal([1, 2, 3]);
    expect(await getSubject().deadLetters(prefix())).to.deep.equal([]);
  });

  it('does not give the keys around a failing one again at each try', async () => {
    const bus = openBus();
    const stuck = newId();
    const given: string[] = [];
    let tries = 0;
    // The topics are warm, so that the broker stores each once.
    await bus.publish(Array.from({ length: 60 }, () => messageOf(newId())));
    const others = Array.from({ length: 60 }, () => messageOf(newId()));
    await bus.publish([messageOf(stuck), ...others]);
    const { received } = collect(bus, ({ key, id }) => {
      if (key !== stuck) given.push(id);
      else if (++tries < 5) throw retryable();
    });
    await waitUntil('the stuck one', () => received.some(({ key }) => key === stuck));
    const repeated = others.filter(({ id }) => given.filter((one) => one === id).length !== 1);
    expect(repeated).to.deep.equal([]);
  });

  it('puts a poisonous message aside with its reason; the ones behind it go on', async () => {
    const bus = openBus();
    const key = newId();
    const [first, poison, bug, last] = series(key, 4) as [Message, Message, Message, Message];
    const tries = new Map<string, number>();
    const { received } = collect(
      bus,
      ({ id }) => {
        tries.set(id, (tries.get(id) ?? 0) + 1);
        if (id === poison.id) throw new Fault('broken', 'It is broken', { retryable: false });
        if (id === bug.id) throw new TypeError('x is undefined');
      },
      { attempts: 3 },
    );
    await bus.publish([first]);
    await bus.publish([poison, bug, last]);
    await waitUntil('the last message', () => unique(received).length === 2);
    expect(unique(received)).to.deep.equal([first, last]);
    expect(tries.get(poison.id)).to.equal(1);
    expect(tries.get(bug.id)).to.equal(3);
    expect(await getSubject().deadLetters(prefix())).to.deep.equal([
      { id: poison.id, reason: 'It is broken', group: GROUP },
      { id: bug.id, reason: 'x is undefined', group: GROUP },
    ]);
  });

  it('finishes the messages at work when it stops, commits them, and begins no other', async () => {
    const bus = openBus();
    const key = newId();
    const release = Promise.withResolvers<void>();
    let atWork = 0;
    const stopping = collect(bus, async () => {
      atWork += 1;
      await release.promise;
    });
    await bus.publish(series(key, 3));
    await waitUntil('the first message', () => atWork === 1);
    const stopped = stopping.stop();
    release.resolve();
    await stopped;
    expect(stopping.received.map(({ version }) => version)).to.deep.equal([1]);
    const next = collect(bus);
    await waitUntil('the rest', () => next.received.some(({ version }) => version === 3));
    expect(next.received[0]?.version).to.equal(2);
  });
}
