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
    for (const command of toCommands(kind, read.data)) {
      const outcome = await followBooking(stores, command, read.origin);
      const came = outcome.kind === 'ignored' ? `ignored:${outcome.reason}` : outcome.what;
      stores.figures.commands.inc({ command: kind, outcome: came });
      stores.log.debug('booking.followed', { holdId: command.holdId, kind, outcome: came });
    }
    return;
  }
}

/** What a booking wants of each of its holds that has some of the seats. */
function toCommands(kind: PinCommand['kind'], data: BookingState): PinCommand[] {
  const { bookingId, eventId, userId, holdId, pinId } = data;
  const seatIds = data.seats.map((seat) => seat.seatId);
  const holds = data.holds ?? [{ holdId, pinId, seatIds }];
  return holds.flatMap((hold) => {
    const concerned = seatIds.filter((seatId) => hold.seatIds.includes(seatId));
    if (concerned.length === 0) return [];
    const { holdId, pinId } = hold;
    return [{ kind, pinId, bookingId, holdId, eventId, userId, seatIds: concerned }];
  });
}
