import { type Contract, type Message, newMessage } from '@holdfast/shared/contracts/contract.ts';
import {
  type PaymentChange,
  paymentAuthorized,
  paymentCaptured,
  paymentDeclined,
  paymentRefunded,
  paymentVoided,
} from '@holdfast/shared/contracts/payments.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Booking } from './booking.ts';
import type { PaymentStatus } from './checkout.ts';
import { type Parts, sumOf } from './quote.ts';

/** What can be paid with, as the provider calls it. */
export const METHOD_TYPES = ['card', 'us_bank_account'] as const;
export type MethodType = (typeof METHOD_TYPES)[number];

/** Whether a payment takes the money by itself, some time after it was begun. */
export function settlesItself({ methodType }: { methodType: MethodType }): boolean {
  return methodType !== 'card';
}

/** The money of one booking. Amounts in minor units of the currency. */
export type Payment = {
  readonly id: string;
  readonly bookingId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The provider's id of the buyer's card or account. */
  readonly method: string;
  readonly methodType: MethodType;
  readonly status: PaymentStatus;
  readonly providerId: string | null;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  /** Of that, what was of fees and of taxes; the rest was of face values. */
  readonly refundedFeesMinor: number;
  readonly refundedTaxesMinor: number;
  /** What cancellations kept of the price of cancelled seats. */
  readonly keptMinor: number;
  readonly version: number;
  readonly changedAt: Date;
};

/** The payment once these are asked back too. */
export function withRefund(payment: Payment, parts: Parts): Payment {
  return {
    ...payment,
    refundedMinor: payment.refundedMinor + sumOf(parts),
    refundedFeesMinor: payment.refundedFeesMinor + parts.feesMinor,
    refundedTaxesMinor: payment.refundedTaxesMinor + parts.taxesMinor,
  };
}

const ANNOUNCEMENTS: Partial<Record<PaymentStatus, Contract<PaymentChange>>> = {
  authorized: paymentAuthorized,
  captured: paymentCaptured,
  declined: paymentDeclined,
  refunded: paymentRefunded,
  voided: paymentVoided,
};

/** The message that tells of a payment's status, if that status has one. */
export function announcePayment(
  payment: Payment,
  booking: Booking,
  origin: Origin,
): Message | undefined {
  const contract = ANNOUNCEMENTS[payment.status];
  if (contract === undefined) return undefined;
  return newMessage(contract, {
    id: derivedId(payment.id, contract.type),
    key: payment.id,
    version: payment.version,
    time: payment.changedAt,
    origin,
    data: {
      paymentId: payment.id,
      bookingId: payment.bookingId,
      userId: booking.userId,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      providerId: payment.providerId,
      ...(payment.status === 'declined' && booking.reason !== null && { code: booking.reason }),
    },
  });
}
