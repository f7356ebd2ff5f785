import { randomUUID } from 'node:crypto';
import { createKafkaBus } from '@holdfast/shared/bus/kafka.ts';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { readMessage } from '@holdfast/shared/contracts/contract.ts';
import { HOLD_CONTRACTS } from '@holdfast/shared/contracts/holds.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { countWaiting } from '@holdfast/shared/outbox/mongo.ts';
import { waitUntil } from '@holdfast/shared/wait.ts';
import type { Check } from '../check.ts';
import type { Sources } from '../sources.ts';

type Seen = { version: number; status: string };

/** Rules over what was published. */
export const MESSAGE_CHECKS: readonly Check[] = [
  {
    invariant: 4,
    title: 'a version of a seat has one meaning, and no message runs ahead of its seat',
    reads: 'catalog',
    async run(sources) {
      const { newest, contradictions, messages } = await readHoldMessages(sources);
      const found = await sources.seats
        .find({ _id: { $in: [...newest.keys()] } }, { projection: { version: 1, status: 1 } })
        .toArray();
      const ahead = found.flatMap((seat) => {
        const seen = newest.get(seat._id);
        if (seen === undefined || seen.version < seat.version) return [];
        return seen.version === seat.version && seen.status === seat.status
          ? []
          : [
              `seat ${seat._id} is ${seat.status} in version ${seat.version}, a message says ${seen.status} in version ${seen.version}`,
            ];
      });
      return { checked: messages, findings: [...contradictions, ...ahead] };
    },
  },
  {
    invariant: 11,
    title: 'nothing waits in an outbox',
    async run({ outboxCollections, booking, auth }) {
      const carried = await Promise.all(outboxCollections.map(countWaiting));
      const inDocuments = carried.reduce((sum, count) => sum + count, 0);
      const waiting = await Promise.all(
        [booking, auth].map((pool) =>
          pool.query<{ count: number }>('select count(*)::int as count from outbox'),
        ),
      );
      const inTables = waiting.reduce((sum, { rows }) => sum + (rows[0]?.count ?? 0), 0);
      const findings =
        inDocuments + inTables === 0
          ? []
          : [`messages wait: ${inDocuments} in documents, ${inTables} in tables`];
      return { checked: carried.length + waiting.length, findings };
    },
  },
];

/** Reads the topic of holds from its beginning until nothing new comes. */
async function readHoldMessages({ kafkaBrokers, topicPrefix }: Sources) {
  const log = createLogger('auditor', 'silent');
  const bus = createKafkaBus({ brokers: kafkaBrokers, clientId: 'auditor', topicPrefix, log });
  const meanings = new Map<string, string>();
  const newest = new Map<string, Seen>();
  const contradictions = new Set<string>();
  let messages = 0;
  let lastAt = monotonicMs();
  const subscription = bus.subscribe({
    group: `auditor-${randomUUID()}`,
    topics: ['catalog.holds'],
    async onMessage(message) {
      messages += 1;
      lastAt = monotonicMs();
      const contract = HOLD_CONTRACTS.find((one) => one.type === message.type);
      const change = contract && readMessage(contract, message);
      for (const seat of change?.data.seats ?? []) {
        const seatId = `${change?.data.eventId}:${seat.seatId}`;
        const name = `${seatId}@${seat.version}`;
        const meaning = meanings.get(name) ?? seat.status;
        if (meaning !== seat.status)
          contradictions.add(`seat ${name} is said to be ${meaning} and ${seat.status}`);
        meanings.set(name, meaning);
        if ((newest.get(seatId)?.version ?? 0) < seat.version) newest.set(seatId, seat);
      }
    },
  });
  try {
    await subscription.joined;
    lastAt = monotonicMs();
    await waitUntil('the end of the topic', () => monotonicMs() - lastAt > 1_500, {
      limitMs: 120_000,
    });
  } finally {
    await bus.close();
  }
  return { newest, contradictions: [...contradictions], messages };
}
