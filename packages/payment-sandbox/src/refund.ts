import { refuseParts } from './amounts.ts';
import { type Refused, refuse } from './answer.ts';
import type { Charge, Metadata, PaymentIntent, Refund } from './stripe-objects.ts';

export type WantedRefund = {
  readonly amount: number | undefined;
  readonly metadata: Metadata;
  readonly reason: string | null;
  /** Whether it is under way for a while before it is paid. */
  readonly takesTime: boolean;
};

export type RefundDecision =
  | { readonly kind: 'accepted'; readonly refund: Refund; readonly charge: Charge }
  | Refused;

/**
 * Gives captured money back, in full or in part, never more than is left of it.
 * Without an amount it is all that is left. https://docs.stripe.com/api/refunds/create
 */
export function refundCharge(
  ids: { readonly refund: string; readonly balanceTransaction: string },
  intent: PaymentIntent,
  charge: Charge | undefined,
  wanted: WantedRefund,
  at: number,
): RefundDecision {
  if (intent.status !== 'succeeded' || charge === undefined) {
    return refuse(
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      {
        code: 'payment_intent_unexpected_state',
        payment_intent: intent,
      },
    );
  }
  const left = charge.amount_captured - charge.amount_refunded;
  if (left === 0) {
    return refuse(`Charge ${charge.id} has already been refunded.`, {
      code: 'charge_already_refunded',
    });
  }
  const amount = wanted.amount ?? left;
  if (amount > left) {
    // Stripe gives this error no code, only the parameter.
    return refuse(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`,
      { param: 'amount' },
    );
  }
  const odd = refuseParts(amount, charge.currency);
  if (odd !== undefined) return odd;
  const refunded = charge.amount_refunded + amount;
  return {
    kind: 'accepted',
    charge: {
      ...charge,
      amount_refunded: refunded,
      refunded: refunded === charge.amount_captured,
    },
    refund: {
      id: ids.refund,
      object: 'refund',
      amount,
      balance_transaction: ids.balanceTransaction,
      charge: charge.id,
      created: at,
      currency: charge.currency,
      metadata: wanted.metadata,
      payment_intent: intent.id,
      reason: wanted.reason,
      status: wanted.takesTime ? 'pending' : 'succeeded',
    },
  };
}

/** How a refund ends that was not done at once: it is paid, or its money comes back. */
export function settleRefund(
  refund: Refund,
  charge: Charge,
  succeeds: boolean,
): { refund: Refund; charge: Charge } {
  if (succeeds) return { refund: { ...refund, status: 'succeeded' }, charge };
  return {
    refund: { ...refund, status: 'failed', failure_reason: 'expired_or_canceled_card' },
    charge: { ...charge, amount_refunded: charge.amount_refunded - refund.amount, refunded: false },
  };
}
