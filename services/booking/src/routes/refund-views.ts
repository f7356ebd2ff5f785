import { currency, id, instant, minor, seatId } from '@holdfast/shared/contracts/fields.ts';
import Joi from 'joi';
import { REFUND_STATUSES, type Refund, refundedSeats } from '../after-sale/refund.ts';

/** A refund as clients see it. */
export function presentRefund(refund: Refund) {
  return {
    refundId: refund.id,
    bookingId: refund.bookingId,
    status: refund.status,
    failure: refund.failure,
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    reason: refund.reason,
    askedBy: refund.askedBy,
    seats: refundedSeats(refund),
    createdAt: refund.createdAt.toISOString(),
    changedAt: refund.changedAt.toISOString(),
  };
}

const refundSchema = Joi.object({
  refundId: id().required(),
  bookingId: id().required(),
  status: Joi.string()
    .valid(...REFUND_STATUSES)
    .required(),
  failure: Joi.string()
    .allow(null)
    .required()
    .description(
      'Why the provider refused it last; with `insufficient_funds` it is tried again by itself',
    ),
  amountMinor: minor().required(),
  currency: currency().required(),
  reason: Joi.string().required(),
  askedBy: Joi.string().required(),
  seats: Joi.array()
    .items(Joi.object({ seatId: seatId().required(), amountMinor: minor().required() }))
    .required()
    .description('The seats whose price it repays; the rest is of the order as a whole'),
  createdAt: instant().required(),
  changedAt: instant().required(),
});

const example = {
  refundId: '0198c9d7-4444-7000-8000-000000000009',
  bookingId: '0198c9d5-6a02-7f3e-8b10-2c4d5e6f7081',
  status: 'requested',
  failure: null,
  amountMinor: 4_800,
  currency: 'EUR',
  reason: 'view_restricted',
  askedBy: 'user:0198c9d4-0c3d-7b22-9f83-1a2b3c4d5e6f',
  seats: [{ seatId: 'STALLS-C-14', amountMinor: 4_800 }],
  createdAt: '2027-01-09T09:00:00.000Z',
  changedAt: '2027-01-09T09:00:00.000Z',
};

export const refundAnswer = {
  schema: Joi.object({ refund: refundSchema.required() }),
  example: { refund: example },
};
export const refundsAnswer = {
  schema: Joi.object({ refunds: Joi.array().items(refundSchema).required() }),
  example: { refunds: [example] },
};
export const refundsPageAnswer = {
  schema: Joi.object({
    refunds: Joi.array().items(refundSchema).required(),
    next: id().allow(null).required(),
  }),
  example: {
    refunds: [{ ...example, status: 'failed', failure: 'expired_or_canceled_card' }],
    next: null,
  },
};
