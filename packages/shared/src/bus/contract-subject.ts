import { systemClock } from '../clock.ts';
import { type Message, newMessage } from '../contracts/contract.ts';
import { type HoldChange, holdTaken } from '../contracts/holds.ts';
import { newId } from '../ids.ts';
import { systemOrigin } from '../origin.ts';
import { waitUntil } from '../wait.ts';
import type { Bus } from './bus.ts';

export const GROUP = 'suite';

/** What the suite needs of an adapter and its broker. All names begin with `prefix`. */
export type BusUnderTest = {
  createBus(prefix: string): Bus;
  /** Ends the broker by SIGKILL, and starts it again on the same data; `start` resolves when it answers. */
  broker: {
    kill(): Promise<void>;
    start(): Promise<void>;
    /** Restarts it so that it drops connections on which nothing is said for `idleMs`. */
    limitIdling(idleMs?: number): Promise<void>;
  };
  /** Subscribes in a process of its own, whose handler never ends; `kill` is SIGKILL. */
  startStuckProcess(
    prefix: string,
    group: string,
  ): Promise<{ received: Promise<string>; kill(): Promise<void> }>;
  deadLetters(prefix: string): Promise<{ id: string; reason: string; group: string }[]>;
};

/** Message number `n` of an aggregate; the number travels as the aggregate's version. */
export function messageOf(key: string, n = 1): Message<HoldChange> {
  return newMessage(holdTaken, {
    key,
    version: n,
    time: systemClock.now(),
    origin: systemOrigin('suite', 'suite'),
    data: { ...holdTaken.example, reason: 'Łódź – 東京 🎫' },
  });
}

export function series(key: string, count: number): Message[] {
  return Array.from({ length: count }, (_, at) => messageOf(key, at + 1));
}

/** Sends one by one, each again until it is acknowledged, as an outbox relay does. */
export async function publishSurely(bus: Bus, messages: readonly Message[]): Promise<void> {
  for (const message of messages) {
    await waitUntil(`message ${message.version} to be taken`, async () => {
      await bus.publish([message]);
      return true;
    });
  }
}

/** Without repeats: delivery is at least once, and a broker may store a message twice. */
export function unique(received: readonly Message[]): Message[] {
  return [...new Map(received.map((message) => [message.id, message])).values()];
}

/** The first arrivals of each key, as versions. */
export function firstsByKey(received: readonly Message[]): Record<string, number[]> {
  const firsts: Record<string, number[]> = {};
  for (const { key, version } of received) {
    firsts[key] ??= [];
    const seen = firsts[key];
    if (!seen.includes(version)) seen.push(version);
  }
  return firsts;
}

/** Collects what a subscriber of the group gets; `onMessage` may hold or refuse it first. */
export function collect(
  bus: Bus,
  onMessage: (message: Message) => Promise<void> | void = () => undefined,
  { group = GROUP, attempts = 5, from }: { group?: string; attempts?: number; from?: 'now' } = {},
) {
  const received: Message[] = [];
  const subscription = bus.subscribe({
    group,
    topics: ['catalog.holds'],
    attempts,
    ...(from && { from }),
    onMessage: async (message) => {
      await onMessage(message);
      received.push(message);
    },
  });
  return { received, ...subscription };
}

/** A prefix and buses of its own for each test of a `describe`; closed after it. */
export function useBuses(getSubject: () => BusUnderTest) {
  let prefix = '';
  let buses: Bus[] = [];
  beforeEach(() => {
    prefix = `suite-${newId().slice(-12)}.`;
    buses = [];
  });
  afterEach(() => Promise.all(buses.map((bus) => bus.close())));
  return {
    prefix: () => prefix,
    openBus() {
      const bus = getSubject().createBus(prefix);
      buses.push(bus);
      return bus;
    },
  };
}
