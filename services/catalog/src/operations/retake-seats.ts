import { type BookingState, retakeKeyOf } from '@holdfast/shared/contracts/bookings.ts';
import { Fault, isRefusal } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Hold } from '../hold.ts';
import { releaseHold } from './release-hold.ts';
import { type TakeDependencies, takeSeats } from './take-seats.ts';

/**
 * Takes exactly the seats of a booking whose money came late, under the hold that booking names, for
 * the prices it was sold at. Whether that succeeded its pin finds out: without the hold, or with one
 * that was given back, it is refused, and booking repays. A repeat changes nothing.
 */
export async function retakeSeats(
  deps: TakeDependencies,
  booking: BookingState,
  origin: Origin,
): Promise<void> {
  const { bookingId, userId, eventId, seats, holdId } = booking;
  const earlier = await deps.holds.find(holdId);
  if (earlier && earlier.hold.state !== 'held') return;
  const taken =
    earlier ??
    (await takeSeats(deps, {
      userId,
      eventId,
      seatIds: seats.map(({ seatId }) => seatId),
      durationMs: undefined,
      idempotencyKey: retakeKeyOf(bookingId),
      origin,
    }));
  if (isRefusal(taken)) {
    if (taken.code === 'request_in_flight') {
      throw new Fault('retake_in_flight', `Hold ${holdId} is being taken`, { retryable: true });
    }
    return;
  }
  if (isAsSold(taken.hold, booking)) return;
  await releaseHold(deps, { holdId, userId, origin });
}

/** Whether a hold has the seats at the prices of the booking. */
function isAsSold(hold: Hold, { seats }: BookingState): boolean {
  const sold = new Map(seats.map(({ seatId, priceMinor }) => [seatId, priceMinor]));
  return (
    hold.seats.length === sold.size &&
    hold.seats.every(({ seatId, priceMinor }) => sold.get(seatId) === priceMinor)
  );
}
