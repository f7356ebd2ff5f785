import type Stripe from 'stripe';
import { LACK_OF_FUNDS } from './after-sale/refund.ts';

/** A refund as the provider must be told it. Amounts in minor units. */
export type RefundRequest = {
  readonly bookingId: string;
  readonly refundId: string | null;
  /** The provider's id of the refund, once it has made one. */
  readonly refundProviderId: string | null;
  readonly generation: number;
  readonly attempts: number;
  readonly amountMinor: number;
};

export type RefundOutcome =
  | { readonly kind: 'refunded'; readonly refundProviderId: string }
  /** It moves no money, or the money has come back. */
  | {
      readonly kind: 'refund_failed';
      readonly code: string;
      readonly refundProviderId: string | null;
    };

/** The provider has it and has not done with it: it is looked at again, never made again. */
export type RefundUnderWay = {
  readonly kind: 'unknown';
  readonly error: string;
  readonly freshKey: false;
  readonly refundProviderId: string;
};

type Outcome = RefundOutcome | RefundUnderWay;

/**
 * Has the provider pay a buyer back. A refund that it is known to have is only looked at, and after a
 * try without an answer it is first asked whether it has one: its idempotency keys last a day.
 */
export async function makeRefund(
  stripe: Stripe,
  request: RefundRequest,
  intent: string,
  key: Stripe.RequestOptions,
): Promise<Outcome> {
  if (request.refundProviderId !== null) {
    return outcomeOf(await stripe.refunds.retrieve(request.refundProviderId));
  }
  const known = request.attempts > 1 ? await findMade(stripe, request, intent) : undefined;
  if (known !== undefined) return known;
  const made = await stripe.refunds.create(
    {
      payment_intent: intent,
      amount: request.amountMinor,
      metadata: {
        booking_id: request.bookingId,
        refund_id: request.refundId,
        generation: request.generation,
      },
    },
    key,
  );
  // An answer that is given again under its key is as old as the first.
  return outcomeOf(made.status === 'pending' ? await stripe.refunds.retrieve(made.id) : made);
}

/** What the provider's books say of a refund; undefined where it has made none in this generation. */
export async function findMade(
  stripe: Stripe,
  request: RefundRequest,
  intent: string,
): Promise<Outcome | undefined> {
  for await (const one of stripe.refunds.list({ payment_intent: intent, limit: 100 })) {
    if (one.metadata?.refund_id !== request.refundId) continue;
    const isOfThisTry = one.metadata?.generation === String(request.generation);
    // One of an earlier try counts unless it has failed: the money is paid once.
    if (isOfThisTry || !hasFailed(one)) return outcomeOf(one);
  }
  return undefined;
}

/** A refund that the provider would not even begin. */
export function refusedRefund(code: string | undefined): RefundOutcome {
  return {
    kind: 'refund_failed',
    code: code === 'balance_insufficient' ? LACK_OF_FUNDS : (code ?? 'refund_refused'),
    refundProviderId: null,
  };
}

function hasFailed({ status }: Stripe.Refund): boolean {
  return status === 'failed' || status === 'canceled';
}

function outcomeOf(refund: Stripe.Refund): Outcome {
  if (refund.status === 'succeeded') return { kind: 'refunded', refundProviderId: refund.id };
  if (hasFailed(refund)) {
    const code = refund.failure_reason ?? refund.status ?? 'unknown';
    return { kind: 'refund_failed', code, refundProviderId: refund.id };
  }
  return {
    kind: 'unknown',
    error: `The refund ${refund.id} is ${refund.status}`,
    freshKey: false,
    refundProviderId: refund.id,
  };
}
