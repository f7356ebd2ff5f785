import type { BookingStatus } from './checkout.ts';

/** A step of a checkout that has begun. */
export type CheckoutStep = {
  readonly step: string;
  readonly state: 'waiting' | 'done' | 'refused' | 'unknown';
  readonly since: string;
  readonly endedAt: string | null;
  readonly attempts: number | null;
  readonly nextAttemptAt: string | null;
  readonly error: string | null;
};

/** What an operator is told of a booking: where it stands and what he may do. */
export type Explanation = {
  readonly summary: string;
  readonly advice: string;
  /** Whether it waits for something that `resume` asks for. */
  readonly isResumable: boolean;
};

const ENDS: Partial<Record<BookingStatus, string>> = {
  confirmed: 'It is sold: money captured, tickets live.',
  failed: 'It came to nothing: no money is kept, its seats were given back.',
  cancelled: 'It was sold and cancelled: its tickets are void.',
};

/** Says in words where a booking stands and what may be done about it. */
export function explainBooking(
  booking: { status: BookingStatus; reason: string | null },
  steps: readonly CheckoutStep[],
): Explanation {
  const why = booking.reason === null ? '' : ` Reason: ${booking.reason}.`;
  const call = steps.findLast(({ step, state }) => state === 'waiting' && isCall(step));
  const told = steps.find(({ step, state }) => state === 'waiting' && step.startsWith('tell'));
  const end = ENDS[booking.status];
  if (end !== undefined && call === undefined) {
    return {
      summary: end + why,
      advice: told
        ? `The message "${told.step.slice('tell: '.length)}" waits for Kafka: look whether the broker is up.`
        : 'Nothing is to be done.',
      isResumable: false,
    };
  }
  const start = end === undefined ? `It is ${booking.status}.${why}` : end + why;
  if (booking.status === 'authorized') {
    return {
      summary: `${start} It waits for catalog to pin its seats.`,
      advice: 'Look whether catalog and Kafka are up; resume asks catalog again at once.',
      isResumable: true,
    };
  }
  if (call === undefined) {
    return {
      summary: `${start} Nothing is under way that would take it on.`,
      advice: 'Resume asks for the step that is missing.',
      isResumable: true,
    };
  }
  const tried = call.attempts === null ? 0 : call.attempts;
  const error = call.error === null ? '' : ` The last answer: ${call.error}.`;
  return {
    summary: `${start} The payment provider is to ${call.step}; asked ${tried} times.${error}`,
    advice:
      call.step === 'await'
        ? 'A bank works on the payment, which may take long; resume looks at once how it stands.'
        : 'Look whether the provider is up (/health); resume asks it again at once.',
    isResumable: true,
  };
}

function isCall(step: string): boolean {
  return ['authorize', 'capture', 'charge', 'await', 'void', 'refund'].includes(step);
}
