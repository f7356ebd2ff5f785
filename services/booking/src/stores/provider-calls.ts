import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { type Database, HAS_LOCKED, type Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';
import type { Booking } from '../booking.ts';
import type { CallKind } from '../checkout.ts';
import type { MethodType, Payment } from '../payment.ts';

/** What the provider is to do, with all that it must be told. */
export type ProviderCall = {
  readonly id: string;
  readonly kind: CallKind;
  readonly bookingId: string;
  readonly paymentId: string;
  readonly refundId: string | null;
  /** The provider's id of the refund, once it has made one. */
  readonly refundProviderId: string | null;
  readonly generation: number;
  readonly attempts: number;
  /** Whether the provider may have forgotten its key. */
  readonly outlivesKey: boolean;
  readonly origin: Origin;
  readonly createdAt: Date;
  readonly amountMinor: number;
  readonly currency: string;
  readonly method: string;
  readonly methodType: MethodType;
  readonly providerId: string | null;
  readonly eventId: string;
  readonly userId: string;
};

const LEASE_SECONDS = 30;
const FIRST_BACKOFF_SECONDS = 0.2;
const LONGEST_BACKOFF_SECONDS = 30;
/** The provider keeps idempotency keys for a day at least. */
const KEYS_LAST_HOURS = 23;

/** A call that a change of a booking asks for. */
export type WantedCall = {
  readonly kind: CallKind;
  /** As the change leaves it. */
  readonly booking: Pick<Booking, 'id' | 'eventId' | 'userId' | 'changedAt'>;
  readonly payment: Pick<
    Payment,
    'id' | 'amountMinor' | 'currency' | 'method' | 'methodType' | 'providerId'
  >;
  readonly refundId?: string | undefined;
  readonly origin: Origin;
};

/** Picks the calls that this process makes itself after the commit: they are claimed at birth. */
export type Lease = (calls: readonly ProviderCall[]) => readonly ProviderCall[];

/** Commits the intents of calls together with the changes that ask for them. */
export async function requestCalls(
  tx: Transaction,
  wanted: readonly WantedCall[],
  lease: Lease = () => [],
): Promise<void> {
  if (wanted.length === 0) return;
  const calls = wanted.map(firstTry);
  const leased = new Set(lease(calls));
  const rows = calls.map((one) => ({
    id: one.id,
    kind: one.kind,
    booking_id: one.bookingId,
    payment_id: one.paymentId,
    refund_id: one.refundId,
    origin: one.origin,
    attempts: leased.has(one) ? one.attempts : 0,
  }));
  await tx.execute(sql`
    insert into provider_calls (id, kind, booking_id, payment_id, refund_id, origin, attempts,
      leased_until)
    select id, kind, booking_id, payment_id, refund_id, origin, attempts,
      case when attempts > 0 then clock_timestamp() + make_interval(secs => ${LEASE_SECONDS}) end
    from ${rowsOf('provider_calls', rows)}`);
}

function firstTry({ kind, booking, payment, refundId, origin }: WantedCall): ProviderCall {
  return {
    id: newId(),
    kind,
    bookingId: booking.id,
    paymentId: payment.id,
    refundId: refundId ?? null,
    refundProviderId: null,
    generation: 1,
    attempts: 1,
    outlivesKey: false,
    origin,
    createdAt: booking.changedAt,
    amountMinor: payment.amountMinor,
    currency: payment.currency,
    method: payment.method,
    methodType: payment.methodType,
    providerId: payment.providerId,
    eventId: booking.eventId,
    userId: booking.userId,
  };
}

/**
 * Takes calls that are due and that no other instance works on, for LEASE_SECONDS: those of
 * checkouts first, and refunds in what places are left and theirs. What is `doubtful` this process
 * has a lease on and does not work on.
 */
export async function claimCalls(
  db: Database,
  places: { all: number; refunds: number },
  doubtful: readonly string[] = [],
): Promise<ProviderCall[]> {
  const isDue = sql`status = 'requested' and next_attempt_at <= now()
    and (leased_until is null or leased_until <= now()
      or id = any(${sql.param([...doubtful])}::uuid[]))`;
  const { rows } = await db.execute<ProviderCall & { createdAt: string }>(sql`
    with of_checkouts as (
      select id from provider_calls where ${isDue} and kind <> 'refund'
      order by next_attempt_at limit ${places.all} for update skip locked
    ), of_refunds as (
      select id from provider_calls where ${isDue} and kind = 'refund' order by next_attempt_at
      limit least(${places.refunds}::bigint, ${places.all} - (select count(*) from of_checkouts))
      for update skip locked
    ), due as (select id from of_checkouts union all select id from of_refunds)
    update provider_calls c
    set leased_until = now() + make_interval(secs => ${LEASE_SECONDS}), attempts = c.attempts + 1
    from due, payments p, bookings b
    where c.id = due.id and p.id = c.payment_id and b.id = c.booking_id
    returning c.id, c.kind, c.booking_id as "bookingId", c.payment_id as "paymentId",
      c.refund_id as "refundId", c.generation, c.attempts, c.origin, c.created_at as "createdAt",
      c.created_at < now() - make_interval(hours => ${KEYS_LAST_HOURS}) as "outlivesKey",
      coalesce((select amount_minor from refunds r where r.id = c.refund_id), p.amount_minor)
        as "amountMinor",
      (select provider_id from refunds r where r.id = c.refund_id) as "refundProviderId",
      p.currency, p.method, p.method_type as "methodType", p.provider_id as "providerId",
      b.event_id as "eventId",
      b.user_id as "userId"`);
  return rows.map((row) => ({ ...row, createdAt: new Date(row.createdAt) }));
}

/**
 * Has the provider asked how a payment stands that was given up, for its money is said to have come
 * after all; answers how many there are.
 */
export async function askAboutGivenUp(
  db: Database,
  payment: { providerId?: string | undefined; paymentId?: string | undefined },
  origin: Origin,
): Promise<number> {
  const { rowCount } = await db.execute(sql`
    insert into provider_calls (id, kind, booking_id, payment_id, origin)
    select ${newId()}, 'await', p.booking_id, p.id, ${JSON.stringify(origin)}::jsonb
    from payments p
    where (p.provider_id = ${payment.providerId ?? null} or p.id = ${payment.paymentId ?? null}::uuid)
      and p.status in ('declined', 'voided') and p.provider_id is not null
    limit 1
    on conflict do nothing`);
  return rowCount ?? 0;
}

/** Makes the open calls of a booking due now; answers how many there are. */
export async function hastenOpenCalls(tx: Transaction, bookingId: string): Promise<number> {
  const { rowCount } = await tx.execute(sql`
    update provider_calls set next_attempt_at = now()
    where booking_id = ${bookingId} and status = 'requested'`);
  return rowCount ?? 0;
}

/** The kinds of the calls that a booking has had or has. */
export async function callsOf(tx: Transaction, bookingId: string): Promise<CallKind[]> {
  const { rows } = await tx.execute<{ kind: CallKind }>(sql`
    select kind from provider_calls where booking_id = ${bookingId}`);
  return rows.map(({ kind }) => kind);
}

/**
 * How many calls are not settled that checkouts wait for, counted up to a limit. A bank takes days and
 * refunds wait for funds, however many: neither says that the provider can not keep up.
 */
export async function countOpenCalls(db: Database, limit: number): Promise<number> {
  const { rows } = await db.execute<{ count: number }>(sql`
    select count(*)::integer as count
    from (
      select from provider_calls where status = 'requested' and kind not in ('await', 'refund')
      limit ${limit}
    ) as open_calls`);
  return rows[0]?.count ?? 0;
}

/**
 * Marks calls as settled; answers those that were not before. From the others nothing may follow.
 * Asked by `settled_at`, for by their status all open calls would be read. Their bookings are locked.
 */
export async function settleCalls(
  tx: Transaction,
  settled: readonly { id: string; status: 'succeeded' | 'failed'; response: object }[],
): Promise<ReadonlySet<string>> {
  if (settled.length === 0) return new Set();
  // In the order of ids, as they are hastened, so that the two do not wait in a ring.
  const rows = settled.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const { rows: fresh } = await tx.execute<{ id: string }>(sql`
    update provider_calls c set status = r.status, response = r.response, settled_at = now(),
      leased_until = null, last_error = null
    from ${rowsOf('provider_calls', rows)} r
    where c.id = any(${sql.param(rows.map(({ id }) => id))}::uuid[]) and c.id = r.id
      and c.settled_at is null and ${HAS_LOCKED}
    returning c.id`);
  return new Set(fresh.map(({ id }) => id));
}

/**
 * Puts a call of unknown outcome back, to be asked again after a growing, uneven delay; at once if
 * it was hastened since it was claimed, for the answer may be older than the hint. A refund that the
 * provider has made is kept by its id: from now on it is only looked at.
 */
export async function postponeCall(
  db: Database,
  call: Pick<ProviderCall, 'id' | 'attempts'>,
  outcome: { error: string; freshKey: boolean; refundProviderId?: string | undefined },
): Promise<void> {
  const { error, freshKey, refundProviderId } = outcome;
  const seconds = Math.min(
    FIRST_BACKOFF_SECONDS * 2 ** Math.min(call.attempts - 1, 20),
    LONGEST_BACKOFF_SECONDS,
  );
  await db.execute(sql`
    with postponed as (
      update provider_calls set
        leased_until = null,
        last_error = ${error.slice(0, 2_000)},
        generation = generation + ${freshKey ? 1 : 0},
        next_attempt_at = case
          when next_attempt_at > leased_until - make_interval(secs => ${LEASE_SECONDS}) then now()
          else now() + make_interval(secs => ${seconds}) * (0.5 + random() / 2) end
      where id = ${call.id} and settled_at is null and attempts = ${call.attempts}
      returning refund_id
    )
    update refunds r set provider_id = ${refundProviderId ?? null} from postponed
    where r.id = postponed.refund_id and ${refundProviderId ?? null}::text is not null`);
}
