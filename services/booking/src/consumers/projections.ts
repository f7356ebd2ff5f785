import { createBatches } from '@holdfast/shared/batches.ts';
import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import { type Message, readMessage } from '@holdfast/shared/contracts/contract.ts';
import { HOLD_CONTRACTS, type HoldChange } from '@holdfast/shared/contracts/holds.ts';
import { USER_CONTRACTS, type UserState } from '@holdfast/shared/contracts/users.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { holdNews } from '../projection.ts';
import { keepCustomers, keepHolds, moveWatermark } from '../stores/projections.ts';

/** In a group of its own: however far it falls behind, no checkout waits for it. */
const CONSUMER = 'booking-analytics';
/** One transaction at a time, so that it takes one connection of the pool at most. */
const LANES = 1;
/** They go together, and so cost the less the more of them there are. */
const AT_ONCE = 128;
const GATHER_MS = 250;

type Read =
  | { kind: 'hold'; message: Message<HoldChange> }
  | { kind: 'user'; message: Message<UserState> };

/** Projects catalog's holds and auth's users for analysts; the highest version of each stays. */
export function consumeProjections(deps: { db: Database; bus: Bus }): Subscription {
  const apply = createBatches<Read, void>({
    lanes: LANES,
    keysOf: ({ message }) => [message.key],
    async run(reads) {
      const holds = reads.flatMap((one) => (one.kind === 'hold' ? [one.message] : []));
      const users = reads.flatMap((one) => (one.kind === 'user' ? [one.message] : []));
      await deps.db.transaction((tx) =>
        Promise.all([
          keepHolds(
            tx,
            holds.flatMap((message) => holdNews(message) ?? []),
          ),
          keepCustomers(tx, users),
          // In one order everywhere, so that two instances never wait for each other.
          moveWatermark(tx, 'auth.users', users),
          moveWatermark(tx, 'catalog.holds', holds),
        ]),
      );
      return reads.map(() => undefined);
    },
  });
  return deps.bus.subscribe({
    group: CONSUMER,
    topics: ['catalog.holds', 'auth.users'],
    atOnce: AT_ONCE,
    gatherMs: GATHER_MS,
    async onMessage(received) {
      const read = readOne(received);
      if (read !== undefined) await apply(read);
    },
  });
}

function readOne(received: Message): Read | undefined {
  const hold = HOLD_CONTRACTS.find(({ type }) => type === received.type);
  if (hold !== undefined) {
    const message = readMessage(hold, received);
    return message && { kind: 'hold', message };
  }
  const user = USER_CONTRACTS.find(({ type }) => type === received.type);
  const message = user && readMessage(user, received);
  return message && { kind: 'user', message };
}
