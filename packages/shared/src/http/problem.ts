import { type Refusal, statusOf } from '../errors.ts';
import { REFUSALS } from '../refusals.ts';

/** RFC 9457 problem document, with Holdfast's stable `code`. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  requestId: string;
};

export const PROBLEM_TYPE = 'application/problem+json';

export function problemOfRefusal(refusal: Refusal, requestId: string): Problem {
  return {
    type: `urn:holdfast:problem:${refusal.code}`,
    title: REFUSALS[refusal.code].title,
    status: statusOf(refusal),
    detail: refusal.detail,
    code: refusal.code,
    requestId,
    ...refusal.extra,
  };
}

/** What a client learns of a fault: that it may try again, or that it was logged; never its insides. */
export function problemOfFault(retryable: boolean, code: string, requestId: string): Problem {
  return {
    type: `urn:holdfast:problem:${code}`,
    title: retryable ? 'Not available at present' : 'Something broke here',
    status: retryable ? 503 : 500,
    detail: retryable
      ? 'A part that this request needs does not answer. Nothing is lost: send the same request with the same Idempotency-Key again in a moment.'
      : 'The fault was logged under the request id; quote it to support.',
    code,
    requestId,
  };
}
