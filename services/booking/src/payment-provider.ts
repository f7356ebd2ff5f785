import { type Breaker, BreakerOpen } from '@holdfast/shared/breaker.ts';
import { describeError } from '@holdfast/shared/errors.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import { providerAmountOf } from '@holdfast/shared/money.ts';
import Stripe from 'stripe';
import type { CallKind } from './checkout.ts';
import type { MethodType } from './payment.ts';
import { isRefusedRequest, isSavedFailure, isSettled } from './provider-errors.ts';
import { openStripe } from './stripe-client.ts';
import {
  findMade,
  makeRefund,
  type RefundOutcome,
  type RefundUnderWay,
  refusedRefund,
} from './stripe-refunds.ts';

/** A call as the provider must be told it. Amounts in minor units. */
export type ProviderRequest = {
  readonly id: string;
  readonly kind: CallKind;
  readonly generation: number;
  readonly attempts: number;
  /** Whether the provider may have forgotten its key. */
  readonly outlivesKey: boolean;
  readonly createdAt: Date;
  readonly bookingId: string;
  readonly paymentId: string;
  readonly refundId: string | null;
  readonly refundProviderId: string | null;
  readonly eventId: string;
  readonly userId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
  readonly methodType: MethodType;
  readonly providerId: string | null;
};

/**
 * What became of a call. All but `unknown` are certain. After `unknown` the same request is sent
 * again under the same key; under a fresh one only when the provider will repeat its own failure
 * for ever and, asked for the truth, said that nothing was done.
 */
export type ProviderOutcome =
  | { readonly kind: 'authorized'; readonly providerId: string }
  | { readonly kind: 'declined'; readonly code: string; readonly providerId?: string | undefined }
  | { readonly kind: 'processing'; readonly providerId: string }
  | { readonly kind: 'captured'; readonly providerId: string }
  | {
      readonly kind: 'capture_refused';
      readonly code: string;
      readonly authorizationLives: boolean;
    }
  | { readonly kind: 'voided' }
  | RefundOutcome
  | RefundUnderWay
  | {
      readonly kind: 'unknown';
      readonly error: string;
      readonly freshKey: boolean;
      readonly refundProviderId?: undefined;
    };

/** How far the provider's clock and the database's may lie apart when payments are looked for. */
const CLOCK_TOLERANCE_SECONDS = 300;

/** The payment provider, by Stripe's SDK: Stripe itself, or the sandbox that speaks like it. */
export function createPaymentProvider(settings: {
  url: string;
  secretKey: string;
  webhookSecret: string;
  /** Keeps calls back while the provider does not answer; see `isOutOfReach`. */
  breaker: Breaker;
}) {
  const { breaker } = settings;
  const stripe = openStripe(settings);
  const perform = { authorize, capture, charge, await: look, void: cancel, refund } as const;

  return {
    stripe,
    /** Does a call; never throws. */
    async run(request: ProviderRequest): Promise<ProviderOutcome> {
      const amount = providerAmountOf(request.amountMinor, request.currency);
      const told = { ...request, amountMinor: amount };
      try {
        return await breaker.run(() => perform[request.kind](stripe, told));
      } catch (error) {
        if (!(error instanceof BreakerOpen) && isSettled(error)) {
          return askForTruth(stripe, request, error).catch((cause) => unknown(cause));
        }
        return unknown(error);
      }
    },
    breaker,
    /** The event of a webhook; throws when the signature is not the provider's. */
    readWebhook: (body: string, signature: string) =>
      stripe.webhooks.constructEventAsync(body, signature, settings.webhookSecret),
  };
}

export type PaymentProvider = ReturnType<typeof createPaymentProvider>;

function authorize(stripe: Stripe, request: ProviderRequest): Promise<ProviderOutcome> {
  return begin(stripe, request, {
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    capture_method: 'manual',
    // A card that wants its owner's word is declined: nobody is there to give it.
    error_on_requires_action: true,
  });
}

/** Begins a payment that takes the money by itself; its buyer has accepted the debit to us. */
function charge(stripe: Stripe, request: ProviderRequest): Promise<ProviderOutcome> {
  return begin(stripe, request, {
    allowed_payment_method_types: [request.methodType],
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    mandate_data: { customer_acceptance: { type: 'offline' } },
  });
}

/** Begins a payment, once: where its key may be forgotten, an earlier try is looked for first. */
async function begin(
  stripe: Stripe,
  request: ProviderRequest,
  how: Partial<Stripe.PaymentIntentCreateParams>,
): Promise<ProviderOutcome> {
  const known = request.outlivesKey ? await findIntent(stripe, request) : undefined;
  if (known !== undefined) return outcomeOfIntent(request, known) ?? unsettledIntent(known);
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount: request.amountMinor,
        currency: request.currency.toLowerCase(),
        payment_method: request.method,
        confirm: true,
        ...how,
        metadata: {
          booking_id: request.bookingId,
          payment_id: request.paymentId,
          event_id: request.eventId,
          user_id: request.userId,
        },
      },
      keyOf(request),
    );
    return outcomeOfIntent(request, intent) ?? unsettledIntent(intent);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeCardError) {
      const code = error.decline_code ?? error.code ?? 'card_declined';
      return { kind: 'declined', code, providerId: error.payment_intent?.id };
    }
    if (isRefusedRequest(error)) return { kind: 'declined', code: error.code ?? 'card_refused' };
    throw error;
  }
}

async function capture(stripe: Stripe, request: ProviderRequest): Promise<ProviderOutcome> {
  const intent = await stripe.paymentIntents.capture(intentOf(request), {}, keyOf(request));
  return outcomeOfIntent(request, intent) ?? unsettledIntent(intent);
}

/** How a payment that was begun stands now. */
async function look(stripe: Stripe, request: ProviderRequest): Promise<ProviderOutcome> {
  const intent = await stripe.paymentIntents.retrieve(intentOf(request));
  return outcomeOfIntent(request, intent) ?? unsettledIntent(intent);
}

async function cancel(stripe: Stripe, request: ProviderRequest): Promise<ProviderOutcome> {
  const intent = await stripe.paymentIntents.cancel(intentOf(request), {}, keyOf(request));
  return outcomeOfIntent(request, intent) ?? unsettledIntent(intent);
}

function refund(stripe: Stripe, request: ProviderRequest): Promise<ProviderOutcome> {
  return makeRefund(stripe, request, intentOf(request), keyOf(request));
}

/** What the provider's books say of a call whose answer was an error that will not change. */
async function askForTruth(
  stripe: Stripe,
  request: ProviderRequest,
  error: unknown,
): Promise<ProviderOutcome> {
  const nothingDone = unknown(error, true);
  if (request.kind === 'refund') {
    const made = await findMade(stripe, request, intentOf(request));
    if (made !== undefined || isSavedFailure(error)) return made ?? nothingDone;
    return refusedRefund(error instanceof Stripe.errors.StripeError ? error.code : undefined);
  }
  const intent =
    request.kind === 'authorize' || request.kind === 'charge'
      ? await findIntent(stripe, request)
      : await stripe.paymentIntents.retrieve(intentOf(request));
  if (intent === undefined) return nothingDone;
  const outcome = outcomeOfIntent(request, intent);
  if (outcome !== undefined) return outcome;
  const stands = intent.status === 'requires_capture';
  if (request.kind === 'capture' && stands && !isSavedFailure(error)) {
    return { kind: 'capture_refused', code: 'capture_refused', authorizationLives: true };
  }
  return nothingDone;
}

/** The intent of a payment among those made since its call was requested. */
async function findIntent(
  stripe: Stripe,
  request: ProviderRequest,
): Promise<Stripe.PaymentIntent | undefined> {
  const since = Math.floor(request.createdAt.getTime() / 1_000) - CLOCK_TOLERANCE_SECONDS;
  for await (const intent of stripe.paymentIntents.list({ created: { gte: since }, limit: 100 })) {
    if (intent.metadata.payment_id === request.paymentId) return intent;
  }
  return undefined;
}

/** What an intent's status says of the call; undefined where it does not settle it. */
function outcomeOfIntent(
  request: ProviderRequest,
  intent: Stripe.PaymentIntent,
): ProviderOutcome | undefined {
  const providerId = intent.id;
  switch (request.kind) {
    case 'authorize':
      if (intent.status === 'requires_capture') return { kind: 'authorized', providerId };
      return declineOf(intent);
    case 'charge':
    case 'await':
      if (intent.status === 'succeeded') return { kind: 'captured', providerId };
      if (intent.status === 'processing' && request.kind === 'charge') {
        return { kind: 'processing', providerId };
      }
      if (intent.status === 'requires_capture') return { kind: 'authorized', providerId };
      return declineOf(intent);
    case 'capture':
      if (intent.status === 'succeeded') return { kind: 'captured', providerId };
      if (intent.status !== 'canceled') return undefined;
      return {
        kind: 'capture_refused',
        code: 'authorization_ended',
        authorizationLives: false,
      };
    case 'void':
      if (intent.status === 'canceled') return { kind: 'voided' };
      return intent.status === 'succeeded' ? { kind: 'captured', providerId } : undefined;
    case 'refund':
      return undefined;
  }
}

/** That an intent will not take money any more; undefined while it may. */
function declineOf(intent: Stripe.PaymentIntent): ProviderOutcome | undefined {
  const providerId = intent.id;
  if (intent.status === 'canceled') return { kind: 'declined', code: 'canceled', providerId };
  const declined = intent.last_payment_error;
  if (intent.status !== 'requires_payment_method' || declined === null) return undefined;
  const code = declined.decline_code ?? declined.code ?? 'card_declined';
  return { kind: 'declined', code, providerId };
}

function unsettledIntent(intent: Stripe.PaymentIntent): ProviderOutcome {
  return unknown(new Error(`The payment ${intent.id} is ${intent.status}`));
}

function unknown(error: unknown, freshKey = false): ProviderOutcome {
  return { kind: 'unknown', error: describeError(error), freshKey };
}

function keyOf(request: ProviderRequest): Stripe.RequestOptions {
  return { idempotencyKey: derivedId('provider-call', request.id, String(request.generation)) };
}

function intentOf(request: ProviderRequest): string {
  if (request.providerId === null) {
    throw new Error(`payment ${request.paymentId} has no intent to ${request.kind}`);
  }
  return request.providerId;
}
