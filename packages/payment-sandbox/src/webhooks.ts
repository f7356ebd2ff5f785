import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@holdfast/shared/clock.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import type { Faults } from './faults.ts';
import type { Store } from './store.ts';

export type WebhookReceiver = { readonly url: string; readonly secret: string };

const CONCURRENCY = 16;
const ANSWER_LIMIT_MS = 10_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 30_000;
const IDLE_MS = 500;

type DueRow = { event_id: string; attempts: number; body: string };

export type Webhooks = ReturnType<typeof createWebhooks>;

/**
 * Posts events to the receiver, each at least once, in no promised order, until it answers
 * 2xx; the wait between tries doubles up to 30 s. What is undelivered stays in the database.
 * With no receiver nothing is sent.
 */
export function createWebhooks(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults: Faults;
  readonly receiver: WebhookReceiver | undefined;
}) {
  const { store, clock, log, faults, receiver } = deps;
  const selectDue = store.db.prepare(
    `select d.event_id, d.attempts, e.body from deliveries d join events e on e.id = d.event_id
     where d.next_attempt_at_ms <= ? order by d.next_attempt_at_ms limit ?`,
  );
  const markDelivered = store.db.prepare(
    `update deliveries set attempts = attempts + 1, next_attempt_at_ms = null,
       delivered_at_ms = ?, last_error = null where event_id = ?`,
  );
  const markFailed = store.db.prepare(
    `update deliveries set attempts = attempts + 1, next_attempt_at_ms = ?, last_error = ?
     where event_id = ?`,
  );
  const countAll = store.db.prepare(
    `select count(*) filter (where delivered_at_ms is null) as undelivered,
            count(*) filter (where delivered_at_ms is not null) as delivered from deliveries`,
  );
  const underWay = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  async function post({ url, secret }: WebhookReceiver, body: string): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signPayload(body, secret, clock.now()),
      },
      body,
      redirect: 'error',
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`The receiver answered ${response.status}`);
  }

  async function deliver(to: WebhookReceiver, due: DueRow): Promise<void> {
    const fault = faults.strike('webhook', undefined);
    try {
      if (fault?.kind === 'error_before') throw new Error('Struck by a fault on demand');
      if (fault?.kind === 'late') {
        await sleep(fault.delayMs, undefined, { signal: stopping.signal });
      }
      if (fault?.kind !== 'never') await post(to, due.body);
      if (fault?.kind === 'twice') await post(to, due.body);
    } catch (error) {
      if (stopping.signal.aborted) return;
      const waitMs = Math.min(FIRST_RETRY_MS * 2 ** due.attempts, LONGEST_RETRY_MS);
      const reason = describeError(error);
      log.debug('webhook.failed', { event: due.event_id, attempts: due.attempts + 1, reason });
      await store.commit(() =>
        markFailed.run(clock.now().getTime() + waitMs, reason, due.event_id),
      );
      return;
    }
    await store.commit(() => markDelivered.run(clock.now().getTime(), due.event_id));
  }

  function pump(): void {
    if (receiver === undefined || stopping.signal.aborted) return;
    clearTimeout(timer);
    timer = setTimeout(pump, IDLE_MS);
    if (underWay.size >= CONCURRENCY) return;
    // Those under way still look due, hence a limit of both together.
    const rows = selectDue.all(clock.now().getTime(), 2 * CONCURRENCY) as DueRow[];
    for (const due of rows) {
      if (underWay.size >= CONCURRENCY) break;
      if (underWay.has(due.event_id)) continue;
      const delivery = deliver(receiver, due)
        .catch((error: unknown) =>
          log.error('webhook.not_recorded', { event: due.event_id, error: describeError(error) }),
        )
        .finally(() => {
          underWay.delete(due.event_id);
          wake();
        });
      underWay.set(due.event_id, delivery);
    }
  }

  /** Sends what is due soon, rather than at the next look. */
  function wake(): void {
    if (receiver === undefined || stopping.signal.aborted || underWay.size >= CONCURRENCY) return;
    clearTimeout(timer);
    timer = setTimeout(pump, 0);
  }

  return {
    start: pump,
    wake,
    counts(): { undelivered: number; delivered: number } {
      const { undelivered, delivered } = countAll.get() as Record<string, number>;
      return { undelivered: undelivered ?? 0, delivered: delivered ?? 0 };
    },
    /** Breaks off what is under way; it is sent again after the next start. */
    async stop(): Promise<void> {
      stopping.abort();
      clearTimeout(timer);
      await Promise.all(underWay.values());
    },
  };
}

/** The `Stripe-Signature` header of a payload. https://docs.stripe.com/webhooks#verify-manually */
export function signPayload(payload: string, secret: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000);
  const mac = createHmac('sha256', secret).update(`${seconds}.${payload}`).digest('hex');
  return `t=${seconds},v1=${mac}`;
}
