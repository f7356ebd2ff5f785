import { currency, id, instant, minor, seatId } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import Joi from 'joi';
import type { CheckoutDeps, OnChanged } from '../operations/advance-checkout.ts';
import {
  cancelSeats,
  previewCancellation,
  REPAYMENTS,
  type Repayment,
  type WorkedOut,
} from '../operations/cancel-seats.ts';
import { findBooking } from '../stores/bookings.ts';
import { paymentsOf } from '../stores/payments.ts';
import { bookingAnswer, presentBooking } from './presenters.ts';
import { visible } from './visible.ts';

type Use = () => { checkout: CheckoutDeps; onChanged: OnChanged };
type Params = { bookingId: string };
type Query = { seatIds?: string; repay?: Repayment };
type Body = { seatIds?: string[]; reason: string; expectMinor?: number; repay?: Repayment };

const byId = Joi.object<Params>({ bookingId: id().lowercase().required() });
const repay = () =>
  Joi.string()
    .valid(...REPAYMENTS)
    .description('Of an admin: as the terms say, in full (unless said otherwise), or nothing');

export function cancellationRoutes(use: Use): Route[] {
  return [preview(use), cancel(use)];
}

function preview(use: Use): Route {
  return route<{ params: Params; query: Query }>({
    method: 'get',
    path: '/api/bookings/:bookingId/cancellation',
    id: 'previewCancellation',
    tag: 'bookings',
    summary: 'What cancelling a booking, or some of its seats, would repay now',
    access: 'login',
    params: byId,
    query: Joi.object({
      seatIds: Joi.string()
        .min(1)
        .max(6_400)
        .description('Seat ids with commas between them; all live seats without')
        .example('STALLS-C-14'),
      repay: repay(),
    }),
    responses: { 200: { description: 'The preview', ...cancellationAnswer } },
    errors: [
      'booking_not_found',
      'booking_not_cancellable',
      'cancellation_not_allowed',
      'seat_not_found',
      'ticket_used',
      'ticket_transferred',
      'ticket_void',
    ],
    async run({ params: { bookingId }, query, actor }) {
      const { db } = use().checkout;
      const booking = visible(await findBooking(db, bookingId), bookingId, actor);
      if (isRefusal(booking)) return booking;
      const by = rightsOf(actor, query.repay);
      if (isRefusal(by)) return by;
      const seatIds = query.seatIds?.split(',');
      const found = await previewCancellation(db, { ...by, bookingId, seatIds });
      if (isRefusal(found)) return found;
      return reply(200, { cancellation: present(found, booking.currency) });
    },
  });
}

function cancel(use: Use): Route {
  return route<{ params: Params; body: Body }>({
    method: 'post',
    path: '/api/bookings/:bookingId/cancel',
    id: 'cancelBooking',
    tag: 'bookings',
    summary: 'Cancels a booking, or some of its seats, and repays what the terms leave',
    access: 'login',
    params: byId,
    body: Joi.object({
      seatIds: Joi.array()
        .items(seatId())
        .min(1)
        .max(100)
        .unique()
        .description('All live seats unless some are named'),
      reason: Joi.string().min(1).max(500).default('customer_request').example('customer_request'),
      expectMinor: minor().description('What the preview promised: refused if less is repaid'),
      repay: repay(),
    }).example({ seatIds: ['STALLS-C-14'], reason: 'customer_request' }),
    responses: { 200: { description: 'The booking afterwards', ...bookingAnswer } },
    errors: [
      'booking_not_found',
      'booking_not_cancellable',
      'cancellation_not_allowed',
      'repayment_changed',
      'seat_not_found',
      'ticket_used',
      'ticket_transferred',
      'ticket_void',
    ],
    async run({ params: { bookingId }, body, actor, origin }) {
      const { checkout, onChanged } = use();
      const { db } = checkout;
      const { seatIds, reason, expectMinor } = body;
      const known = visible(await findBooking(db, bookingId), bookingId, actor);
      if (isRefusal(known)) return known;
      const by = rightsOf(actor, body.repay);
      if (isRefusal(by)) return by;
      const booking = await cancelSeats(
        { db, onChanged },
        { ...by, bookingId, seatIds, reason, expectMinor, origin },
      );
      if (isRefusal(booking)) return booking;
      const payments = await paymentsOf(db, [bookingId]);
      return reply(200, { booking: presentBooking(booking, payments.get(bookingId)) });
    },
  });
}

/** An admin chooses what is repaid; a buyer cancels as the terms say. */
function rightsOf(actor: Actor, wanted: Repayment | undefined) {
  const isAdmin = actor.roles.includes('admin');
  if (!isAdmin && wanted !== undefined && wanted !== 'policy') {
    return refused('forbidden', 'Only an admin may choose what is repaid: leave `repay` out.');
  }
  return { isAdmin, repay: wanted ?? (isAdmin ? 'full' : 'policy') } as const;
}

function present({ shares: _shares, until, ...cancellation }: WorkedOut, currency: string) {
  return { ...cancellation, until: until?.toISOString() ?? null, currency };
}

const part = {
  seatId: 'STALLS-C-14',
  paidMinor: 5_070,
  earlierMinor: 0,
  repaidMinor: 3_840,
  keptMinor: 1_230,
};
const cancellationAnswer = {
  schema: Joi.object({
    cancellation: Joi.object({
      seatIds: Joi.array().items(seatId()).required(),
      isWhole: Joi.boolean().required().description('Whether it cancels the booking itself'),
      parts: Joi.array()
        .items(
          Joi.object({
            seatId: seatId().allow(null).required().description('Null: of the order as a whole'),
            paidMinor: minor().required(),
            earlierMinor: minor().required().description('Repaid without a cancellation before'),
            repaidMinor: minor().required(),
            keptMinor: minor().required(),
          }),
        )
        .required(),
      repaidMinor: minor().required(),
      keptMinor: minor().required(),
      currency: currency().required(),
      until: instant().allow(null).required().description('From then on other terms apply'),
      waived: Joi.boolean().required().description('Free of charge, whatever the terms say'),
    }).required(),
  }),
  example: {
    cancellation: {
      seatIds: ['STALLS-C-14'],
      isWhole: false,
      parts: [part],
      repaidMinor: part.repaidMinor,
      keptMinor: part.keptMinor,
      currency: 'EUR',
      until: '2027-03-13T18:30:00.000Z',
      waived: false,
    },
  },
};
