import { id } from '@holdfast/shared/contracts/fields.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { type Route, reply, route } from '@holdfast/shared/http/route.ts';
import Joi from 'joi';
import { refuseUnchargeable } from '../chargeable.ts';
import { BOOKING_STATUSES, type BookingStatus } from '../checkout.ts';
import type { ProviderBacklog } from '../loops/provider-backlog.ts';
import type { VerifyOffer } from '../offer.ts';
import type { CheckoutDeps } from '../operations/advance-checkout.ts';
import type { Outcomes } from '../outcomes.ts';
import { METHOD_TYPES, type MethodType } from '../payment.ts';
import { quoteOffer } from '../quote.ts';
import type { BookingReads } from '../stores/booking-reads.ts';
import { type BookingFilter, findBooking, listBookings } from '../stores/bookings.ts';
import { paymentsOf } from '../stores/payments.ts';
import {
  EXAMPLE_OFFER,
  type OffersBody,
  offerMembers,
  readOffers,
  usualKey,
} from './offers-body.ts';
import {
  bookingAnswer,
  bookingsAnswer,
  presentBooking,
  presentPlaced,
  presentTicket,
  quoteAnswer,
  ticketsAnswer,
} from './presenters.ts';
import { visible } from './visible.ts';

/** What the routes work with; throws a retryable Fault while the store did not answer yet. */
type Use = () => {
  checkout: CheckoutDeps;
  outcomes: Outcomes;
  backlog: ProviderBacklog;
  reads: BookingReads;
  verifyOffer: VerifyOffer;
};
type ById = { bookingId: string };

const LONGEST_WAIT_SECONDS = 25;
/** Statuses that the payment provider's answer ends. */
const WAITS_FOR_PROVIDER: readonly BookingStatus[] = ['pending', 'capturing', 'voiding'];
/** In small letters, as the store writes ids, whatever the address has. */
const byId = Joi.object<ById>({ bookingId: id().lowercase().required() });

export function bookingRoutes(use: Use): Route[] {
  return [place(use), quote(use), list(use), show(use), showTickets(use)];
}

function place(use: Use): Route {
  return route<{
    body: OffersBody & { paymentMethod?: string; paymentMethodType: MethodType };
  }>({
    method: 'post',
    path: '/api/bookings',
    id: 'placeBooking',
    tag: 'bookings',
    summary:
      'Books the seats of a hold, or of several of an event, at the prices of their signed offers',
    access: 'login',
    body: Joi.object({
      ...offerMembers,
      paymentMethod: Joi.string()
        .pattern(/^pm_[A-Za-z0-9_]{1,200}$/)
        .description("The provider's id of the buyer's card; needed unless all seats are free")
        .example('pm_card_visa'),
      paymentMethodType: Joi.string()
        .valid(...METHOD_TYPES)
        .default('card')
        .description('What kind it is; any but a card settles by itself, later'),
    })
      .xor('offer', 'offers')
      .example({ offer: EXAMPLE_OFFER, paymentMethod: 'pm_card_visa' }),
    responses: {
      202: { description: 'Being worked on: follow Location for the outcome', ...bookingAnswer },
    },
    errors: [
      'offer_invalid',
      'offer_not_owner',
      'offers_differ',
      'offer_expired',
      'payment_method_required',
      'amount_not_chargeable',
      'hold_already_booked',
      'event_cancelled',
      'quota_exceeded',
      'idempotency_key_invalid',
      'idempotency_key_reused',
      'request_in_flight',
      'payments_unavailable',
    ],
    async run({ body, actor, origin, idempotencyKey }) {
      const { checkout, backlog, verifyOffer } = use();
      const offer = await readOffers(verifyOffer, body, actor.userId);
      if (isRefusal(offer)) return offer;
      const key = idempotencyKey ?? usualKey(offer);
      const { paymentMethod, paymentMethodType } = body;
      const closed = backlog.refuseFull();
      const wish = { offer, paymentMethod, paymentMethodType, closed, key, origin };
      const placed = await checkout.place(wish);
      if (isRefusal(placed)) return placed;
      return reply(
        202,
        { booking: presentPlaced(placed.booking) },
        {
          location: `/api/bookings/${placed.booking.id}`,
          ...(placed.repeated && { 'idempotent-replayed': 'true' }),
        },
      );
    },
  });
}

function quote(use: Use): Route {
  return route<{ body: OffersBody }>({
    method: 'post',
    path: '/api/bookings/quote',
    id: 'quoteOffer',
    tag: 'bookings',
    summary: 'What the seats of offers come to with fees and taxes, line by line; stores nothing',
    access: 'login',
    body: Joi.object(offerMembers).xor('offer', 'offers').example({ offer: EXAMPLE_OFFER }),
    responses: { 200: { description: 'As it would be charged', ...quoteAnswer } },
    errors: ['offer_invalid', 'offer_not_owner', 'offers_differ', 'amount_not_chargeable'],
    async run({ body, actor }) {
      const offer = await readOffers(use().verifyOffer, body, actor.userId);
      if (isRefusal(offer)) return offer;
      const { currency, expiresAt } = offer;
      const quote = quoteOffer(offer);
      const uncharged = refuseUnchargeable(quote.totalMinor, currency);
      return uncharged ?? reply(200, { quote: { ...quote, currency, expiresAt } });
    },
  });
}

type ListQuery = Pick<BookingFilter, 'status' | 'eventId' | 'when' | 'limit'> & {
  cursor?: string;
};

function list(use: Use): Route {
  return route<{ query: ListQuery }>({
    method: 'get',
    path: '/api/bookings',
    id: 'listBookings',
    tag: 'bookings',
    summary: 'The bookings of this account, newest first',
    access: 'login',
    query: Joi.object({
      status: Joi.string().valid(...BOOKING_STATUSES),
      eventId: id().description('Of this event only'),
      when: Joi.string()
        .valid('upcoming', 'past')
        .description('Whether the event has begun, by the start that it was last moved to'),
      cursor: id().description('`next` of the page before'),
      limit: Joi.number().integer().min(1).max(100).default(20),
    }),
    responses: {
      200: { description: 'A page of bookings; `next` leads to the one after', ...bookingsAnswer },
    },
    async run({ query, actor }) {
      const { db } = use().checkout;
      const { cursor, limit, ...filter } = query;
      const found = await listBookings(db, {
        userId: actor.userId,
        ...filter,
        limit: limit + 1,
        ...(cursor && { before: cursor }),
      });
      const page = found.slice(0, limit);
      const payments = await paymentsOf(
        db,
        page.map((booking) => booking.id),
      );
      return reply(200, {
        bookings: page.map((booking) => presentBooking(booking, payments.get(booking.id))),
        next: found.length > limit ? (page.at(-1)?.id ?? null) : null,
      });
    },
  });
}

function show(use: Use): Route {
  return route<{ params: ById; query: { wait: number } }>({
    method: 'get',
    path: '/api/bookings/:bookingId',
    id: 'getBooking',
    tag: 'bookings',
    summary: 'A booking; with `wait`, once it has its outcome',
    access: 'login',
    params: byId,
    query: Joi.object({
      wait: Joi.number()
        .min(0)
        .max(LONGEST_WAIT_SECONDS)
        .default(0)
        .description('Seconds to wait for the outcome'),
    }),
    responses: { 200: { description: 'As it stands', ...bookingAnswer } },
    errors: ['booking_not_found'],
    async run({ params: { bookingId }, query, actor, signal }) {
      const { outcomes, backlog, reads } = use();
      const found = await outcomes.waitFor(bookingId, {
        read: () => reads.booking(bookingId),
        stops: (booking) => isRefusal(visible(booking, bookingId, actor)),
        seconds: query.wait,
        signal,
      });
      const booking = visible(found, bookingId, actor);
      if (isRefusal(booking)) return booking;
      const shown = presentBooking(booking, await reads.paymentOf(bookingId));
      const waits = booking.totalMinor > 0 && WAITS_FOR_PROVIDER.includes(booking.status);
      const delayed = waits && backlog.isDelayed() && { paymentDelayed: true };
      return reply(200, { booking: { ...shown, ...delayed } });
    },
  });
}

function showTickets(use: Use): Route {
  return route<{ params: ById }>({
    method: 'get',
    path: '/api/bookings/:bookingId/tickets',
    id: 'listTickets',
    tag: 'bookings',
    summary: 'The tickets of a booking',
    access: 'login',
    params: byId,
    responses: { 200: { description: 'Its tickets, once it has any', ...ticketsAnswer } },
    errors: ['booking_not_found'],
    async run({ params: { bookingId }, actor }) {
      const { db } = use().checkout;
      const booking = visible(await findBooking(db, bookingId), bookingId, actor);
      if (isRefusal(booking)) return booking;
      const tickets = booking.seats.map((seat) => presentTicket(booking, seat));
      return reply(200, { tickets: tickets.filter((ticket) => ticket !== undefined) });
    },
  });
}
