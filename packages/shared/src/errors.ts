import { REFUSALS, type RefusalCode } from './refusals.ts';

/** An expected no: the rule that said it, and a sentence that names the thing, the value and the remedy. */
export type Refusal = {
  readonly kind: 'refused';
  readonly code: RefusalCode;
  readonly detail: string;
  /** Further members of the problem document, such as the list of seats concerned. */
  readonly extra?: Readonly<Record<string, unknown>>;
};

/** A repeated or late message or command: nothing was done, on purpose. */
export type Ignored = { readonly kind: 'ignored'; readonly reason: string };

export function refused(
  code: RefusalCode,
  detail: string,
  extra?: Readonly<Record<string, unknown>>,
): Refusal {
  return extra === undefined
    ? { kind: 'refused', code, detail }
    : { kind: 'refused', code, detail, extra };
}

export function ignored(reason: string): Ignored {
  return { kind: 'ignored', reason };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'refused';
}

/** HTTP status of a refusal, by the one table in refusals.ts. */
export function statusOf(refusal: Refusal): number {
  return REFUSALS[refusal.code].status;
}

/**
 * Something broke. `retryable` says whether the same call may succeed later
 * (a store that is down) or never will (a message that can not be read).
 */
export class Fault extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { retryable: boolean; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.retryable = options.retryable;
  }
}

/** The message of any thrown value, with its causes, for one log field. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = withoutParameters(error.message);
  return error.cause === undefined ? message : `${message}: ${describeError(error.cause)}`;
}

/**
 * An error's text without the parameters that drizzle adds to a failed query: password hashes,
 * token hashes and mail addresses are among them, and logs are no place for those.
 */
export function withoutParameters(text: string): string {
  return text.replace(/\nparams: [\s\S]*?(?=\n {4}at |$)/g, '');
}
