import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { REFUND_STATUSES, type RefundStatus } from '../after-sale/refund.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import { refundBooking } from '../operations/refund-booking.ts';
import { retryRefund } from '../operations/retry-refund.ts';
import { findBooking } from '../stores/bookings.ts';
import { listRefunds, refundsOf } from '../stores/refunds.ts';
import { presentRefund, refundAnswer, refundsAnswer, refundsPageAnswer } from './refund-views.ts';
import { visible } from './visible.ts';

type Use = () => { db: Database; checkout: CheckoutDeps; onCallsDue: () => void };
type RefundBody = { amountMinor?: number; seatIds?: string[]; reason: string };

const byBooking = Joi.object<{ bookingId: string }>({ bookingId: id().lowercase().required() });
const byRefund = Joi.object<{ refundId: string }>({ refundId: id().lowercase().required() });

export function refundRoutes(use: Use): Route[] {
  return [show(use), make(use), list(use), retry(use)];
}

function show(use: Use): Route {
  return route<{ params: { bookingId: string } }>({
    method: 'get',
    path: '/api/bookings/:bookingId/refunds',
    id: 'listBookingRefunds',
    tag: 'refunds',
    summary: 'The refunds of a booking, the oldest first',
    access: 'login',
    params: byBooking,
    responses: { 200: { description: 'Its refunds, paid or not', ...refundsAnswer } },
    errors: ['booking_not_found'],
    async run({ params: { bookingId }, actor }) {
      const { db } = use().checkout;
      const booking = visible(await findBooking(db, bookingId), bookingId, actor);
      if (isRefusal(booking)) return booking;
      return reply(200, { refunds: (await refundsOf(db, bookingId)).map(presentRefund) });
    },
  });
}

function make(use: Use): Route {
  return route<{ params: { bookingId: string }; body: RefundBody }>({
    method: 'post',
    path: '/api/bookings/:bookingId/refunds',
    id: 'refundBooking',
    tag: 'refunds',
    summary: 'Repays a part of the money, or all that is left; tickets stay as they are',
    access: ['admin'],
    params: byBooking,
    body: Joi.object({
      amountMinor: Joi.number().integer().min(1).description('So much, in the minor unit'),
      seatIds: Joi.array()
        .items(Joi.string().max(64))
        .min(1)
        .max(100)
        .unique()
        .description('All that is left of what these seats cost'),
      reason: Joi.string().min(1).max(500).required().example('view_restricted'),
    })
      .xor('amountMinor', 'seatIds')
      .example({ seatIds: ['STALLS-C-14'], reason: 'view_restricted' }),
    responses: { 202: { description: 'Asked for: the provider pays it', ...refundAnswer } },
    errors: [
      'booking_not_found',
      'booking_not_refundable',
      'amount_not_chargeable',
      'refund_exceeds_payment',
      'seat_not_found',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'request_in_flight',
    ],
    async run({ params: { bookingId }, body, actor, origin, idempotencyKey }) {
      const { checkout, onCallsDue } = use();
      const { amountMinor, seatIds = [], reason } = body;
      const made = await refundBooking(
        { ...checkout, onCallsDue },
        {
          bookingId,
          wanted: amountMinor === undefined ? { seatIds } : { amountMinor },
          reason,
          userId: actor.userId,
          key: idempotencyKey,
          origin,
        },
      );
      if (isRefusal(made)) return made;
      return reply(
        202,
        { refund: presentRefund(made.refund) },
        made.repeated ? { 'idempotent-replayed': 'true' } : {},
      );
    },
  });
}

function list(use: Use): Route {
  return route<{ query: { status: RefundStatus; cursor?: string; limit: number } }>({
    method: 'get',
    path: '/api/admin/refunds',
    id: 'listRefunds',
    tag: 'refunds',
    summary: 'Refunds by status, those that need an operator (failed) unless asked otherwise',
    access: ['admin'],
    query: Joi.object({
      status: Joi.string()
        .valid(...REFUND_STATUSES)
        .default('failed'),
      cursor: id().description('`next` of the page before'),
      limit: Joi.number().integer().min(1).max(100).default(20),
    }),
    responses: { 200: { description: 'A page, the newest first', ...refundsPageAnswer } },
    async run({ query: { status, cursor, limit } }) {
      const found = await listRefunds(use().db, {
        status,
        before: cursor,
        limit: limit + 1,
      });
      const page = found.slice(0, limit);
      return reply(200, {
        refunds: page.map(presentRefund),
        next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      });
    },
  });
}

function retry(use: Use): Route {
  return route<{ params: { refundId: string } }>({
    method: 'post',
    path: '/api/admin/refunds/:refundId/retry',
    id: 'retryRefund',
    tag: 'refunds',
    summary: 'Asks the provider again for a refund that failed or waits for funds',
    access: ['admin'],
    params: byRefund,
    responses: { 202: { description: 'Asked for again', ...refundAnswer } },
    errors: ['refund_not_found', 'refund_not_failed'],
    async run({ params: { refundId }, origin }) {
      const { checkout, onCallsDue } = use();
      const refund = await retryRefund({ ...checkout, onCallsDue }, { refundId, origin });
      return isRefusal(refund) ? refund : reply(202, { refund: presentRefund(refund) });
    },
  });
}
