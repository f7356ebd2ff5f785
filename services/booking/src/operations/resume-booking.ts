import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { announce, type Booking } from '../booking.ts';
import type { CallKind } from '../checkout.ts';
import { type Payment, settlesItself } from '../payment.ts';
import { askAgain, lockBookings } from '../stores/bookings.ts';
import { paymentsOf } from '../stores/payments.ts';
import { callsOf, hastenOpenCalls, requestCalls } from '../stores/provider-calls.ts';
import type { CheckoutDeps } from './advance-checkout.ts';

/**
 * Takes up a booking that waits, at an operator's word: its open calls are made at once, catalog is
 * asked again for the pin, and where nothing is under way the step that is missing is asked for.
 * It never decides an outcome: that is for catalog and the provider to say.
 */
export async function resumeBooking(
  deps: Pick<CheckoutDeps, 'db' | 'onEnqueued'> & { onCallsDue: () => void },
  command: { bookingId: string; origin: Origin },
): Promise<{ kind: 'resumed'; done: string } | Refusal> {
  const { bookingId, origin } = command;
  const done = await deps.db.transaction(async (tx) => {
    const booking = (await lockBookings(tx, [bookingId])).get(bookingId);
    if (booking === undefined) {
      return refused('booking_not_found', `There is no booking ${bookingId}.`);
    }
    const done = await takeUp(tx, booking, origin);
    if (isRefusal(done)) return done;
    await recordAudit(tx, {
      aggregateType: 'booking',
      aggregateId: booking.id,
      action: 'booking.resumed',
      oldStatus: booking.status,
      newStatus: booking.status,
      metadata: { done },
      origin,
    });
    return done;
  });
  if (isRefusal(done)) return done;
  deps.onEnqueued();
  deps.onCallsDue();
  return { kind: 'resumed', done };
}

async function takeUp(
  tx: Transaction,
  booking: Booking,
  origin: Origin,
): Promise<string | Refusal> {
  if ((await hastenOpenCalls(tx, booking.id)) > 0) return 'call_hastened';
  if (booking.status === 'authorized') {
    const message = announce(booking, origin);
    if (message) await enqueue(tx, message);
    await askAgain(tx, booking.id);
    return 'pin_asked_again';
  }
  const payment = (await paymentsOf(tx, [booking.id])).get(booking.id);
  const kind = payment && missingCall(booking, payment);
  if (payment === undefined || kind === undefined) {
    return refused(
      'booking_not_resumable',
      `The booking ${booking.id} is ${booking.status} and waits for nothing.`,
    );
  }
  if (kind !== 'await' && (await callsOf(tx, booking.id)).includes(kind)) {
    return refused(
      'booking_not_resumable',
      `The booking ${booking.id} is ${booking.status}, though its ${kind} call is settled: ` +
        'run ./holdfast audit and look at its timeline before anything is changed.',
    );
  }
  await requestCalls(tx, [{ kind, booking, payment, origin }]);
  return `${kind}_asked`;
}

/**
 * The call that takes a booking on from where it stands. One that has failed is asked about: money
 * may have come after all, and the provider's word of it been lost.
 */
function missingCall({ status }: Booking, payment: Payment): CallKind | undefined {
  if (status === 'failed' && payment.capturedMinor === 0 && payment.providerId !== null) {
    return 'await';
  }
  if (status === 'pending') return 'authorize';
  if (status === 'voiding') return 'void';
  if (status !== 'capturing') return undefined;
  if (!settlesItself(payment)) return 'capture';
  return payment.status === 'processing' ? 'await' : 'charge';
}
