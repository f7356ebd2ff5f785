import type { Bus, Subscription } from '@holdfast/shared/bus/bus.ts';
import {
  type BookingState,
  bookingAuthorized,
  bookingCancelled,
  bookingConfirmed,
  bookingFailed,
  bookingSeatsCancelled,
} from '@holdfast/shared/contracts/bookings.ts';
import { type Message, readMessage } from '@holdfast/shared/contracts/contract.ts';
import type { PinCommand } from '../hold.ts';
import { followBooking } from '../operations/follow-booking.ts';
import { retakeSeats } from '../operations/retake-seats.ts';
import type { TakeDependencies } from '../operations/take-seats.ts';

const COMMANDS = [
  [bookingAuthorized, 'pin'],
  [bookingConfirmed, 'confirm'],
  [bookingFailed, 'fail'],
  [bookingCancelled, 'cancel'],
  [bookingSeatsCancelled, 'return'],
] as const;

/** Their steps go to the store together. */
const AT_ONCE = 64;

/** Follows booking: authorized pins, confirmed sells, failed unpins, cancelled returns, all or some. */
export function consumeBookings(bus: Bus, stores: TakeDependencies): Subscription {
  return bus.subscribe({
    group: 'catalog',
    topics: ['booking.bookings'],
    atOnce: AT_ONCE,
    onMessage: (message) => onBookingMessage(stores, message),
  });
}

export async function onBookingMessage(stores: TakeDependencies, message: Message): Promise<void> {
  for (const [contract, kind] of COMMANDS) {
    const read = readMessage(contract, message);
    if (read === undefined) continue;
    if (kind === 'pin' && read.data.retakes !== undefined) {
      await retakeSeats(stores, read.data, read.origin);
    }
    const outcome = await followBooking(stores, toCommand(kind, read.data), read.origin);
    const came = outcome.kind === 'ignored' ? `ignored:${outcome.reason}` : outcome.what;
    stores.figures.commands.inc({ command: kind, outcome: came });
    stores.log.debug('booking.followed', { holdId: read.data.holdId, kind, outcome: came });
    return;
  }
}

function toCommand(kind: PinCommand['kind'], data: BookingState): PinCommand {
  return {
    kind,
    pinId: data.pinId,
    bookingId: data.bookingId,
    holdId: data.holdId,
    eventId: data.eventId,
    userId: data.userId,
    seatIds: data.seats.map((seat) => seat.seatId),
  };
}
