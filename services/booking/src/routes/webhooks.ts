import { refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import { isId } from '@holdfast/shared/ids.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import type Stripe from 'stripe';
import type { PaymentProvider } from '../payment-provider.ts';
import { hastenCalls } from '../stores/provider-calls.ts';
import { webhookEvents } from '../stores/tables.ts';

const BODY_LIMIT = 256 * 1024;

/**
 * The provider's webhooks. An event is a hint and never believed: it makes the open calls of its
 * payment due, and those ask the provider for the truth.
 */
export function webhookRoutes(deps: {
  db: Database;
  provider: PaymentProvider;
  onHastened: () => void;
}): Route[] {
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
    async run({ rawBody, headers }) {
      const event = await deps.provider
        .readWebhook(rawBody, String(headers['stripe-signature'] ?? ''))
        .catch(() => undefined);
      if (event === undefined) {
        return refused('signature_invalid', "The body does not bear the provider's signature.");
      }
      if (await takeHint(deps.db, event)) deps.onHastened();
      return reply(200, { received: true });
    },
  });
  return [receive];
}

/** True when calls became due; an event seen before does nothing. */
async function takeHint(db: Database, event: Stripe.Event): Promise<boolean> {
  return db.transaction(async (tx) => {
    const fresh = await tx
      .insert(webhookEvents)
      .values({ id: event.id, type: event.type })
      .onConflictDoNothing()
      .returning({ id: webhookEvents.id });
    return fresh.length === 1 && (await hastenCalls(tx, paymentOf(event))) > 0;
  });
}

function paymentOf(event: Stripe.Event): { providerId?: string; paymentId?: string } {
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
  };
}
