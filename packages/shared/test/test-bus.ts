import type { Bus } from '../src/bus/bus.ts';
import { dropTopics } from '../src/bus/drop-topics.ts';
import { createKafkaBus } from '../src/bus/kafka.ts';
import { type Message, newMessage } from '../src/contracts/contract.ts';
import { holdTaken } from '../src/contracts/holds.ts';
import { newId } from '../src/ids.ts';
import { origin, stores } from './test-database.ts';
import { keepLog } from './test-service.ts';

/** Message number `n` of an aggregate. */
export function messageOf(key: string, n = 1): Message {
  return newMessage(holdTaken, {
    key,
    version: n,
    time: new Date(),
    origin,
    data: holdTaken.example,
  });
}

/** A bus on the broker of this run under topics of its own, and what arrives on it. */
export async function startTestBus() {
  const topicPrefix = `shared-${newId().slice(-12)}.`;
  const options = { brokers: stores.KAFKA_BROKERS, clientId: 'test', topicPrefix };
  const bus = createKafkaBus({ ...options, log: keepLog().log });
  const arrived: Message[] = [];
  const { joined } = bus.subscribe({
    group: 'test',
    topics: ['catalog.holds'],
    onMessage: async (message) => void arrived.push(message),
  });
  await joined;
  return {
    bus,
    arrived,
    async stop() {
      await bus.close();
      await dropTopics(stores.KAFKA_BROKERS, topicPrefix);
    },
  };
}

/** The same bus, and how many messages it has stored: as many arrive at least, repeats too. */
export function countSent(bus: Bus): Bus & { sent(): number } {
  let sent = 0;
  return {
    ...bus,
    sent: () => sent,
    async publish(messages) {
      await bus.publish(messages);
      sent += messages.length;
    },
  };
}

/** The bus while its broker is away: what a relay sees then, without killing the run's broker. */
export function createBusToNowhere() {
  return createKafkaBus({ brokers: '127.0.0.1:1', clientId: 'test', log: keepLog().log });
}

/** Without repeats: delivery is at least once, and a broker may store a message twice. */
export function unique(arrived: readonly Message[]): Message[] {
  return [...new Map(arrived.map((message) => [message.id, message])).values()];
}

/** The order of first arrivals of a key, as versions. */
export function firstsOf(key: string, arrived: readonly Message[]): number[] {
  return [...new Set(arrived.filter((one) => one.key === key).map(({ version }) => version))];
}
