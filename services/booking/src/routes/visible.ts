import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Actor } from '@holdfast/shared/tokens.ts';
import type { Booking } from '../booking.ts';

/** The booking for its owner or an admin; to anybody else it is not there. */
export function visible(booking: Booking | undefined, id: string, actor: Actor): Booking | Refusal {
  const mayRead = booking?.userId === actor.userId || actor.roles.includes('admin');
  if (booking !== undefined && mayRead) return booking;
  return refused('booking_not_found', `There is no booking ${id} of this account.`);
}
