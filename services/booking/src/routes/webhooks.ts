import { refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import { isId } from '@holdfast/shared/ids.ts';
import Joi from 'joi';
import type Stripe from 'stripe';
import type { PaymentProvider } from '../payment-provider.ts';
import type { ProviderHint } from '../stores/provider-hints.ts';

const BODY_LIMIT = 256 * 1024;
/** What may be said of a payment that was given up: its money has come, or is reserved. */
const COMES_LATE: readonly string[] = [
  'payment_intent.succeeded',
  'payment_intent.amount_capturable_updated',
];

/**
 * The provider's webhooks. An event is a hint and never believed: it makes the open calls of its
 * payment due, and those ask the provider for the truth.
 */
export function webhookRoutes(
  use: () => { provider: PaymentProvider; takeHint: (hint: ProviderHint) => Promise<void> },
): Route[] {
  const receive = route({
    method: 'post',
    path: '/api/webhooks/stripe',
    id: 'receivePaymentWebhook',
    tag: 'webhooks',
    summary: "Takes the payment provider's signed events",
    access: 'anyone',
    raw: true,
    bodyLimit: BODY_LIMIT,
    responses: { 200: { description: 'Taken', schema: Joi.object({ received: Joi.boolean() }) } },
    errors: ['signature_invalid'],
    async run({ rawBody, headers, origin }) {
      const { provider, takeHint } = use();
      const event = await provider
        .readWebhook(rawBody, String(headers['stripe-signature'] ?? ''))
        .catch(() => undefined);
      if (event === undefined) {
        return refused('signature_invalid', "The body does not bear the provider's signature.");
      }
      await takeHint({
        event: { id: event.id, type: event.type },
        ...subjectOf(event),
        saysMoney: COMES_LATE.includes(event.type),
        origin,
      });
      return reply(200, { received: true });
    },
  });
  return [receive];
}

/** Which payment an event is about, and which refund it says has failed. */
function subjectOf(event: Stripe.Event): {
  providerId?: string;
  paymentId?: string;
  failedRefund?: string;
} {
  const object = event.data.object as {
    id?: unknown;
    object?: unknown;
    payment_intent?: unknown;
    metadata?: { payment_id?: unknown } | null;
  };
  const intent = object.object === 'payment_intent' ? object.id : object.payment_intent;
  const paymentId = object.metadata?.payment_id;
  return {
    ...(typeof intent === 'string' && { providerId: intent }),
    ...(typeof paymentId === 'string' && isId(paymentId) && { paymentId }),
    ...(event.type === 'refund.failed' && { failedRefund: event.data.object.id }),
  };
}
