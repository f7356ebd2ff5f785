import type { Clock } from '@holdfast/shared/clock.ts';
import { refuseAmount } from './amounts.ts';
import { type Answer, answerRefused, type Refused, refuse } from './answer.ts';
import type { Books, Objects, RequestContext } from './books.ts';
import type { Funds } from './funds.ts';
import { makeId } from './ids.ts';
import {
  cancelIntent,
  captureIntent,
  confirmIntent,
  type Decision,
  openIntent,
  refuseUnsuited,
  settleIntent,
} from './payment-intent.ts';
import { type MethodParameters, readMethod } from './payment-method.ts';
import { refundCharge, settleRefund } from './refund.ts';
import type { Store } from './store.ts';
import type { Charge, Metadata, PaymentIntent, Refund } from './stripe-objects.ts';
import { findPaymentMethod, type PaymentMethod } from './test-cards.ts';

export type CreateParameters = MethodParameters & {
  amount: number;
  currency: string;
  allowed_payment_method_types?: readonly string[];
  capture_method?: PaymentIntent['capture_method'];
  confirm?: 'true' | 'false';
  customer?: string;
  description?: string;
  metadata?: Metadata | '';
  receipt_email?: string;
};
export type ConfirmParameters = MethodParameters;
export type CaptureParameters = { amount_to_capture?: number };
export type CancelParameters = { cancellation_reason?: string };
export type RefundParameters = {
  amount?: number;
  charge?: string;
  metadata?: Metadata | '';
  payment_intent?: string;
  reason?: string;
};

export type Payments = ReturnType<typeof createPayments>;

/**
 * The commands on payments. Each loads, decides by the pure rules and saves what changed
 * together with its movement of money and its event; run it inside `store.commit`.
 */
export function createPayments(deps: {
  readonly store: Store;
  readonly objects: Objects;
  readonly books: Books;
  readonly clock: Clock;
  readonly settleAfterMs: number;
  readonly funds: Funds;
}) {
  const { store, objects, books, clock } = deps;
  const findSettlement = store.db.prepare('select 1 from settlements where payment_intent = ?');
  const insertSettlement = store.db.prepare(
    'insert into settlements (payment_intent, due_at_ms, succeeds) values (?, ?, ?)',
  );
  const nowMs = (): number => clock.now().getTime();
  const nowSeconds = (): number => Math.floor(nowMs() / 1000);

  function settleDecision(decision: Decision, by: RequestContext): Answer {
    if (decision.change !== undefined) books.saveChange(decision.change, by);
    return decision.kind === 'refused'
      ? answerRefused(decision)
      : { status: 200, body: decision.change.intent };
  }

  function confirmWith(
    intent: PaymentIntent,
    method: PaymentMethod | undefined,
    by: RequestContext,
  ): Answer {
    const decision = confirmIntent(intent, method, makeId('ch'), nowSeconds());
    const answer = settleDecision(decision, by);
    const outcome = method?.outcome;
    if (
      decision.kind === 'accepted' &&
      outcome?.kind === 'settles_later' &&
      outcome.succeeds !== null
    ) {
      insertSettlement.run(intent.id, nowMs() + deps.settleAfterMs, outcome.succeeds ? 1 : 0);
    }
    return answer;
  }

  function endRefund(refund: Refund, succeeds: boolean): void {
    const charge = objects.charges.find(refund.charge);
    if (charge === undefined) return;
    const ended = settleRefund(refund, charge, succeeds);
    books.saveRefundEnd(ended.refund, ended.charge, {
      requestId: makeId('req'),
      idempotencyKey: null,
      apiVersion: null,
    });
  }

  const chargeOf = (intent: PaymentIntent): Charge | undefined =>
    intent.latest_charge === null ? undefined : objects.charges.find(intent.latest_charge);

  return {
    create(parameters: CreateParameters, by: RequestContext): Answer {
      const method = readMethod(parameters);
      if (method?.kind === 'refused') return answerRefused(method);
      const captureMethod = parameters.capture_method ?? 'automatic';
      const unsuited = refuseUnsuited(
        method?.method,
        captureMethod,
        parameters.allowed_payment_method_types,
      );
      if (unsuited !== undefined) return answerRefused(unsuited);
      const odd = refuseAmount(parameters.amount, parameters.currency);
      if (odd !== undefined) return answerRefused(odd);
      const intent = openIntent(
        { intent: makeId('pi'), secret: makeId('secret') },
        {
          amount: parameters.amount,
          currency: parameters.currency,
          captureMethod,
          customer: parameters.customer ?? null,
          description: parameters.description ?? null,
          metadata: readMetadata(parameters.metadata),
          receiptEmail: parameters.receipt_email ?? null,
          paymentMethod: method?.method,
        },
        nowSeconds(),
      );
      if (parameters.confirm === 'true' && method === undefined) {
        return answerRefused(
          refuse(
            'You cannot confirm this PaymentIntent because it is missing a payment method. ' +
              'Pass `payment_method` together with `confirm`.',
            { code: 'parameter_missing', param: 'payment_method' },
          ),
        );
      }
      objects.intents.insert(intent, intent.id);
      return parameters.confirm === 'true'
        ? confirmWith(intent, method?.method, by)
        : { status: 200, body: intent };
    },

    confirm(intentId: string, parameters: ConfirmParameters, by: RequestContext): Answer {
      const intent = objects.intents.find(intentId);
      if (intent === undefined) return answerRefused(noSuchIntent(intentId, 'intent'));
      const method = readMethod(
        parameters.payment_method === undefined && parameters.payment_method_data === undefined
          ? { ...(intent.payment_method !== null && { payment_method: intent.payment_method }) }
          : parameters,
      );
      if (method?.kind === 'refused') return answerRefused(method);
      return confirmWith(intent, method?.method, by);
    },

    capture(intentId: string, parameters: CaptureParameters, by: RequestContext): Answer {
      const intent = objects.intents.find(intentId);
      if (intent === undefined) return answerRefused(noSuchIntent(intentId, 'intent'));
      return settleDecision(
        captureIntent(intent, chargeOf(intent), parameters.amount_to_capture),
        by,
      );
    },

    cancel(intentId: string, parameters: CancelParameters, by: RequestContext): Answer {
      const intent = objects.intents.find(intentId);
      if (intent === undefined) return answerRefused(noSuchIntent(intentId, 'intent'));
      return settleDecision(
        cancelIntent(
          intent,
          parameters.cancellation_reason ?? null,
          nowSeconds(),
          findSettlement.get(intentId) !== undefined,
        ),
        by,
      );
    },

    refund(parameters: RefundParameters, by: RequestContext): Answer {
      const intent = findRefunded(objects, parameters);
      if ('kind' in intent) return answerRefused(intent);
      const charge = chargeOf(intent);
      const outcome = findPaymentMethod(charge?.payment_method ?? '')?.outcome;
      const later = outcome?.kind === 'approved' ? outcome.refunds : undefined;
      const decision = refundCharge(
        { refund: makeId('re'), balanceTransaction: makeId('txn') },
        intent,
        charge,
        {
          amount: parameters.amount,
          metadata: readMetadata(parameters.metadata),
          reason: parameters.reason ?? null,
          takesTime: later === 'take_time',
        },
        nowSeconds(),
      );
      if (decision.kind === 'refused') return answerRefused(decision);
      const unfunded = deps.funds.refuseBeyond(decision.refund.amount);
      if (unfunded !== undefined) return answerRefused(unfunded);
      books.saveRefund(decision.refund, decision.charge, by);
      if (later !== undefined) {
        const dueAt = nowMs() + deps.settleAfterMs;
        insertSettlement.run(decision.refund.id, dueAt, later === 'take_time' ? 1 : 0);
      }
      return { status: 200, body: decision.refund };
    },

    /** Ends the wait of a payment or refund that settles by itself; nothing if it was ended before. */
    settle(intentId: string, succeeds: boolean): void {
      const refund = objects.refunds.find(intentId);
      if (refund !== undefined) {
        endRefund(refund, succeeds);
        return;
      }
      const intent = objects.intents.find(intentId);
      const charge = intent && chargeOf(intent);
      const change = intent && charge && settleIntent(intent, charge, succeeds);
      if (change === undefined) return;
      books.saveChange(change, {
        requestId: makeId('req'),
        idempotencyKey: null,
        apiVersion: null,
      });
    },
  };
}

/** As Stripe says that an intent is not there; `param` is the parameter that named it. */
export function noSuchIntent(id: string, param: string): Refused {
  return refuse(`No such payment_intent: '${id}'`, {
    code: 'resource_missing',
    param,
    status: 404,
  });
}

function findRefunded(objects: Objects, parameters: RefundParameters): PaymentIntent | Refused {
  const { charge, payment_intent: intentId } = parameters;
  if (charge === undefined && intentId === undefined) {
    return refuse('One of the following params should be provided: payment_intent or charge.', {
      code: 'parameter_missing',
      param: 'payment_intent',
    });
  }
  const id = intentId ?? objects.charges.find(charge ?? '')?.payment_intent;
  const intent = id === undefined ? undefined : objects.intents.find(id);
  if (intent !== undefined) return intent;
  return intentId === undefined
    ? refuse(`No such charge: '${charge}'`, {
        code: 'resource_missing',
        param: 'charge',
        status: 404,
      })
    : noSuchIntent(intentId, 'payment_intent');
}

function readMetadata(given: Metadata | '' | undefined): Metadata {
  return Object.fromEntries(Object.entries(given || {}).filter(([, value]) => value !== ''));
}
