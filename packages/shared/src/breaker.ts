import { monotonicMs } from './clock.ts';
import { Fault } from './errors.ts';

export type BreakerSettings = {
  /** Failures in a row after which nothing is called any more. */
  readonly failuresToOpen: number;
  /** How long, before one call is tried. */
  readonly pauseMs: number;
  /** Successes in a row of such tries after which all calls go again. */
  readonly successesToClose: number;
};

/** Where a breaker stands; `since` is by its own clock. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly since: number }
  | { readonly kind: 'half_open'; readonly successes: number; readonly isTrying: boolean };

/** A call that was not made, because those before it went unanswered. */
export class BreakerOpen extends Fault {
  constructor(name: string, waitMs: number) {
    const seconds = Math.ceil(waitMs / 1_000);
    super('dependency_paused', `${name} has not answered of late: asked again in ${seconds} s`, {
      retryable: true,
    });
  }
}

export type Breaker = ReturnType<typeof createBreaker>;

/**
 * Keeps calls from a dependency that does not answer, by a state that can be shown. Home-made, for
 * cockatiel's closes after one success, and does not tell how many more calls it would let through.
 */
export function createBreaker(
  options: BreakerSettings & {
    name: string;
    /** Which errors count against the dependency; all by default. */
    isFailure?: (error: unknown) => boolean;
    now?: () => number;
    onChange?: (state: BreakerState) => void;
  },
) {
  const { name, failuresToOpen, pauseMs, successesToClose, now = monotonicMs } = options;
  const { isFailure = () => true, onChange = () => undefined } = options;
  let state: BreakerState = { kind: 'closed', failures: 0 };

  function change(next: BreakerState): void {
    const moved = next.kind !== state.kind;
    state = next;
    if (moved) onChange(state);
  }

  const waitMs = (): number =>
    state.kind === 'open' ? Math.max(0, state.since + pauseMs - now()) : 0;

  /** How many calls it would let through now. */
  function room(): number {
    if (state.kind === 'closed') return Number.POSITIVE_INFINITY;
    if (state.kind === 'open') return waitMs() > 0 ? 0 : 1;
    return state.isTrying ? 0 : 1;
  }

  /** Takes the place of a call; answers whether it is a try. */
  function enter(): boolean {
    if (room() === 0) throw new BreakerOpen(name, waitMs());
    if (state.kind === 'closed') return false;
    const successes = state.kind === 'half_open' ? state.successes : 0;
    change({ kind: 'half_open', successes, isTrying: true });
    return true;
  }

  function onSuccess(wasTry: boolean): void {
    if (state.kind === 'closed') state = { kind: 'closed', failures: 0 };
    if (state.kind !== 'half_open' || !wasTry) return;
    const successes = state.successes + 1;
    change(
      successes >= successesToClose
        ? { kind: 'closed', failures: 0 }
        : { kind: 'half_open', successes, isTrying: false },
    );
  }

  function onFailure(wasTry: boolean): void {
    if (state.kind === 'half_open' && wasTry) change({ kind: 'open', since: now() });
    if (state.kind !== 'closed') return;
    const failures = state.failures + 1;
    change(
      failures >= failuresToOpen ? { kind: 'open', since: now() } : { kind: 'closed', failures },
    );
  }

  return {
    state: () => state,
    room,
    /** Throws BreakerOpen while nothing is called; for `/health`. */
    async check(): Promise<void> {
      if (state.kind === 'open') throw new BreakerOpen(name, waitMs());
    },
    /** Milliseconds until it would let a call through again; 0 when it does. */
    waitMs,
    /** Makes the call, or throws BreakerOpen. */
    async run<T>(call: () => Promise<T>): Promise<T> {
      const isTry = enter();
      try {
        const answer = await call();
        onSuccess(isTry);
        return answer;
      } catch (error) {
        if (isFailure(error)) onFailure(isTry);
        else onSuccess(isTry);
        throw error;
      }
    },
  };
}
