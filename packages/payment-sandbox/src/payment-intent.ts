import { type Refused, refuse } from './answer.ts';
import type {
  CardError,
  Charge,
  EventType,
  Metadata,
  PaymentIntent,
  PaymentIntentStatus,
} from './stripe-objects.ts';
import type { PaymentMethod } from './test-cards.ts';

/**
 * The life of a payment intent, pure. https://docs.stripe.com/payments/paymentintents/lifecycle
 * A refusal may carry a change too: a declined card leaves a failed charge behind.
 */
export type IntentChange = {
  readonly intent: PaymentIntent;
  readonly charge?: Charge;
  readonly event: EventType;
};

export type Decision =
  | { readonly kind: 'accepted'; readonly change: IntentChange }
  | (Refused & { readonly change?: IntentChange });

export type OpenIntent = {
  readonly amount: number;
  readonly currency: string;
  readonly captureMethod: PaymentIntent['capture_method'];
  readonly customer: string | null;
  readonly description: string | null;
  readonly metadata: Metadata;
  readonly receiptEmail: string | null;
  readonly paymentMethod: PaymentMethod | undefined;
};

/** A new intent, before any try to pay it. `at` is in Unix seconds. */
export function openIntent(
  ids: { readonly intent: string; readonly secret: string },
  wanted: OpenIntent,
  at: number,
): PaymentIntent {
  return {
    id: ids.intent,
    object: 'payment_intent',
    amount: wanted.amount,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: wanted.captureMethod,
    client_secret: `${ids.intent}_${ids.secret}`,
    confirmation_method: 'automatic',
    created: at,
    currency: wanted.currency,
    customer: wanted.customer,
    description: wanted.description,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: wanted.metadata,
    next_action: null,
    payment_method: wanted.paymentMethod?.id ?? null,
    payment_method_types: [wanted.paymentMethod?.type ?? 'card'],
    receipt_email: wanted.receiptEmail,
    status:
      wanted.paymentMethod === undefined ? 'requires_payment_method' : 'requires_confirmation',
  };
}

/** The refusal of a method that is not asked for, or can not be authorized first and captured later. */
export function refuseUnsuited(
  method: PaymentMethod | undefined,
  captureMethod: PaymentIntent['capture_method'],
  allowedTypes?: readonly string[],
): Refused | undefined {
  if (method !== undefined && allowedTypes?.includes(method.type) === false) {
    const param = 'payment_method';
    return refuse(`The PaymentMethod ${method.id} is of type ${method.type}, not allowed here.`, {
      param,
    });
  }
  if (method?.type !== 'us_bank_account' || captureMethod !== 'manual') return undefined;
  return refuse('The payment method type us_bank_account does not support manual capture.', {
    param: 'capture_method',
  });
}

/** Tries to pay: authorizes, captures at once, starts to settle, or declines, as the method says. */
export function confirmIntent(
  intent: PaymentIntent,
  method: PaymentMethod | undefined,
  chargeId: string,
  at: number,
): Decision {
  if (!isIn(intent, 'requires_payment_method', 'requires_confirmation')) {
    return refuseState(
      intent,
      `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`,
    );
  }
  if (method === undefined) {
    return refuseState(
      intent,
      'You cannot confirm this PaymentIntent because it is missing a payment method. ' +
        'Pass `payment_method` to confirm it.',
    );
  }
  const unsuited = refuseUnsuited(method, intent.capture_method);
  if (unsuited !== undefined) return unsuited;
  const tried: PaymentIntent = {
    ...intent,
    last_payment_error: null,
    latest_charge: chargeId,
    payment_method: method.id,
    payment_method_types: [method.type],
  };
  const charge = openCharge(tried, chargeId, method.id, at);
  if (method.outcome.kind === 'declined') {
    return decline(tried, charge, {
      type: 'card_error',
      code: method.outcome.code,
      ...(method.outcome.declineCode !== undefined && { decline_code: method.outcome.declineCode }),
      message: method.outcome.message,
      charge: chargeId,
    });
  }
  if (method.outcome.kind === 'settles_later') {
    return accept('payment_intent.processing', { ...tried, status: 'processing' }, charge);
  }
  const paid: Charge = { ...charge, paid: true, status: 'succeeded' };
  if (intent.capture_method !== 'manual') return accept(...collect(tried, paid, intent.amount));
  return accept(
    'payment_intent.amount_capturable_updated',
    { ...tried, status: 'requires_capture', amount_capturable: intent.amount },
    paid,
  );
}

/** Takes an authorized amount, or part of it; the rest is released. */
export function captureIntent(
  intent: PaymentIntent,
  charge: Charge | undefined,
  amountToCapture: number | undefined,
): Decision {
  if (intent.status !== 'requires_capture' || charge === undefined) {
    return refuseState(
      intent,
      `This PaymentIntent could not be captured because it has a status of ${intent.status}. ` +
        'Only a PaymentIntent with one of the following statuses may be captured: requires_capture.',
    );
  }
  const amount = amountToCapture ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    return refuse(
      `The requested capture amount (${amount}) is greater than the amount you can capture ` +
        `for this charge (${intent.amount_capturable}).`,
      { code: 'amount_too_large', param: 'amount_to_capture' },
    );
  }
  return accept(...collect(intent, charge, amount));
}

/**
 * Ends an intent that has not taken money, and releases what it had authorized. One in processing is
 * only canceled while the bank has not begun, as Stripe has it "in rare cases".
 */
export function cancelIntent(
  intent: PaymentIntent,
  reason: string | null,
  at: number,
  bankHasBegun = true,
): Decision {
  const waits = intent.status === 'processing' && !bankHasBegun;
  if (
    !waits &&
    !isIn(intent, 'requires_payment_method', 'requires_confirmation', 'requires_capture')
  ) {
    return refuseState(
      intent,
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}. ` +
        'Only a PaymentIntent with one of the following statuses may be canceled: ' +
        'requires_payment_method, requires_capture, requires_confirmation.',
    );
  }
  return accept('payment_intent.canceled', {
    ...intent,
    status: 'canceled',
    amount_capturable: 0,
    canceled_at: at,
    cancellation_reason: reason,
  });
}

/** Ends the wait of a method that settles by itself. */
export function settleIntent(
  intent: PaymentIntent,
  charge: Charge,
  succeeds: boolean,
): IntentChange | undefined {
  if (intent.status !== 'processing') return undefined;
  if (succeeds) {
    const [event, paidIntent, paidCharge] = collect(
      intent,
      { ...charge, paid: true, status: 'succeeded' },
      intent.amount,
    );
    return { event, intent: paidIntent, charge: paidCharge };
  }
  return decline(intent, charge, {
    type: 'card_error',
    code: 'payment_method_provider_decline',
    decline_code: 'insufficient_funds',
    message: 'The bank account has insufficient funds.',
    charge: charge.id,
  }).change;
}

function isIn(intent: PaymentIntent, ...statuses: readonly PaymentIntentStatus[]): boolean {
  return statuses.includes(intent.status);
}

function collect(
  intent: PaymentIntent,
  charge: Charge,
  amount: number,
): [EventType, PaymentIntent, Charge] {
  return [
    'payment_intent.succeeded',
    { ...intent, status: 'succeeded', amount_capturable: 0, amount_received: amount },
    { ...charge, captured: true, amount_captured: amount },
  ];
}

function accept(event: EventType, intent: PaymentIntent, charge?: Charge): Decision {
  return {
    kind: 'accepted',
    change: charge === undefined ? { event, intent } : { event, intent, charge },
  };
}

function decline(
  intent: PaymentIntent,
  charge: Charge,
  error: CardError,
): Refused & { readonly change: IntentChange } {
  const failed: PaymentIntent = {
    ...intent,
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: error,
  };
  return {
    kind: 'refused',
    status: 402,
    error: { ...error, payment_intent: failed },
    change: {
      event: 'payment_intent.payment_failed',
      intent: failed,
      charge: {
        ...charge,
        status: 'failed',
        failure_code: error.code,
        failure_message: error.message,
      },
    },
  };
}

function refuseState(intent: PaymentIntent, message: string): Refused {
  return refuse(message, { code: 'payment_intent_unexpected_state', payment_intent: intent });
}

function openCharge(intent: PaymentIntent, id: string, method: string, at: number): Charge {
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    balance_transaction: null,
    captured: false,
    created: at,
    currency: intent.currency,
    failure_code: null,
    failure_message: null,
    livemode: false,
    metadata: intent.metadata,
    paid: false,
    payment_intent: intent.id,
    payment_method: method,
    refunded: false,
    status: 'pending',
  };
}
