import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { builtOnce } from '@holdfast/shared/postgres/prepared.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';
import type { PaymentStatus } from '../checkout.ts';
import type { Payment } from '../payment.ts';
import { isOneOfGiven, payments } from './tables.ts';

const columns = {
  id: payments.id,
  bookingId: payments.bookingId,
  amountMinor: payments.amountMinor,
  currency: payments.currency,
  method: payments.method,
  methodType: payments.methodType,
  status: payments.status,
  providerId: payments.providerId,
  capturedMinor: payments.capturedMinor,
  refundedMinor: payments.refundedMinor,
  refundedFeesMinor: payments.refundedFeesMinor,
  refundedTaxesMinor: payments.refundedTaxesMinor,
  keptMinor: payments.keptMinor,
  version: payments.version,
  changedAt: payments.changedAt,
};

export type NewPayment = Pick<
  Payment,
  'id' | 'bookingId' | 'amountMinor' | 'currency' | 'method' | 'methodType'
>;

export async function insertPayments(
  tx: Transaction,
  wanted: readonly NewPayment[],
): Promise<void> {
  if (wanted.length === 0) return;
  const rows = wanted.map((one) => ({
    id: one.id,
    booking_id: one.bookingId,
    amount_minor: one.amountMinor,
    currency: one.currency,
    method: one.method,
    method_type: one.methodType,
  }));
  await tx.execute(sql`
    insert into payments (id, booking_id, amount_minor, currency, method, method_type, status)
    select id, booking_id, amount_minor, currency, method, method_type, 'requested'
    from ${rowsOf('payments', rows)}`);
}

const paymentsQuery = builtOnce((db) =>
  db
    .select(columns)
    .from(payments)
    .where(isOneOfGiven(payments.bookingId))
    .prepare('payments_of_bookings'),
);

/** The payments of bookings, by booking; to change them lock the bookings first. */
export async function paymentsOf(
  db: Database | Transaction,
  bookingIds: readonly string[],
): Promise<Map<string, Payment>> {
  if (bookingIds.length === 0) return new Map();
  const rows = await paymentsQuery(db).execute({ ids: bookingIds });
  return new Map(rows.map((payment) => [payment.bookingId, payment]));
}

/** Bookings whose payments the provider has worked on for more than so many seconds. */
export async function findOverdue(
  db: Database,
  olderThanSeconds: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.execute<{ id: string }>(sql`
    select b.id from payments p join bookings b on b.id = p.booking_id
    where p.status = 'processing' and b.status = 'capturing'
      and p.changed_at <= now() - make_interval(secs => ${olderThanSeconds})
    order by p.changed_at limit ${limit}`);
  return rows.map(({ id }) => id);
}

/** What a payment is after a change of its status; a capture is of the whole amount. */
export function changedPayment(
  payment: Payment,
  to: { status: PaymentStatus; providerId?: string | undefined },
  now: Date,
): Payment {
  return {
    ...payment,
    status: to.status,
    providerId: to.providerId ?? payment.providerId,
    capturedMinor: to.status === 'captured' ? payment.amountMinor : payment.capturedMinor,
    version: payment.version + 1,
    changedAt: now,
  };
}

/**
 * Writes payments as they are now; `version` has grown with each change of status. The CHECK
 * refunds_within_capture bounds what is refunded.
 */
export async function savePayments(tx: Transaction, changed: readonly Payment[]): Promise<void> {
  const rows = changed.map((one) => ({
    id: one.id,
    status: one.status,
    provider_id: one.providerId,
    captured_minor: one.capturedMinor,
    refunded_minor: one.refundedMinor,
    refunded_fees_minor: one.refundedFeesMinor,
    refunded_taxes_minor: one.refundedTaxesMinor,
    kept_minor: one.keptMinor,
    version: one.version,
  }));
  const { rowCount } = await tx.execute(sql`
    update payments p set status = r.status, provider_id = r.provider_id,
      captured_minor = r.captured_minor, refunded_minor = r.refunded_minor,
      refunded_fees_minor = r.refunded_fees_minor,
      refunded_taxes_minor = r.refunded_taxes_minor, kept_minor = r.kept_minor, version = r.version,
      changed_at = case when p.version = r.version then p.changed_at else now() end
    from ${rowsOf('payments', rows)} r where p.id = r.id`);
  if (rowCount !== changed.length) throw new Error('the payment of a locked booking has gone');
}

/** Gives the payment of a failed booking to the one that takes its seats again; answers its id. */
export async function movePayment(tx: Transaction, from: string, to: string): Promise<string> {
  const { rows } = await tx.execute<{ id: string }>(
    sql`update payments set booking_id = ${to} where booking_id = ${from} returning id`,
  );
  const id = rows[0]?.id;
  if (id === undefined) throw new Error(`booking ${from} has no payment to give`);
  return id;
}
