import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { announce, type Booking, pinIdOf, retakenHoldOf } from '../booking.ts';
import { partsOf } from '../quote.ts';
import { insertBookings, type NewBooking, newlyBooked } from '../stores/bookings.ts';
import { writeJournals } from '../stores/ledger.ts';
import { movePayment } from '../stores/payments.ts';
import { claimRetake } from '../stores/retakes.ts';

/** A new booking for the seats and the money of a failed one. */
export type Retake = { readonly bookingId: string; readonly holdId: string };

/**
 * Claims the right to try again with what a failed booking had: undefined where the account has no
 * room for its seats any more. What is claimed must be followed by `openRetake`.
 */
export async function reserveRetake(tx: Transaction, failed: Booking): Promise<Retake | undefined> {
  const bookingId = newId();
  const retake = { bookingId, holdId: retakenHoldOf(failed.userId, bookingId) };
  const share = { userId: failed.userId, eventId: failed.eventId, seats: failed.seats.length };
  return (await claimRetake(tx, retake, share)) ? retake : undefined;
}

/**
 * Opens the booking that takes over the money of a failed one: authorized, as the money is there.
 * Catalog is asked to take exactly its seats and to pin them; the pin sells, a refusal repays.
 */
export async function openRetake(
  tx: Transaction,
  { bookingId: id, holdId }: Retake,
  failed: Booking,
  origin: Origin,
): Promise<Booking> {
  const pinId = pinIdOf(id);
  const seatIds = failed.seats.map(({ seatId }) => seatId);
  const wanted: NewBooking = {
    ...failed,
    id,
    holdId,
    pinId,
    // Of however many holds it was: catalog takes its seats again as one.
    holds: [{ holdId, pinId, seatIds }],
    status: 'authorized',
    version: 2,
    retakes: failed.id,
    seats: failed.seats.map((seat) => ({ ...seat, ticketId: null, ticketStatus: null })),
  };
  await insertBookings(tx, [wanted]);
  const booking = newlyBooked(wanted, failed.changedAt);
  const paymentId = await movePayment(tx, failed.id, id);
  await writeJournals(tx, [
    {
      kind: 'capture',
      bookingId: id,
      paymentId,
      refundId: null,
      ofVersion: null,
      eventId: booking.eventId,
      currency: booking.currency,
      parts: partsOf(booking.lines),
    },
  ]);
  const entry = {
    aggregateType: 'booking',
    aggregateId: id,
    amountMinor: booking.totalMinor,
    currency: booking.currency,
    metadata: { holdId, eventId: booking.eventId, retakes: failed.id },
    origin,
  };
  await recordAudit(
    tx,
    { ...entry, action: 'booking.placed', newStatus: 'pending' },
    {
      ...entry,
      action: 'booking.authorized',
      oldStatus: 'pending',
      newStatus: 'authorized',
      reason: 'paid_late',
    },
  );
  const forms = [{ ...booking, status: 'pending', version: 1 } as const, booking];
  await enqueue(tx, ...forms.flatMap((form) => announce(form, origin) ?? []));
  return booking;
}
