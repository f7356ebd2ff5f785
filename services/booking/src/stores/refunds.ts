import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { type SQL, sql } from 'drizzle-orm';
import type { PartKind, Share } from '../after-sale/price-parts.ts';
import type { Refund, RefundStatus } from '../after-sale/refund.ts';
import { refunds } from './tables.ts';

type Reader = Database | Transaction;
type PartRow = { refundId: string; seatId: string; kind: PartKind; amountMinor: number };

/** Asks for refunds, with what of the price they repay; `savePayments` counts them. */
export async function insertRefunds(tx: Transaction, wanted: readonly Refund[]): Promise<void> {
  if (wanted.length === 0) return;
  const rows = wanted.map((one) => ({
    id: one.id,
    payment_id: one.paymentId,
    booking_id: one.bookingId,
    amount_minor: one.amountMinor,
    currency: one.currency,
    reason: one.reason,
    asked_by: one.askedBy,
  }));
  const parts = wanted.flatMap(({ id, shares }) =>
    shares.map(({ seatId, kind, amountMinor }) => ({
      refund_id: id,
      seat_id: seatId ?? '',
      kind,
      amount_minor: amountMinor,
    })),
  );
  await tx.execute(sql`
    with asked as (
      insert into refunds (id, payment_id, booking_id, amount_minor, currency, reason, asked_by, status)
      select id, payment_id, booking_id, amount_minor, currency, reason, asked_by, 'requested'
      from ${rowsOf('refunds', rows)}
    )
    insert into refund_parts (refund_id, seat_id, kind, amount_minor)
    select refund_id, seat_id, kind, amount_minor from ${rowsOf('refund_parts', parts)}`);
}

/** The refunds of a booking, the oldest first; to change one lock its booking first. */
export async function refundsOf(db: Reader, bookingId: string): Promise<Refund[]> {
  return readRefunds(db, sql`${refunds.bookingId} = ${bookingId}`);
}

export async function findRefund(db: Reader, id: string): Promise<Refund | undefined> {
  return (await readRefunds(db, sql`${refunds.id} = ${id}`))[0];
}

/** Refunds of a status, the last asked for first, after the refund `before` if given. */
export async function listRefunds(
  db: Reader,
  wanted: { status: RefundStatus; before?: string | undefined; limit: number },
): Promise<Refund[]> {
  const { status, before, limit } = wanted;
  const { rows } = await db.execute<{ id: string }>(sql`
    select id from refunds
    where status = ${status} and (${before ?? null}::uuid is null or (created_at, id) <
      (select created_at, id from refunds where id = ${before ?? null}::uuid))
    order by created_at desc, id desc limit ${limit}`);
  const ids = rows.map(({ id }) => id);
  return (await readRefunds(db, sql`${refunds.id} = any(${sql.param(ids)}::uuid[])`)).toReversed();
}

/** What refunds repay of the prices of bookings, whatever has become of them; by booking. */
export async function repaidOf(
  db: Reader,
  bookingIds: readonly string[],
): Promise<Map<string, Share[]>> {
  if (bookingIds.length === 0) return new Map();
  const { rows } = await db.execute<PartRow & { bookingId: string }>(sql`
    select r.booking_id as "bookingId", p.seat_id as "seatId", p.kind,
      p.amount_minor as "amountMinor"
    from refunds r join refund_parts p on p.refund_id = r.id
    where r.booking_id = any(${sql.param([...bookingIds])}::uuid[])`);
  const byBooking = Map.groupBy(rows, ({ bookingId }) => bookingId);
  return new Map([...byBooking].map(([id, parts]) => [id, parts.map(shareOf)]));
}

/** Writes what has become of a refund whose booking is locked; `version` has grown. */
export async function saveRefund(tx: Transaction, refund: Refund): Promise<void> {
  const { rowCount } = await tx.execute(sql`
    update refunds set status = ${refund.status}, failure = ${refund.failure},
      failures = ${refund.failures}, provider_id = ${refund.providerId},
      version = ${refund.version}, changed_at = now()
    where id = ${refund.id} and version = ${refund.version - 1}`);
  if (rowCount !== 1)
    throw new Error(`refund ${refund.id} of a locked booking has changed or gone`);
}

async function readRefunds(db: Reader, filter: SQL): Promise<Refund[]> {
  const rows = await db.select().from(refunds).where(filter).orderBy(refunds.createdAt, refunds.id);
  if (rows.length === 0) return [];
  const { rows: parts } = await db.execute<PartRow>(sql`
    select refund_id as "refundId", seat_id as "seatId", kind, amount_minor as "amountMinor"
    from refund_parts where refund_id = any(${sql.param(rows.map(({ id }) => id))}::uuid[])
    order by seat_id, kind`);
  const byRefund = Map.groupBy(parts, ({ refundId }) => refundId);
  return rows.map((row) => ({ ...row, shares: (byRefund.get(row.id) ?? []).map(shareOf) }));
}

function shareOf({ seatId, kind, amountMinor }: PartRow): Share {
  return { seatId: seatId === '' ? null : seatId, kind, amountMinor };
}
