import { newId } from '@holdfast/shared/ids.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { eq, inArray, sql } from 'drizzle-orm';
import type { PaymentStatus } from '../checkout.ts';
import type { Payment } from '../payment.ts';
import { payments, refunds } from './tables.ts';

export type Refund = {
  readonly id: string;
  readonly paymentId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly status: 'requested' | 'succeeded';
};

const columns = {
  id: payments.id,
  bookingId: payments.bookingId,
  amountMinor: payments.amountMinor,
  currency: payments.currency,
  method: payments.method,
  status: payments.status,
  providerId: payments.providerId,
  capturedMinor: payments.capturedMinor,
  refundedMinor: payments.refundedMinor,
  version: payments.version,
  changedAt: payments.changedAt,
};

export async function insertPayment(
  tx: Transaction,
  wanted: { id: string; bookingId: string; amountMinor: number; currency: string; method: string },
): Promise<void> {
  await tx.insert(payments).values({ ...wanted, status: 'requested' });
}

/** The payment of a booking; lock the booking first. */
export async function paymentOf(tx: Transaction, bookingId: string): Promise<Payment> {
  const [payment] = await tx
    .select(columns)
    .from(payments)
    .where(eq(payments.bookingId, bookingId));
  if (payment === undefined) throw new Error(`booking ${bookingId} has no payment`);
  return payment;
}

export async function paymentsOf(
  db: Database | Transaction,
  bookingIds: readonly string[],
): Promise<Map<string, Payment>> {
  if (bookingIds.length === 0) return new Map();
  const rows = await db
    .select(columns)
    .from(payments)
    .where(inArray(payments.bookingId, [...bookingIds]));
  return new Map(rows.map((payment) => [payment.bookingId, payment]));
}

/** Writes a new status; a capture is of the whole amount. Answers the payment as it is then. */
export async function savePayment(
  tx: Transaction,
  payment: Payment,
  to: { status: PaymentStatus; providerId?: string | undefined },
): Promise<Payment> {
  const [row] = await tx
    .update(payments)
    .set({
      status: to.status,
      ...(to.providerId !== undefined && { providerId: to.providerId }),
      ...(to.status === 'captured' && { capturedMinor: payment.amountMinor }),
      version: payment.version + 1,
      changedAt: sql`now()`,
    })
    .where(eq(payments.id, payment.id))
    .returning(columns);
  if (row === undefined) throw new Error(`payment ${payment.id} has gone`);
  return row;
}

/** Asks for a refund; the CHECK refunds_within_capture bounds the sum of all. */
export async function insertRefund(
  tx: Transaction,
  payment: Payment,
  wanted: { amountMinor: number; reason: string },
): Promise<string> {
  const id = newId();
  await Promise.all([
    tx
      .update(payments)
      .set({ refundedMinor: sql`${payments.refundedMinor} + ${wanted.amountMinor}` })
      .where(eq(payments.id, payment.id)),
    tx.insert(refunds).values({
      id,
      paymentId: payment.id,
      bookingId: payment.bookingId,
      currency: payment.currency,
      status: 'requested',
      ...wanted,
    }),
  ]);
  return id;
}

export async function findRefund(tx: Transaction, id: string): Promise<Refund> {
  const [refund] = await tx.select().from(refunds).where(eq(refunds.id, id));
  if (refund === undefined) throw new Error(`refund ${id} has gone`);
  return refund;
}

export async function saveRefundDone(
  tx: Transaction,
  id: string,
  providerId: string,
): Promise<void> {
  await tx
    .update(refunds)
    .set({ status: 'succeeded', providerId, changedAt: sql`now()` })
    .where(eq(refunds.id, id));
}
