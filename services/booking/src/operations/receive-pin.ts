import type { Message } from '@holdfast/shared/contracts/contract.ts';
import {
  type HoldChange,
  holdPinned,
  holdPinRefused,
  holdPinUnsettled,
} from '@holdfast/shared/contracts/holds.ts';
import { type Ignored, ignored, type Refusal } from '@holdfast/shared/errors.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { announce, pinIdOf } from '../booking.ts';
import { findBooking } from '../stores/bookings.ts';
import type { CheckoutDeps } from './advance-checkout.ts';

type Result = { kind: 'accepted' } | Ignored | Refusal;

/** Takes a checkout on by catalog's answer to its pin; other messages of holds are ignored. */
export async function receivePin(
  deps: CheckoutDeps,
  message: Message<HoldChange>,
): Promise<Result> {
  const { bookingId, holdId, pinId } = message.data;
  if (bookingId === undefined) return ignored('no_booking');
  const pins = [pinIdOf(bookingId), pinIdOf(bookingId, holdId)];
  if (pinId === undefined || !pins.includes(pinId)) return ignored('foreign_pin');
  const step = {
    bookingId,
    origin: message.origin,
    cause: { kind: 'message' as const, id: message.id },
  };
  switch (message.type) {
    case holdPinned.type:
      return deps.advance({ ...step, command: { kind: 'pinned' }, holdId });
    case holdPinRefused.type: {
      const reason = message.data.reason ?? 'pin_refused';
      return deps.advance({ ...step, command: { kind: 'pin_refused', reason } });
    }
    case holdPinUnsettled.type:
      return repeatOutcome(deps, bookingId, message);
    default:
      return ignored('not_concerned');
  }
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
