import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId, fingerprint, newId } from '@holdfast/shared/ids.ts';
import { chargeStepOf, formatMoney } from '@holdfast/shared/money.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import {
  leftOf,
  type PricePart,
  partsOfShares,
  pricePartsOf,
  type Share,
  spread,
  sumOf,
} from '../after-sale/price-parts.ts';
import { announceRefund, newRefund, type Refund } from '../after-sale/refund.ts';
import { type Booking, liveSeatsOf } from '../booking.ts';
import { OUTCOMES } from '../checkout.ts';
import { type Payment, withRefund } from '../payment.ts';
import { lockBookings } from '../stores/bookings.ts';
import { findKeyUses, keepKeyUses, tryLockKeys } from '../stores/idempotency-keys.ts';
import { writeJournals } from '../stores/ledger.ts';
import { paymentsOf, savePayments } from '../stores/payments.ts';
import { requestCalls } from '../stores/provider-calls.ts';
import { findRefund, insertRefunds, repaidOf } from '../stores/refunds.ts';
import type { CheckoutDeps } from './advance-checkout.ts';
import { auditRefund } from './refund-entries.ts';

export type RefundBooking = {
  readonly bookingId: string;
  /** So much of the whole, or all that is left of these seats. */
  readonly wanted: { readonly amountMinor: number } | { readonly seatIds: readonly string[] };
  readonly reason: string;
  readonly userId: string;
  /** The client's Idempotency-Key, if it sent one. */
  readonly key: string | undefined;
  readonly origin: Origin;
};
export type MadeRefund = {
  readonly kind: 'made';
  readonly refund: Refund;
  readonly repeated: boolean;
};

/**
 * Repays money of a booking and leaves its tickets as they are. Never more than is left of what was
 * captured, whoever asks at the same time: the booking's lock, and the CHECK of its payment.
 */
export async function refundBooking(
  deps: CheckoutDeps & { onCallsDue: () => void },
  command: RefundBooking,
): Promise<MadeRefund | Refusal> {
  const result = await deps.db.transaction((tx) => refund(tx, command));
  if (!isRefusal(result) && !result.repeated) {
    deps.onEnqueued();
    deps.onCallsDue();
  }
  return result;
}

async function refund(tx: Transaction, command: RefundBooking): Promise<MadeRefund | Refusal> {
  const { bookingId, userId, key, origin } = command;
  const asked = fingerprint({ bookingId, wanted: command.wanted, reason: command.reason });
  const id = key === undefined ? newId() : derivedId('refund', userId, key);
  if (key !== undefined) {
    const earlier = await replay(tx, { userId, key }, asked, id);
    if (earlier !== undefined) return earlier;
  }
  const booking = (await lockBookings(tx, [bookingId])).get(bookingId);
  if (booking === undefined) {
    return refused('booking_not_found', `There is no booking ${bookingId}.`);
  }
  const payment = (await paymentsOf(tx, [bookingId])).get(bookingId);
  if (payment === undefined || payment.capturedMinor === 0) {
    return refused(
      'booking_not_refundable',
      `The booking is ${booking.status} and no money of it was taken.`,
    );
  }
  // Money that came late is there before its booking has an outcome, which may be to repay it all.
  if (!OUTCOMES.includes(booking.status)) {
    return refused(
      'booking_not_refundable',
      `The booking is ${booking.status}: wait for its outcome, then repay.`,
    );
  }
  const parts = pricePartsOf(booking, (await repaidOf(tx, [bookingId])).get(bookingId) ?? []);
  const shares = chooseShares(command.wanted, booking, payment, parts);
  if (isRefusal(shares)) return shares;
  const now = await instantOf(tx);
  const made = newRefund({ id, payment, shares, reason: command.reason, origin, now });
  if (made === undefined) {
    return refused('refund_exceeds_payment', 'All that was paid for it has been repaid.');
  }
  await save(tx, { booking, payment, made, origin });
  if (key !== undefined) await keepKeyUses(tx, [{ userId, key, fingerprint: asked, bookingId }]);
  return { kind: 'made', refund: made, repeated: false };
}

/** What an earlier request under the key was answered. */
async function replay(
  tx: Transaction,
  use: { userId: string; key: string },
  asked: string,
  refundId: string,
): Promise<MadeRefund | Refusal | undefined> {
  const {
    isMine: [isMine],
  } = await tryLockKeys(tx, [use]);
  if (!isMine) {
    return refused(
      'request_in_flight',
      'A request with this Idempotency-Key is being worked on: ask again in a moment.',
    );
  }
  const [earlier] = await findKeyUses(tx, [use]);
  const found = await findRefund(tx, refundId);
  // Keys are forgotten after some days, what was made under them never.
  if (earlier === undefined && found === undefined) return undefined;
  if (earlier?.fingerprint === asked && found !== undefined) {
    return { kind: 'made', refund: found, repeated: true };
  }
  return refused(
    'idempotency_key_reused',
    'This Idempotency-Key was used for another request: send a new key.',
  );
}

function chooseShares(
  wanted: RefundBooking['wanted'],
  booking: Booking,
  payment: Payment,
  parts: readonly PricePart[],
): Share[] | Refusal {
  if ('seatIds' in wanted) {
    const stranger = wanted.seatIds.find(
      (id) => !booking.seats.some(({ seatId }) => seatId === id),
    );
    if (stranger !== undefined) {
      return refused('seat_not_found', `The booking has no seat ${stranger}.`);
    }
    return leftOf(parts).filter(({ seatId }) => seatId !== null && wanted.seatIds.includes(seatId));
  }
  const left = payment.capturedMinor - payment.refundedMinor;
  if (wanted.amountMinor > left) {
    return refused(
      'refund_exceeds_payment',
      `${left} ${payment.currency} (minor units) are left of the payment: ask for at most that.`,
    );
  }
  const step = chargeStepOf(payment.currency);
  if (wanted.amountMinor % step !== 0) {
    const unit = formatMoney(step, payment.currency);
    return refused(
      'amount_not_chargeable',
      `Cards are repaid ${payment.currency} in steps of ${unit}: ask for a multiple of it.`,
      { stepMinor: step },
    );
  }
  // First what is still worth a seat, then what was kept of cancelled ones.
  const open = leftOf(parts);
  const kept = keptOf(booking, open);
  const standing = open.filter((share) => !kept.includes(share));
  const first = spread(standing, wanted.amountMinor, step);
  const rest = wanted.amountMinor - sumOf(first);
  return rest > 0 ? [...first, ...spread(kept, rest, step)] : first;
}

/** Those of the shares that are of cancelled seats, or of an order that was cancelled. */
function keptOf(booking: Booking, shares: readonly Share[]): Share[] {
  const live = liveSeatsOf(booking);
  return shares.filter(({ seatId }) =>
    seatId === null ? booking.status === 'cancelled' : !live.includes(seatId),
  );
}

async function save(
  tx: Transaction,
  change: { booking: Booking; payment: Payment; made: Refund; origin: Origin },
): Promise<void> {
  const { booking, payment, made, origin } = change;
  const parts = partsOfShares(made.shares);
  const keptMinor = payment.keptMinor - sumOf(keptOf(booking, made.shares));
  await savePayments(tx, [{ ...withRefund(payment, parts), keptMinor }]);
  await insertRefunds(tx, [made]);
  await writeJournals(tx, [
    {
      kind: 'goodwill',
      bookingId: booking.id,
      paymentId: payment.id,
      refundId: made.id,
      ofVersion: made.version,
      eventId: booking.eventId,
      currency: made.currency,
      parts,
    },
  ]);
  await requestCalls(tx, [{ kind: 'refund', booking, payment, refundId: made.id, origin }]);
  await recordAudit(tx, auditRefund(made, null, origin));
  await enqueue(tx, announceRefund(made, booking, origin));
}
