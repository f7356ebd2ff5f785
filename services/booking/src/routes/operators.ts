import { currency, id, instant, minor } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal, refused } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import Joi from 'joi';
import { BOOKING_STATUSES, type BookingStatus } from '../checkout.ts';
import { explainBooking } from '../explain.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import { resumeBooking } from '../operations/resume-booking.ts';
import { findBooking } from '../stores/bookings.ts';
import { listOpenCheckouts, listSteps } from '../stores/operations.ts';
import { paymentsOf } from '../stores/payments.ts';
import { bookingAnswer, presentBooking } from './presenters.ts';

type Use = () => {
  db: Database;
  checkout: CheckoutDeps;
  onCallsDue: () => void;
  restingLimitSeconds: number;
};
type ById = { bookingId: string };

const byId = Joi.object<ById>({ bookingId: id().lowercase().required() });
const text = () => Joi.string().allow(null).required();
const openSchema = Joi.object({
  bookingId: id().required(),
  eventId: id().required(),
  userId: id().required(),
  status: Joi.string()
    .valid(...BOOKING_STATUSES)
    .required(),
  reason: text(),
  totalMinor: minor().required(),
  currency: currency().required(),
  since: instant().required(),
  seconds: Joi.number().required().description('How long it has been in its status'),
  waitsFor: Joi.string().required(),
  attempts: Joi.number().integer().allow(null).required(),
  nextAttemptAt: instant().allow(null).required(),
  error: text().description('Why the last try did not end the wait'),
});
const stepSchema = Joi.object({
  step: Joi.string().required(),
  state: Joi.string().valid('waiting', 'done', 'refused', 'unknown').required(),
  since: instant().required(),
  endedAt: instant().allow(null).required(),
  attempts: Joi.number().integer().allow(null).required(),
  nextAttemptAt: instant().allow(null).required(),
  error: text(),
});
const exampleStep = {
  step: 'capture',
  state: 'waiting',
  since: '2027-01-08T10:00:00.412Z',
  endedAt: null,
  attempts: 7,
  nextAttemptAt: '2027-01-08T10:01:30.000Z',
  error: 'The payment provider did not answer',
};
const exampleOpen = {
  bookingId: '0198c9d5-6a02-7f3e-8b10-2c4d5e6f7081',
  eventId: '0198c9d5-1111-7000-8000-3a5b7c9d1e2f',
  userId: '0198c9d4-0c3d-7b22-9f83-1a2b3c4d5e6f',
  status: 'capturing',
  reason: null,
  totalMinor: 4_800,
  currency: 'EUR',
  since: '2027-01-08T10:00:00.412Z',
  seconds: 61.2,
  waitsFor: 'the payment provider: capture',
  attempts: 7,
  nextAttemptAt: '2027-01-08T10:01:30.000Z',
  error: 'The payment provider did not answer',
};

/** For those who run it: which bookings wait, for what, and how to take one up. */
export function operatorRoutes(use: Use): Route[] {
  return [list(use), explain(use), resume(use)];
}

function list(use: Use): Route {
  return route<{ query: { status?: BookingStatus; stuck: boolean; limit: number } }>({
    method: 'get',
    path: '/api/admin/bookings',
    id: 'listOpenBookings',
    tag: 'operations',
    summary: 'Bookings that are not at rest, those that wait longest first',
    access: ['admin'],
    query: Joi.object({
      status: Joi.string().valid(...BOOKING_STATUSES),
      stuck: Joi.boolean()
        .default(false)
        .description('Only those that rest for longer than they may, other than for a bank'),
      limit: Joi.number().integer().min(1).max(1_000).default(100),
    }),
    responses: {
      200: {
        description: 'At most `limit` of them',
        schema: Joi.object({ bookings: Joi.array().items(openSchema).required() }),
        example: { bookings: [exampleOpen] },
      },
    },
    async run({ query: { status, stuck, limit } }) {
      const { db, restingLimitSeconds } = use();
      const bookings = await listOpenCheckouts(db, {
        limit,
        ...(status && { status }),
        ...(stuck && { restingSeconds: restingLimitSeconds }),
      });
      return reply(200, { bookings });
    },
  });
}

function explain(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/admin/bookings/:bookingId',
    id: 'explainBooking',
    tag: 'operations',
    summary: 'The steps of a booking, what it waits for and what may be done',
    access: ['admin'],
    params: byId,
    responses: {
      200: {
        description: 'As it stands',
        schema: Joi.object({
          booking: bookingAnswer.schema.extract('booking'),
          steps: Joi.array().items(stepSchema).required(),
          summary: Joi.string().required(),
          advice: Joi.string().required(),
          isResumable: Joi.boolean().required(),
        }),
        example: {
          ...bookingAnswer.example,
          steps: [exampleStep],
          summary: 'It is capturing. The payment provider is to capture; asked 7 times.',
          advice: 'Look whether the provider is up (/health); resume asks it again at once.',
          isResumable: true,
        },
      },
    },
    errors: ['booking_not_found'],
    async run({ params: { bookingId } }) {
      const { db } = use();
      const booking = await findBooking(db, bookingId);
      if (booking === undefined) {
        return refused('booking_not_found', `There is no booking ${bookingId}.`);
      }
      const [payments, steps] = await Promise.all([
        paymentsOf(db, [bookingId]),
        listSteps(db, bookingId),
      ]);
      return reply(200, {
        booking: presentBooking(booking, payments.get(bookingId)),
        steps,
        ...explainBooking(booking, steps),
      });
    },
  });
}

function resume(use: Use): Route {
  return route<{ params: ById }>({
    method: 'post',
    path: '/api/admin/bookings/:bookingId/resume',
    id: 'resumeBooking',
    tag: 'operations',
    summary: 'Takes up a booking that waits: asks catalog or the provider again at once',
    access: ['admin'],
    params: byId,
    responses: {
      200: {
        description: 'What was done about it; the outcome is for catalog and the provider to say',
        schema: Joi.object({ done: Joi.string().required() }),
        example: { done: 'call_hastened' },
      },
    },
    errors: ['booking_not_found', 'booking_not_resumable'],
    async run({ params: { bookingId }, origin }) {
      const { checkout, onCallsDue } = use();
      const resumed = await resumeBooking({ ...checkout, onCallsDue }, { bookingId, origin });
      return isRefusal(resumed) ? resumed : reply(200, { done: resumed.done });
    },
  });
}
