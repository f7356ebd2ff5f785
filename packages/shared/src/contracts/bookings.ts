import Joi from 'joi';
import type { Contract } from './contract.ts';
import { currency, id, minor, seatId } from './fields.ts';

export type BookedSeat = {
  seatId: string;
  ticketId: string | null;
  category: string;
  priceMinor: number;
};

/** A hold of a booking; catalog fences its seats by the pin. */
export type PinnedHold = { holdId: string; pinId: string; seatIds: string[] };

/** A booking as it stands after the change. */
export type BookingState = {
  bookingId: string;
  holdId: string;
  /** Names the one pin of this booking; catalog fences seats by it. */
  pinId: string;
  /** All its holds, the one above first, where it was made from several. */
  holds?: PinnedHold[];
  eventId: string;
  userId: string;
  seats: BookedSeat[];
  totalMinor: number;
  currency: string;
  reason?: string;
  /** The failed booking whose late money this one has: catalog takes its seats before the pin. */
  retakes?: string;
};

/** The Idempotency-Key under which catalog takes seats again; the hold's id derives from it. */
export function retakeKeyOf(bookingId: string): string {
  return `retake:${bookingId}`;
}

const example: BookingState = {
  bookingId: '0198c9d5-1111-7000-8000-000000000042',
  holdId: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
  pinId: '5f0c3e8e-6f5b-5b6e-9a5d-0d9c5d8a7c01',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  seats: [{ seatId: 'STALLS-C-14', ticketId: null, category: 'Stalls', priceMinor: 4800 }],
  totalMinor: 4800,
  currency: 'EUR',
};

const schema = Joi.object<BookingState>({
  bookingId: id().required(),
  holdId: id().required(),
  pinId: id().required(),
  holds: Joi.array()
    .items(
      Joi.object({
        holdId: id().required(),
        pinId: id().required(),
        seatIds: Joi.array().items(seatId()).min(1).required(),
      }),
    )
    .min(2)
    .description('All its holds, the one above first, where it was made from several'),
  eventId: id().required(),
  userId: id().required(),
  seats: Joi.array()
    .items(
      Joi.object({
        seatId: seatId().required(),
        ticketId: id().allow(null).required(),
        category: Joi.string().required(),
        priceMinor: minor().required(),
      }),
    )
    .min(1)
    .required(),
  totalMinor: minor().required(),
  currency: currency().required(),
  reason: Joi.string(),
  retakes: id(),
});

function bookingContract(
  type: string,
  summary: string,
  golden: BookingState,
  consumers: string[] = [],
): Contract<BookingState> {
  return {
    type,
    topic: 'booking.bookings',
    producer: 'booking',
    // The gateway shows users their own.
    consumers: [...consumers, 'gateway'],
    summary,
    schema,
    example: golden,
  };
}

const ticketed: BookingState = {
  ...example,
  seats: example.seats.map((seat) => ({
    ...seat,
    ticketId: '0198c9d6-2222-7000-8000-000000000007',
  })),
};

export const bookingPlaced = bookingContract('booking.placed.v1', 'A checkout began', example);
export const bookingAuthorized = bookingContract(
  'booking.authorized.v1',
  'Money is authorized, not taken; catalog pins the hold',
  example,
  ['catalog'],
);
export const bookingConfirmed = bookingContract(
  'booking.confirmed.v1',
  'Money is captured and tickets are live; catalog marks the seats sold',
  ticketed,
  ['catalog', 'auth', 'notifications'],
);
export const bookingFailed = bookingContract(
  'booking.failed.v1',
  'The checkout ended without a sale and without money; catalog undoes and closes the pin',
  { ...example, reason: 'card_declined' },
  ['catalog', 'notifications'],
);
export const bookingCancelled = bookingContract(
  'booking.cancelled.v1',
  'A sold booking was cancelled; catalog returns the seats',
  { ...ticketed, reason: 'customer_request' },
  ['catalog', 'auth', 'notifications'],
);
export const bookingSeatsCancelled = bookingContract(
  'booking.seats_cancelled.v1',
  'Some seats of a sold booking were cancelled, the others stay: `seats` are those; catalog returns them',
  ticketed,
  ['catalog', 'notifications'],
);

export const BOOKING_CONTRACTS = [
  bookingPlaced,
  bookingAuthorized,
  bookingConfirmed,
  bookingFailed,
  bookingCancelled,
  bookingSeatsCancelled,
] as const;
