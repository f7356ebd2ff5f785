import Stripe from 'stripe';

/** A request that the provider read and would not do: 400 or 404, and so without effect. */
export function isRefusedRequest(error: unknown): error is Stripe.errors.StripeInvalidRequestError {
  return (
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    (error.statusCode === 400 || error.statusCode === 404)
  );
}

/** A failure that is kept under the key, so that the same request only ever meets it again. */
export function isSavedFailure(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeError &&
    (error.statusCode ?? 0) >= 500 &&
    error.headers?.['stripe-should-retry'] === 'false'
  );
}

export function isSettled(error: unknown): boolean {
  return (
    isSavedFailure(error) ||
    isRefusedRequest(error) ||
    error instanceof Stripe.errors.StripeCardError
  );
}

/** What counts as no answer: none at all, or a failure of the provider's own that may pass. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof Stripe.errors.StripeConnectionError) return true;
  const isFailure = error instanceof Stripe.errors.StripeError && (error.statusCode ?? 0) >= 500;
  return isFailure && !isSavedFailure(error);
}
