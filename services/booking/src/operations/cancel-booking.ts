import { isRefusal, type Refusal } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Booking } from '../booking.ts';
import { findBooking } from '../stores/bookings.ts';
import type { CheckoutDeps } from './advance-checkout.ts';

/**
 * Cancels a confirmed booking and asks for a full refund. A repeat changes nothing and answers
 * the booking as it stands.
 */
export async function cancelBooking(
  deps: CheckoutDeps,
  command: { bookingId: string; reason: string; origin: Origin },
): Promise<Booking | Refusal> {
  const { bookingId, reason, origin } = command;
  const result = await deps.advance({
    bookingId,
    origin,
    command: { kind: 'cancel', reason },
  });
  if (isRefusal(result)) return result;
  if (result.kind === 'accepted') return result.booking;
  const booking = await findBooking(deps.db, bookingId);
  if (booking === undefined) throw new Error(`booking ${bookingId} has gone`);
  return booking;
}
