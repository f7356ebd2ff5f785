import { BOOKING_CONTRACTS, type BookingState } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, type Message, readMessage } from '@holdfast/shared/contracts/contract.ts';
import {
  HOLD_CONTRACTS,
  type HoldChange,
  holdPinUnsettled,
} from '@holdfast/shared/contracts/holds.ts';
import type { ServerFrame } from './frames.ts';

/** What a user is told of his own; a reminder between services is nothing to him. */
const HOLDS = new Map(
  HOLD_CONTRACTS.filter((one) => one !== holdPinUnsettled).map((one) => [one.type, one]),
);
const BOOKINGS = new Map(BOOKING_CONTRACTS.map((one) => [one.type, one]));

/** Whose hold or booking a message tells of. */
export function userOf({ data }: Message): string | undefined {
  return 'userId' in data && typeof data.userId === 'string' ? data.userId : undefined;
}

/** The frame that tells a user of a change of his hold or booking; undefined for other messages. */
export function frameOf(message: Message): ServerFrame | undefined {
  const hold = read(HOLDS, message);
  if (hold !== undefined) {
    const { holdId, eventId, seats, seatIds, expiresAt, bookingId, reason } = hold;
    return {
      type: 'HOLD_CHANGED',
      ...changeOf(message),
      hold: {
        holdId,
        eventId,
        seats,
        ...(seatIds && { seatIds }),
        expiresAt,
        ...optional({ bookingId, reason }),
      },
    };
  }
  const booking = read(BOOKINGS, message);
  if (booking === undefined) return undefined;
  // The pin is between the services: it fences the seats.
  const { pinId: _pinId, userId: _userId, ...told } = booking;
  return { type: 'BOOKING_CHANGED', ...changeOf(message), booking: told };
}

function read<D extends HoldChange | BookingState>(
  contracts: ReadonlyMap<string, Contract<D>>,
  message: Message,
): D | undefined {
  const contract = contracts.get(message.type);
  return contract && readMessage(contract, message)?.data;
}

/** `hold.taken.v1` is the change `taken`. */
function changeOf({ type, version, time }: Message) {
  return { change: type.split('.')[1] ?? type, version, time };
}

function optional(members: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
}
