import { createBatches } from '@holdfast/shared/batches.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { Booking } from '../booking.ts';
import type { Payment } from '../payment.ts';
import { findBookings } from './bookings.ts';
import { paymentsOf } from './payments.ts';

export type BookingReads = ReturnType<typeof createBookingReads>;

const LANES = 2;

/**
 * Bookings and payments for many who ask for one each: those of a tick are read together. A read
 * begins after it was asked for, so it sees all that was committed before.
 */
export function createBookingReads(db: Database) {
  return {
    booking: readTogether<Booking>((ids) => findBookings(db, ids)),
    paymentOf: readTogether<Payment>((ids) => paymentsOf(db, ids)),
  };
}

function readTogether<T>(
  read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): (id: string) => Promise<T | undefined> {
  return createBatches<string, T | undefined>({
    lanes: LANES,
    keysOf: (id) => [id],
    async run(ids) {
      const found = await read(ids);
      return ids.map((id) => found.get(id));
    },
  });
}
