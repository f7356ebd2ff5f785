import { setTimeout as sleep } from 'node:timers/promises';
import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import { ENDINGS, type Subscriber } from './subscriber.ts';

/** A connection as its admission sees it. */
export type Connection = {
  readonly subscriber: Subscriber;
  /** Where it comes from. */
  readonly address: string;
  /** Called at each beat: says something, so that nobody in between takes it for dead. */
  beat(): void;
  /** Ends it without waiting for the other side. */
  cut(): void;
};

/** As long as connections get to say goodbye when the service stops. */
const GOODBYE_MS = 1_000;

/**
 * How many connections there may be. A user who opens too many loses the oldest, which may be a
 * forgotten one; an address without a login is refused, as its others may be somebody else's.
 */
export function createAdmission(limits: { total: number; perUser: number; perAddress: number }) {
  const connections = new Set<Connection>();
  const byUser = new Map<string, Set<Connection>>();
  const byAddress = new Map<string, number>();
  let hasEnded = false;

  /** Why nobody like this can come in now, if so. */
  function refuse(userId: string | undefined, address: string): Refusal | undefined {
    if (hasEnded || connections.size >= limits.total) {
      return refused('too_many_requests', 'This gateway has no room for more connections now.', {
        retryAfterSeconds: 5,
      });
    }
    if (userId !== undefined || (byAddress.get(address) ?? 0) < limits.perAddress) return undefined;
    const most = limits.perAddress;
    return refused(
      'too_many_requests',
      `The address ${address} has ${most} live connections without a login, the most there may be: close one, or log in.`,
      { retryAfterSeconds: 5 },
    );
  }

  function enter(connection: Connection): void {
    connections.add(connection);
    const { userId } = connection.subscriber;
    if (userId === undefined) {
      byAddress.set(connection.address, (byAddress.get(connection.address) ?? 0) + 1);
      return;
    }
    const theirs = byUser.get(userId) ?? new Set();
    byUser.set(userId, theirs.add(connection));
    const [oldest] = theirs;
    if (theirs.size > limits.perUser && oldest) {
      leave(oldest);
      oldest.subscriber.end(...ENDINGS.replaced);
    }
  }

  function leave(connection: Connection): void {
    if (!connections.delete(connection)) return;
    const { userId } = connection.subscriber;
    if (userId === undefined) {
      const left = (byAddress.get(connection.address) ?? 0) - 1;
      if (left > 0) byAddress.set(connection.address, left);
      else byAddress.delete(connection.address);
      return;
    }
    const theirs = byUser.get(userId);
    theirs?.delete(connection);
    if (theirs?.size === 0) byUser.delete(userId);
  }

  return {
    refuse,
    enter,
    leave,
    count: () => connections.size,
    beat(): void {
      for (const connection of connections) connection.beat();
    },
    /** Lets nobody in any more, and tells all to connect elsewhere; those that do not leave by themselves are cut off. */
    async endAll(): Promise<void> {
      hasEnded = true;
      const all = [...connections];
      for (const { subscriber } of all) subscriber.end(...ENDINGS.goingAway);
      for (let waited = 0; connections.size > 0 && waited < GOODBYE_MS; waited += 20)
        await sleep(20);
      for (const connection of all) connection.cut();
    },
  };
}

export type Admission = ReturnType<typeof createAdmission>;
