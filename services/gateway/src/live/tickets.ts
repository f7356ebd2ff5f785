import { randomBytes } from 'node:crypto';
import { monotonicMs } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { Redis } from 'ioredis';

/**
 * Tickets with which a socket proves whose it is: a browser can not send a header with an upgrade,
 * and an access token does not belong into an address that is logged. Each is random, good once
 * and for seconds. Without Redis this process keeps its own, which other gateways do not know.
 */
export function createTickets(options: {
  redis: Redis;
  topicPrefix: string;
  lifeSeconds: number;
  log: Logger;
}) {
  const { redis, lifeSeconds, log } = options;
  const keyOf = (ticket: string) => `${options.topicPrefix}live:ticket:${ticket}`;
  /** In order of their ends, as all live equally long. */
  const own = new Map<string, { userId: string; endsAtMs: number }>();

  function keepHere(ticket: string, userId: string): void {
    const nowMs = monotonicMs();
    for (const [old, { endsAtMs }] of own) {
      if (endsAtMs > nowMs) break;
      own.delete(old);
    }
    own.set(ticket, { userId, endsAtMs: nowMs + lifeSeconds * 1_000 });
  }

  return {
    async issue(userId: string): Promise<string> {
      const ticket = randomBytes(32).toString('base64url');
      try {
        await redis.set(keyOf(ticket), userId, 'EX', lifeSeconds);
      } catch (error) {
        log.debug('live.ticket_kept_here', { error: describeError(error) });
        keepHere(ticket, userId);
      }
      return ticket;
    },

    /** Whose ticket it was; undefined when it is used, too old or was never issued. */
    async redeem(ticket: string): Promise<string | undefined> {
      const here = own.get(ticket);
      if (here !== undefined) {
        own.delete(ticket);
        return here.endsAtMs > monotonicMs() ? here.userId : undefined;
      }
      try {
        return (await redis.getdel(keyOf(ticket))) ?? undefined;
      } catch (error) {
        log.debug('live.ticket_unknown', { error: describeError(error) });
        return undefined;
      }
    },
  };
}

export type Tickets = ReturnType<typeof createTickets>;
