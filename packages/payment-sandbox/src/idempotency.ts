import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@holdfast/shared/clock.ts';
import { fingerprint } from '@holdfast/shared/ids.ts';
import { type Answer, providerFailure, type StripeError } from './answer.ts';
import type { FaultRoute, Faults, InjectedFault } from './faults.ts';
import type { Store } from './store.ts';

/** Stripe may forget a key when it is a day old; so does the sandbox. */
const KEPT_MS = 24 * 3_600_000;

/** One POST, its parameters already found valid. */
export type Command = {
  readonly route: FaultRoute;
  readonly path: string;
  readonly parameters: object;
  readonly idempotencyKey: string | null;
  readonly requestId: string;
  /** What the metadata of the payment intent concerned asks of the sandbox. */
  readonly faultWish: () => string | undefined;
  readonly run: () => Answer;
};

/** What goes out: the body as it was, or will be, saved. */
export type Reply = {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
};

type SavedRow = { fingerprint: string; request_id: string; status: number; body: string };

export type CommandRunner = ReturnType<typeof createCommandRunner>;

/**
 * Runs commands once for each idempotency key, as Stripe describes it
 * (https://docs.stripe.com/api/idempotent_requests): the first answer is saved in the
 * transaction of its effects, whatever its status, and given again to the same request;
 * another request under the same key is a 400, one while the first is under way a 409.
 */
export function createCommandRunner(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly stopping: AbortSignal;
}) {
  const { store, clock, faults, stopping } = deps;
  const find = store.db.prepare(
    'select fingerprint, request_id, status, body from idempotency_keys where key = ?',
  );
  const save = store.db.prepare(
    `insert into idempotency_keys (key, fingerprint, request_id, status, body, saved_at_ms)
     values (?, ?, ?, ?, ?, ?)`,
  );
  const forget = store.db.prepare('delete from idempotency_keys where saved_at_ms < ?');
  // Keys under way, until their answer goes out. Lost by a crash, and rightly: nothing is under way then.
  const underWay = new Set<string>();

  function replyTo(command: Command, answer: Answer): Reply {
    const body = JSON.stringify(answer.body);
    if (command.idempotencyKey !== null) {
      save.run(
        command.idempotencyKey,
        fingerprintOf(command),
        command.requestId,
        answer.status,
        body,
        clock.now().getTime(),
      );
    }
    const headers = answer.status >= 500 ? { 'stripe-should-retry': 'false' } : undefined;
    return { status: answer.status, body, headers: headers ?? {} };
  }

  function runOnce(command: Command): { reply: Reply; fault?: InjectedFault | undefined } {
    const { idempotencyKey: key } = command;
    const saved = key === null ? undefined : (find.get(key) as SavedRow | undefined);
    if (key !== null && saved !== undefined) return { reply: repeat(command, key, saved) };
    const fault = faults.strike(command.route, command.faultWish());
    if (fault?.kind === 'error_before') return { reply: unsavedFailure };
    if (fault?.kind === 'error_saved') return { reply: replyTo(command, providerFailure) };
    return { reply: replyTo(command, command.run()), fault };
  }

  async function runAndMisbehave(command: Command): Promise<Reply | undefined> {
    const { reply, fault } = await store.commit(() => runOnce(command));
    if (fault?.kind === 'never') return undefined;
    if (fault?.kind === 'twice') return (await store.commit(() => runOnce(command))).reply;
    if (fault?.kind === 'error_after_success') return unsavedFailure;
    if (fault?.kind === 'late') {
      await sleep(fault.delayMs, undefined, { signal: stopping }).catch(() => undefined);
    }
    return reply;
  }

  return {
    /** The answer; undefined where none shall ever come. */
    async run(command: Command): Promise<Reply | undefined> {
      const { idempotencyKey: key } = command;
      if (key === null) return runAndMisbehave(command);
      if (underWay.has(key)) return keyInUse(key);
      underWay.add(key);
      try {
        return await runAndMisbehave(command);
      } finally {
        underWay.delete(key);
      }
    },
    /** Forgets keys older than a day. */
    async forgetOldKeys(): Promise<void> {
      await store.commit(() => forget.run(clock.now().getTime() - KEPT_MS));
    },
  };
}

function fingerprintOf({ path, parameters }: Command): string {
  return fingerprint({ path, parameters });
}

function repeat(command: Command, key: string, saved: SavedRow): Reply {
  if (saved.fingerprint !== fingerprintOf(command)) {
    return replyWithError(400, {
      type: 'idempotency_error',
      message:
        'Keys for idempotent requests can only be used with the same parameters they were ' +
        `first used with. Try using a key other than '${key}' if you meant to execute a ` +
        'different request.',
    });
  }
  return {
    status: saved.status,
    body: saved.body,
    headers: {
      'idempotent-replayed': 'true',
      'original-request': saved.request_id,
      ...(saved.status >= 500 && { 'stripe-should-retry': 'false' }),
    },
  };
}

function keyInUse(key: string): Reply {
  return replyWithError(
    409,
    {
      type: 'invalid_request_error',
      code: 'idempotency_key_in_use',
      message:
        'There is currently another in-progress request using this Idempotent Key ' +
        `(it was probably sent twice, and the first is still under way): ${key}.`,
    },
    { 'stripe-should-retry': 'true' },
  );
}

const unsavedFailure: Reply = {
  status: providerFailure.status,
  body: JSON.stringify(providerFailure.body),
  headers: { 'stripe-should-retry': 'true' },
};

function replyWithError(
  status: number,
  error: StripeError,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, body: JSON.stringify({ error }), headers };
}
