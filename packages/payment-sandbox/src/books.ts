import type { Clock } from '@holdfast/shared/clock.ts';
import { makeId } from './ids.ts';
import { openObjectTable } from './object-table.ts';
import type { IntentChange } from './payment-intent.ts';
import type { Store } from './store.ts';
import type {
  BalanceTransaction,
  Charge,
  EventType,
  PaymentIntent,
  Refund,
  StripeEvent,
} from './stripe-objects.ts';

/** Who asked, for the webhook events that the request causes. */
export type RequestContext = {
  readonly requestId: string;
  readonly idempotencyKey: string | null;
  readonly apiVersion: string | null;
};

/** The stored objects, by kind. */
export function openObjects(store: Store) {
  return {
    intents: openObjectTable<PaymentIntent>(store, 'payment_intents'),
    charges: openObjectTable<Charge>(store, 'charges'),
    refunds: openObjectTable<Refund>(store, 'refunds'),
    balanceTransactions: openObjectTable<BalanceTransaction>(store, 'balance_transactions'),
    events: openObjectTable<StripeEvent>(store, 'events'),
  };
}

export type Objects = ReturnType<typeof openObjects>;
export type Books = ReturnType<typeof createBooks>;

/** Writes what was decided: objects, movements of money, events and their deliveries. */
export function createBooks(deps: {
  readonly store: Store;
  readonly objects: Objects;
  readonly clock: Clock;
  /** Whether events are to be delivered; without a receiver they are only kept. */
  readonly delivers: boolean;
}) {
  const { store, objects, clock } = deps;
  const insertDelivery = store.db.prepare(
    'insert into deliveries (event_id, next_attempt_at_ms) values (?, ?)',
  );
  const nowMs = (): number => clock.now().getTime();
  const nowSeconds = (): number => Math.floor(nowMs() / 1000);

  function emit(
    type: EventType,
    object: PaymentIntent | Charge | Refund,
    intentId: string,
    by: RequestContext,
  ): void {
    const event: StripeEvent = {
      id: makeId('evt'),
      object: 'event',
      api_version: by.apiVersion,
      created: nowSeconds(),
      data: { object },
      livemode: false,
      pending_webhooks: deps.delivers ? 1 : 0,
      request: { id: by.requestId, idempotency_key: by.idempotencyKey },
      type,
    };
    objects.events.insert(event, intentId);
    if (deps.delivers) insertDelivery.run(event.id, nowMs());
  }

  function moveMoney(
    move: Pick<BalanceTransaction, 'id' | 'amount' | 'currency' | 'source' | 'type'>,
    intentId: string,
  ): void {
    objects.balanceTransactions.insert(
      {
        ...move,
        object: 'balance_transaction',
        created: nowSeconds(),
        fee: 0,
        net: move.amount,
        status: 'available',
      },
      intentId,
    );
  }

  function saveCharge(charge: Charge): void {
    let kept = charge;
    if (charge.captured && charge.balance_transaction === null) {
      kept = { ...charge, balance_transaction: makeId('txn') };
      moveMoney(
        {
          id: kept.balance_transaction ?? '',
          amount: charge.amount_captured,
          currency: charge.currency,
          source: charge.id,
          type: 'charge',
        },
        charge.payment_intent,
      );
    }
    if (objects.charges.find(charge.id) === undefined) {
      objects.charges.insert(kept, charge.payment_intent);
    } else {
      objects.charges.update(kept);
    }
  }

  function saveChange({ intent, charge, event }: IntentChange, by: RequestContext): void {
    objects.intents.update(intent);
    if (charge !== undefined) saveCharge(charge);
    emit(event, intent, intent.id, by);
  }

  return {
    /** Saves a change of an intent and of its charge, the money it took, and its event. */
    saveChange,
    /** Saves a refund, the charge it lessens, the money it gave back, and its events. */
    saveRefund(refund: Refund, charge: Charge, by: RequestContext): void {
      const intentId = refund.payment_intent;
      objects.refunds.insert(refund, intentId);
      objects.charges.update(charge);
      moveMoney(
        {
          id: refund.balance_transaction,
          amount: -refund.amount,
          currency: refund.currency,
          source: refund.id,
          type: 'refund',
        },
        intentId,
      );
      emit('refund.created', refund, intentId, by);
      emit('charge.refunded', charge, intentId, by);
      emit('refund.updated', refund, intentId, by);
    },
    /** Saves how a refund has ended; of one that failed the money has come back. */
    saveRefundEnd(refund: Refund, charge: Charge, by: RequestContext): void {
      const intentId = refund.payment_intent;
      objects.refunds.update(refund);
      objects.charges.update(charge);
      emit('refund.updated', refund, intentId, by);
      if (refund.status !== 'failed') return;
      const { amount, currency, id: source } = refund;
      moveMoney({ id: makeId('txn'), amount, currency, source, type: 'refund_failure' }, intentId);
      emit('refund.failed', refund, intentId, by);
    },
  };
}
