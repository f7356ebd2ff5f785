import Joi from 'joi';
import type { Contract } from './contract.ts';
import { currency, id, minor } from './fields.ts';

export type PaymentChange = {
  paymentId: string;
  bookingId: string;
  userId: string;
  amountMinor: number;
  currency: string;
  /** The provider's id of the payment, once it has one. */
  providerId: string | null;
  /** The provider's code of a decline. */
  code?: string;
};

const example: PaymentChange = {
  paymentId: '0198c9d5-3333-7000-8000-000000000001',
  bookingId: '0198c9d5-1111-7000-8000-000000000042',
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  amountMinor: 4800,
  currency: 'EUR',
  providerId: 'pi_3QbHoldfastExample',
};

const schema = Joi.object<PaymentChange>({
  paymentId: id().required(),
  bookingId: id().required(),
  userId: id().required(),
  amountMinor: minor().required(),
  currency: currency().required(),
  providerId: Joi.string().allow(null).required(),
  code: Joi.string(),
});

function paymentContract(
  type: string,
  summary: string,
  golden: PaymentChange = example,
): Contract<PaymentChange> {
  return {
    type,
    topic: 'booking.payments',
    producer: 'booking',
    consumers: [],
    summary,
    schema,
    example: golden,
  };
}

export const paymentAuthorized = paymentContract(
  'payment.authorized.v1',
  'Money is reserved on the card',
);
export const paymentDeclined = paymentContract('payment.declined.v1', 'The provider said no', {
  ...example,
  code: 'card_declined',
});
export const paymentCaptured = paymentContract('payment.captured.v1', 'Money was taken');
export const paymentVoided = paymentContract(
  'payment.voided.v1',
  'An authorization was given back',
);
export const paymentRefunded = paymentContract(
  'payment.refunded.v1',
  'All that was captured has been paid back; `refund.succeeded.v1` tells of each refund',
);

export const PAYMENT_CONTRACTS = [
  paymentAuthorized,
  paymentDeclined,
  paymentCaptured,
  paymentVoided,
  paymentRefunded,
] as const;
