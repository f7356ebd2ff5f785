import Joi from 'joi';
import type { Contract } from './contract.ts';
import { id, instant, seatId } from './fields.ts';

export const SEAT_STATUSES = ['available', 'held', 'committing', 'sold', 'blocked'] as const;
export type SeatStatus = (typeof SEAT_STATUSES)[number];

/**
 * A seat as a change left it; consumers keep the highest version of each. `order` is its place in
 * the plan, by which the live map names it.
 */
export type SeatChange = { seatId: string; version: number; status: SeatStatus; order?: number };

export type HoldChange = {
  holdId: string;
  eventId: string;
  userId: string;
  seats: SeatChange[];
  /** End of the hold; null once it does not expire or has ended. */
  expiresAt: string | null;
  pinId?: string;
  bookingId?: string;
  reason?: string;
  /** How many seats the hold has afterwards, where `seats` are not all of them. */
  seatCount?: number;
  /** Every seat that the hold has afterwards, whatever `seats` tells; none once it has ended. */
  seatIds?: string[];
};

const example: HoldChange = {
  holdId: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  seats: [{ seatId: 'STALLS-C-14', version: 2, status: 'held' }],
  expiresAt: '2027-03-14T19:40:00.000Z',
};
const pinned: HoldChange = {
  ...example,
  seats: [{ seatId: 'STALLS-C-14', version: 3, status: 'committing' }],
  expiresAt: null,
  pinId: '5f0c3e8e-6f5b-5b6e-9a5d-0d9c5d8a7c01',
  bookingId: '0198c9d5-1111-7000-8000-000000000042',
};

/** What a message says of the seats it changes. */
export const seatChanges = () =>
  Joi.array().items(
    Joi.object({
      seatId: seatId().required(),
      version: Joi.number().integer().min(1).required(),
      status: Joi.string()
        .valid(...SEAT_STATUSES)
        .required(),
      order: Joi.number().integer().min(0),
    }),
  );

const schema = Joi.object<HoldChange>({
  holdId: id().required(),
  eventId: id().required(),
  userId: id().required(),
  seats: seatChanges().required(),
  expiresAt: instant().allow(null).required(),
  pinId: id(),
  bookingId: id(),
  reason: Joi.string(),
  seatCount: Joi.number().integer().min(0),
  seatIds: Joi.array().items(seatId()).description('Every seat that the hold has afterwards'),
});

function holdContract(
  type: string,
  summary: string,
  golden: HoldChange,
  consumers: string[] = [],
): Contract<HoldChange> {
  return {
    type,
    topic: 'catalog.holds',
    producer: 'catalog',
    // Booking counts them for analysts and goes by some; the gateway shows users their own.
    consumers: ['booking', 'gateway', ...consumers],
    summary,
    schema,
    example: golden,
  };
}

export const holdTaken = holdContract('hold.taken.v1', 'Seats were taken by a hold', example);
export const holdExtended = holdContract('hold.extended.v1', 'A hold ends later', example);
export const holdChanged = holdContract(
  'hold.changed.v1',
  'Seats were added to a live hold, or dropped from it: `seats` are those, with what they are now',
  { ...example, reason: 'seats added' },
);
export const holdEndingSoon = holdContract(
  'hold.ending_soon.v1',
  'A hold ends soon, at `expiresAt`: its buyer should pay or extend it; once for each end it has. No seat changes by it: `seatIds` are those it has',
  { ...example, seats: [] },
  ['notifications'],
);
export const holdPinned = holdContract(
  'hold.pinned.v1',
  'The seats of a hold wait for money and do not expire; the booking may capture',
  pinned,
);
export const holdPinRefused = holdContract(
  'hold.pin_refused.v1',
  'A hold could not be pinned (expired, released or closed); the booking must not capture',
  { ...pinned, seats: [], reason: 'hold_expired' },
);
export const holdPinUnsettled = holdContract(
  'hold.pin_unsettled.v1',
  'A pin has waited too long; booking answers by repeating the outcome of the booking',
  pinned,
);
export const holdUnpinned = holdContract('hold.unpinned.v1', 'A pin was undone', {
  ...example,
  pinId: '5f0c3e8e-6f5b-5b6e-9a5d-0d9c5d8a7c01',
});
export const holdConfirmed = holdContract('hold.confirmed.v1', 'The seats of a hold are sold', {
  ...pinned,
  seats: [{ seatId: 'STALLS-C-14', version: 4, status: 'sold' }],
});
const ended: HoldChange = {
  ...example,
  seats: [{ seatId: 'STALLS-C-14', version: 3, status: 'available' }],
  expiresAt: null,
};
export const holdReleased = holdContract('hold.released.v1', 'A hold was given back', ended);
export const holdExpired = holdContract('hold.expired.v1', 'A hold ran out of time', ended);
export const holdReturned = holdContract(
  'hold.returned.v1',
  'Sold seats are for sale again after a cancellation',
  { ...ended, bookingId: '0198c9d5-1111-7000-8000-000000000042' },
);

export const holdSeatsReturned = holdContract(
  'hold.seats_returned.v1',
  'Some sold seats of a hold are for sale again, `seatCount` stay sold: `seats` are those that nobody holds again',
  { ...ended, bookingId: '0198c9d5-1111-7000-8000-000000000042', seatCount: 1 },
);

export const HOLD_CONTRACTS = [
  holdTaken,
  holdExtended,
  holdChanged,
  holdEndingSoon,
  holdPinned,
  holdPinRefused,
  holdPinUnsettled,
  holdUnpinned,
  holdConfirmed,
  holdReleased,
  holdExpired,
  holdReturned,
  holdSeatsReturned,
] as const;
