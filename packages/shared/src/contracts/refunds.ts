import Joi from 'joi';
import type { Contract } from './contract.ts';
import { currency, id, minor, seatId } from './fields.ts';

/** A refund as it stands after the change; it moves money, never a ticket. */
export type RefundChange = {
  refundId: string;
  paymentId: string;
  bookingId: string;
  eventId: string;
  userId: string;
  amountMinor: number;
  currency: string;
  reason: string;
  /** The seats whose price it repays, in whole or in part; the rest is of the order as a whole. */
  seats: { seatId: string; amountMinor: number }[];
  /** Why the provider refused it. */
  failure?: string;
};

const example: RefundChange = {
  refundId: '0198c9d7-4444-7000-8000-000000000009',
  paymentId: '0198c9d5-3333-7000-8000-000000000001',
  bookingId: '0198c9d5-1111-7000-8000-000000000042',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  amountMinor: 4800,
  currency: 'EUR',
  reason: 'customer_request',
  seats: [{ seatId: 'STALLS-C-14', amountMinor: 4800 }],
};

const schema = Joi.object<RefundChange>({
  refundId: id().required(),
  paymentId: id().required(),
  bookingId: id().required(),
  eventId: id().required(),
  userId: id().required(),
  amountMinor: minor().required(),
  currency: currency().required(),
  reason: Joi.string().required(),
  seats: Joi.array()
    .items(Joi.object({ seatId: seatId().required(), amountMinor: minor().required() }))
    .required(),
  failure: Joi.string(),
});

function refundContract(
  type: string,
  summary: string,
  golden: RefundChange = example,
  consumers: string[] = [],
): Contract<RefundChange> {
  return {
    type,
    topic: 'booking.payments',
    producer: 'booking',
    consumers,
    summary,
    schema,
    example: golden,
  };
}

export const refundRequested = refundContract(
  'refund.requested.v1',
  'Money is owed to the buyer and the provider is asked to pay it back',
);
export const refundSucceeded = refundContract(
  'refund.succeeded.v1',
  'The provider has paid the buyer back',
  example,
  ['notifications'],
);
export const refundFailed = refundContract(
  'refund.failed.v1',
  'The provider could not pay the buyer back, also after it had said so; an operator looks at it',
  { ...example, failure: 'expired_or_canceled_card' },
);

export const REFUND_CONTRACTS = [refundRequested, refundSucceeded, refundFailed] as const;
