import { currency, id, instant, minor, seatId } from '@holdfast/shared/contracts/fields.ts';
import { NO_TERMS, terms } from '@holdfast/shared/contracts/terms.ts';
import Joi from 'joi';
import type { BookedSeat, Booking } from '../booking.ts';
import { BOOKING_STATUSES } from '../checkout.ts';
import type { Payment } from '../payment.ts';
import type { QuoteLine } from '../quote.ts';

/** A booking as clients see it. */
export function presentBooking(booking: Booking, payment?: Payment) {
  return {
    bookingId: booking.id,
    holdId: booking.holdId,
    holdIds: booking.holds.map(({ holdId }) => holdId),
    eventId: booking.eventId,
    userId: booking.userId,
    status: booking.status,
    reason: booking.reason,
    eventName: booking.eventName,
    venueName: booking.venueName,
    startsAt: booking.startsAt.toISOString(),
    timeZone: booking.timeZone,
    freeCancelUntil: booking.freeCancelUntil?.toISOString() ?? null,
    seats: booking.seats.map(presentSeat),
    currency: booking.currency,
    lines: booking.lines,
    totalMinor: booking.totalMinor,
    terms: booking.terms,
    refundedMinor: payment?.refundedMinor ?? 0,
    paymentStatus: payment?.status ?? (needsPayment(booking) ? 'requested' : null),
    ...(booking.retakes !== null && { retakes: booking.retakes }),
    createdAt: booking.createdAt.toISOString(),
    changedAt: booking.changedAt.toISOString(),
  };
}

/** One that has failed may have given its payment to the booking that retakes its seats. */
function needsPayment({ totalMinor, status }: Booking): boolean {
  return totalMinor > 0 && status !== 'failed';
}

/** The first answer to a booking request, which a repeat of the request gets again. */
export function presentPlaced(booking: Booking) {
  return presentBooking({
    ...booking,
    status: 'pending',
    reason: null,
    changedAt: booking.createdAt,
    seats: booking.seats.map((seat) => ({ ...seat, ticketId: null, ticketStatus: null })),
  });
}

/** A ticket as its owner sees it; undefined for a seat that never had one. */
export function presentTicket(booking: Booking, seat: BookedSeat) {
  if (seat.ticketId === null || seat.ticketStatus === null) return undefined;
  const { ticketId, ticketStatus: status, ...place } = seat;
  return {
    ticketId,
    status,
    bookingId: booking.id,
    eventId: booking.eventId,
    eventName: booking.eventName,
    venueName: booking.venueName,
    startsAt: booking.startsAt.toISOString(),
    timeZone: booking.timeZone,
    currency: booking.currency,
    ...place,
  };
}

function presentSeat(seat: BookedSeat) {
  const { seatId, label, section, row, number, category, priceMinor, ticketType } = seat;
  const place = { seatId, label, section, row, number, category, priceMinor };
  const typed = ticketType && { ticketType };
  return { ...place, ...typed, ticketId: seat.ticketId, ticketStatus: seat.ticketStatus };
}

const text = () => Joi.string().allow('').required();
/** Where somebody sits. */
export const seatFields = {
  seatId: seatId().required(),
  label: text(),
  section: text(),
  row: text(),
  number: text(),
  category: text(),
  ticketType: Joi.object({ id: text(), name: text() }).description(
    'The kind of ticket, where the event has several',
  ),
};
/** What is attended, where and when. */
export const occasionFields = {
  eventId: id().required(),
  eventName: text(),
  venueName: text(),
  startsAt: instant().required(),
  timeZone: text(),
};
const placeFields = { ...seatFields, priceMinor: minor().required() };
const eventFields = { ...occasionFields, currency: currency().required() };

const linesSchema = Joi.array()
  .items(
    Joi.object({
      kind: Joi.string().valid('face_value', 'fee', 'tax').required(),
      name: text(),
      seatId: seatId().allow(null).required().description('Null for what the order costs'),
      amountMinor: minor().required(),
      included: Joi.boolean().required().description('In other lines already: not to be added'),
      of: Joi.string().valid('face_value', 'fee').description('What a tax is the tax of'),
    }),
  )
  .description('What the total is the sum of');

const bookingSchema = Joi.object({
  bookingId: id().required(),
  holdId: id().required(),
  holdIds: Joi.array().items(id()).required().description('All its holds, `holdId` first'),
  userId: id().required(),
  status: Joi.string()
    .valid(...BOOKING_STATUSES)
    .required(),
  reason: Joi.string().allow(null).required(),
  ...eventFields,
  freeCancelUntil: instant()
    .allow(null)
    .required()
    .description('Set when the event was moved: until then cancelling is free of charge'),
  seats: Joi.array()
    .items(
      Joi.object({
        ...placeFields,
        ticketId: id().allow(null).required(),
        ticketStatus: Joi.string().valid('reserved', 'live', 'void').allow(null).required(),
      }),
    )
    .required(),
  lines: linesSchema.required(),
  totalMinor: minor().required(),
  terms: terms().required(),
  refundedMinor: minor().required(),
  paymentStatus: Joi.string()
    .valid('requested', 'authorized', 'processing', 'captured', 'voided', 'declined', 'refunded')
    .allow(null)
    .required()
    .description('Null where nothing is to be paid'),
  retakes: id().description(
    'The failed booking whose payment came late: this one tries for its seats again',
  ),
  paymentDelayed: Joi.boolean().description(
    'True while the payment provider does not answer: the booking waits, and nothing is lost',
  ),
  createdAt: instant().required(),
  changedAt: instant().required(),
});

export const ticketSchema = Joi.object({
  ticketId: id().required(),
  status: Joi.string().valid('reserved', 'live', 'void').required(),
  bookingId: id().required(),
  ...eventFields,
  ...placeFields,
});

export const exampleSeat = {
  seatId: 'STALLS-C-14',
  label: 'Stalls, row C, seat 14',
  section: 'Stalls',
  row: 'C',
  number: '14',
  category: 'Stalls',
};
export const exampleOccasion = {
  bookingId: '0198c9d5-6a02-7f3e-8b10-2c4d5e6f7081',
  eventId: '0198c9d5-1111-7000-8000-3a5b7c9d1e2f',
  eventName: 'Beethoven: the late quartets',
  venueName: 'Kammersaal am Fluss',
  startsAt: '2027-03-14T18:30:00.000Z',
  timeZone: 'Europe/Vienna',
};
export const exampleTicketId = '0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71';
const examplePlace = { ...exampleSeat, priceMinor: 4_800 };
const exampleEvent = { ...exampleOccasion, currency: 'EUR' };
export const exampleTicketAnswer = {
  ticketId: exampleTicketId,
  ...exampleEvent,
  status: 'live',
  ...examplePlace,
};
const exampleLines: QuoteLine[] = [
  {
    kind: 'face_value',
    name: 'Stalls',
    seatId: 'STALLS-C-14',
    amountMinor: 4_800,
    included: false,
  },
];
const exampleBooking = {
  ...exampleEvent,
  holdId: '0198c9d5-5f90-7a11-8e72-9b8a7c6d5e4f',
  holdIds: ['0198c9d5-5f90-7a11-8e72-9b8a7c6d5e4f'],
  userId: '0198c9d4-0c3d-7b22-9f83-1a2b3c4d5e6f',
  status: 'confirmed',
  reason: null,
  freeCancelUntil: null,
  seats: [{ ...examplePlace, ticketId: exampleTicketId, ticketStatus: 'live' }],
  lines: exampleLines,
  totalMinor: 4_800,
  terms: NO_TERMS,
  refundedMinor: 0,
  paymentStatus: 'captured',
  createdAt: '2027-01-08T10:00:00.000Z',
  changedAt: '2027-01-08T10:00:00.412Z',
};

/** The forms of the answers, each with an example that a test holds against it. */
export const bookingAnswer = {
  schema: Joi.object({ booking: bookingSchema.required() }),
  example: { booking: exampleBooking },
};
export const bookingsAnswer = {
  schema: Joi.object({
    bookings: Joi.array().items(bookingSchema).required(),
    next: id().allow(null).required(),
  }),
  example: { bookings: [exampleBooking], next: null },
};
export const quoteAnswer = {
  schema: Joi.object({
    quote: Joi.object({
      lines: linesSchema.required(),
      totalMinor: minor().required(),
      currency: currency().required(),
      terms: terms().required(),
      expiresAt: instant().required().description('Until when the offer can be booked'),
    }).required(),
  }),
  example: {
    quote: {
      lines: exampleLines,
      totalMinor: 4_800,
      currency: 'EUR',
      terms: NO_TERMS,
      expiresAt: '2027-01-08T10:10:00.000Z',
    },
  },
};
export const ticketsAnswer = {
  schema: Joi.object({ tickets: Joi.array().items(ticketSchema).required() }),
  example: { tickets: [exampleTicketAnswer] },
};
