import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import {
  type RefundChange,
  refundFailed,
  refundRequested,
  refundSucceeded,
} from '@holdfast/shared/contracts/refunds.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Booking } from '../booking.ts';
import type { Payment } from '../payment.ts';
import type { Share } from './price-parts.ts';

export const REFUND_STATUSES = ['requested', 'succeeded', 'failed'] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** Waits until the account at the provider has money again, and is tried again by itself. */
export const LACK_OF_FUNDS = 'insufficient_funds';

/** Money on its way back to the buyer, or there. Amounts in minor units. */
export type Refund = {
  readonly id: string;
  readonly paymentId: string;
  readonly bookingId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: string;
  readonly status: RefundStatus;
  /** Why the provider refused it last; how often it has. */
  readonly failure: string | null;
  readonly failures: number;
  /** `user:<id>` or `system:<loop>`. */
  readonly askedBy: string;
  readonly providerId: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** What of the price it repays; together its amount. */
  readonly shares: readonly Share[];
};

/** A refund that is asked for now; undefined where nothing is left to repay. */
export function newRefund(parts: {
  id: string;
  payment: Payment;
  shares: readonly Share[];
  reason: string;
  origin: Origin;
  now: Date;
}): Refund | undefined {
  const amountMinor = parts.shares.reduce((sum, share) => sum + share.amountMinor, 0);
  if (amountMinor === 0) return undefined;
  return {
    id: parts.id,
    paymentId: parts.payment.id,
    bookingId: parts.payment.bookingId,
    amountMinor,
    currency: parts.payment.currency,
    reason: parts.reason,
    status: 'requested',
    failure: null,
    failures: 0,
    askedBy: parts.origin.actor,
    providerId: null,
    version: 1,
    createdAt: parts.now,
    changedAt: parts.now,
    shares: parts.shares,
  };
}

const ANNOUNCEMENTS: Readonly<Record<RefundStatus, Contract<RefundChange>>> = {
  requested: refundRequested,
  succeeded: refundSucceeded,
  failed: refundFailed,
};

/** What a refund repays of each seat. */
export function refundedSeats(refund: Refund): RefundChange['seats'] {
  const bySeat = new Map<string, number>();
  for (const { seatId, amountMinor } of refund.shares) {
    if (seatId !== null) bySeat.set(seatId, (bySeat.get(seatId) ?? 0) + amountMinor);
  }
  return [...bySeat].map(([seatId, amountMinor]) => ({ seatId, amountMinor }));
}

/** The message of a refund's status; it may come to the same one again, in another version. */
export function announceRefund(refund: Refund, booking: Booking, origin: Origin): Message {
  const contract = ANNOUNCEMENTS[refund.status];
  return newMessage(contract, {
    id: derivedId(refund.id, contract.type, String(refund.version)),
    key: refund.id,
    version: refund.version,
    time: refund.changedAt,
    origin,
    data: {
      refundId: refund.id,
      paymentId: refund.paymentId,
      bookingId: refund.bookingId,
      eventId: booking.eventId,
      userId: booking.userId,
      amountMinor: refund.amountMinor,
      currency: refund.currency,
      reason: refund.reason,
      seats: refundedSeats(refund),
      ...(refund.status === 'failed' && refund.failure !== null && { failure: refund.failure }),
    },
  });
}
