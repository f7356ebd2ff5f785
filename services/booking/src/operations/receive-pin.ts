import type { Message } from '@holdfast/shared/contracts/contract.ts';
import {
  type HoldChange,
  holdPinned,
  holdPinRefused,
  holdPinUnsettled,
} from '@holdfast/shared/contracts/holds.ts';
import { type Ignored, ignored, type Refusal } from '@holdfast/shared/errors.ts';
import { admitOnce, enqueue } from '@holdfast/shared/outbox/postgres.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { announce, type Booking, pinIdOf } from '../booking.ts';
import { findBooking } from '../stores/bookings.ts';
import { isEventCancelled } from '../stores/events.ts';
import { reserveTickets } from '../stores/tickets.ts';
import { type Advance, advanceCheckout, type CheckoutDeps } from './advance-checkout.ts';

export const CONSUMER = 'booking';

type Result = { kind: 'accepted' } | Ignored | Refusal;

/** Takes a checkout on by catalog's answer to its pin; other messages of holds are ignored. */
export async function receivePin(
  deps: CheckoutDeps,
  message: Message<HoldChange>,
): Promise<Result> {
  const { bookingId, pinId } = message.data;
  if (bookingId === undefined) return ignored('no_booking');
  if (pinId !== pinIdOf(bookingId)) return ignored('foreign_pin');
  const step = {
    bookingId,
    origin: message.origin,
    admit: (tx: Transaction) => admitOnce(tx, CONSUMER, message),
  };
  switch (message.type) {
    case holdPinned.type:
      return advanceCheckout(deps, { ...step, command: reserveSeats });
    case holdPinRefused.type: {
      const reason = message.data.reason ?? 'pin_refused';
      return advanceCheckout(deps, {
        ...step,
        command: async () => ({ kind: 'pin_refused', reason }),
      });
    }
    case holdPinUnsettled.type:
      return repeatOutcome(deps, bookingId, message);
    default:
      return ignored('not_concerned');
  }
}

/** The seats are safe from expiry: reserve tickets, the second guard, before any money moves. */
async function reserveSeats(tx: Transaction, booking: Booking): ReturnType<Advance['command']> {
  const eventCancelled = await isEventCancelled(tx, booking.eventId);
  const tickets =
    booking.status === 'authorized' && !eventCancelled
      ? await reserveTickets(tx, booking)
      : undefined;
  return {
    command: { kind: 'pinned', eventCancelled, seatsReserved: tickets !== undefined },
    tickets: tickets ?? [],
  };
}

/**
 * Says again what became of a booking, under the same message id. Not marked in the inbox: it
 * changes nothing, and catalog may have to ask more than once.
 */
async function repeatOutcome(
  deps: CheckoutDeps,
  bookingId: string,
  asked: Message,
): Promise<Result> {
  const booking = await findBooking(deps.db, bookingId);
  if (booking === undefined) return ignored('unknown_booking');
  const message = booking.status === 'pending' ? undefined : announce(booking, asked.origin);
  if (message === undefined) return ignored(`undecided_when_${booking.status}`);
  await deps.db.transaction((tx) => enqueue(tx, message));
  deps.onEnqueued();
  return { kind: 'accepted' };
}
