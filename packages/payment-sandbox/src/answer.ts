import type { PaymentIntent } from './stripe-objects.ts';

/** Stripe's error object. https://docs.stripe.com/api/errors */
export type StripeError = {
  readonly type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  readonly code?: string;
  readonly decline_code?: string;
  readonly message: string;
  readonly param?: string;
  readonly charge?: string;
  readonly payment_intent?: PaymentIntent;
};

/** An HTTP status and the JSON body that goes with it. */
export type Answer = { readonly status: number; readonly body: object };

export type Refused = {
  readonly kind: 'refused';
  readonly status: number;
  readonly error: StripeError;
};

/** A request that Stripe calls invalid: 400 unless another status is said. */
export function refuse(
  message: string,
  about: { code?: string; param?: string; status?: number; payment_intent?: PaymentIntent } = {},
): Refused {
  const { status = 400, ...members } = about;
  return { kind: 'refused', status, error: { type: 'invalid_request_error', message, ...members } };
}

export function answerRefused({ status, error }: Refused): Answer {
  return { status, body: { error } };
}

/** The 500 that a broken provider answers. */
export const providerFailure: Answer = {
  status: 500,
  body: {
    error: {
      type: 'api_error',
      message: 'An unknown error occurred at the payment provider. Retry with the same key.',
    },
  },
};
