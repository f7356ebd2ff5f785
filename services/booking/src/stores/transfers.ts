import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { type SQL, sql } from 'drizzle-orm';
import type { Transfer, TransferStatus, TransferTicket } from '../transfers/transfer.ts';

type Reader = Database | Transaction;
export type NewTransfer = Pick<
  Transfer,
  'id' | 'bookingId' | 'eventId' | 'fromUserId' | 'toEmail' | 'note'
> & {
  readonly ticketIds: readonly string[];
  readonly codeHash: string;
  readonly key: string | undefined;
};

/** Codes that are good at the same time: the sender's, and those of mails that were sent. */
const MOST_CODES = 5;

/**
 * Offers tickets until so many hours from now, at most until the event starts. False where a request
 * under the same key has offered others at this moment.
 */
export async function insertTransfer(
  tx: Transaction,
  wanted: NewTransfer,
  until: { hours: number; startsAt: Date | null },
): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    insert into transfers (id, booking_id, event_id, from_user_id, to_email, note,
      idempotency_key, code_hashes, expires_at)
    values (${wanted.id}, ${wanted.bookingId}, ${wanted.eventId}, ${wanted.fromUserId},
      ${wanted.toEmail}, ${wanted.note}, ${wanted.key ?? null}, array[decode(${wanted.codeHash}, 'hex')],
      least(now() + make_interval(hours => ${until.hours}),
        ${until.startsAt?.toISOString() ?? null}::timestamptz))
    on conflict (from_user_id, idempotency_key) do nothing`);
  if (rowCount === 0) return false;
  const rows = wanted.ticketIds.map((ticketId) => ({
    transfer_id: wanted.id,
    ticket_id: ticketId,
  }));
  await tx.execute(sql`
    insert into transfer_tickets (transfer_id, ticket_id)
    select transfer_id, ticket_id from ${rowsOf('transfer_tickets', rows)} order by ticket_id`);
  return true;
}

export async function findTransfer(db: Reader, id: string): Promise<Transfer | undefined> {
  return (await readTransfers(db, sql`t.id = ${id}`))[0];
}

/** The transfer that a request of this account under this key has made. */
export async function findTransferOfKey(
  db: Reader,
  { userId, key }: { userId: string; key: string },
): Promise<Transfer | undefined> {
  const [found] = await readTransfers(
    db,
    sql`t.from_user_id = ${userId} and t.idempotency_key = ${key}`,
  );
  return found;
}

/** Transfers by their ids, oldest first. */
export function findTransfers(db: Reader, ids: readonly string[]): Promise<Transfer[]> {
  return readTransfers(db, sql`t.id = any(${sql.param([...ids])}::uuid[])`);
}

/** A person's transfers, newest first, after the transfer `before` if given. */
export async function listTransfers(
  db: Reader,
  wanted: {
    sentBy?: string;
    sentTo?: string;
    status?: TransferStatus;
    before?: string;
    limit: number;
  },
): Promise<Transfer[]> {
  const { sentBy, sentTo, status, before, limit } = wanted;
  const party =
    sentBy === undefined ? sql`t.to_email = ${sentTo}` : sql`t.from_user_id = ${sentBy}`;
  const newest = sql`${party}
    ${status === undefined ? sql`` : sql`and t.status = ${status}`}
    ${before === undefined ? sql`` : sql`and t.id < ${before}`}`;
  const { rows } = await db.execute<{ id: string }>(
    sql`select t.id from transfers t where ${newest} order by t.id desc limit ${limit}`,
  );
  const found = await findTransfers(
    db,
    rows.map(({ id }) => id),
  );
  return found.toReversed();
}

/**
 * Transfers, locked until the transaction ends, and whether the time of each is over by the
 * database's clock at this moment: a transaction that waited for the lock gets no more time by it.
 */
export async function lockTransfers(
  tx: Transaction,
  ids: readonly string[],
): Promise<(Transfer & { hasExpired: boolean })[]> {
  if (ids.length === 0) return [];
  await tx.execute(sql`
    select from transfers where id = any(${sql.param([...ids])}::uuid[]) order by id for update`);
  const expired = await tx.execute<{ id: string }>(sql`
    select id from transfers
    where id = any(${sql.param([...ids])}::uuid[]) and expires_at <= clock_timestamp()`);
  const over = new Set(expired.rows.map(({ id }) => id));
  const found = await findTransfers(tx, ids);
  return found.map((transfer) => ({ ...transfer, hasExpired: over.has(transfer.id) }));
}

/** Writes ends of locked transfers, each with the version that follows. */
export async function saveTransferEnds(
  tx: Transaction,
  ended: readonly Pick<Transfer, 'id' | 'status' | 'toUserId' | 'version'>[],
): Promise<void> {
  const rows = ended.map(({ id, status, toUserId, version }) => ({
    ...{ id, status, version },
    to_user_id: toUserId,
  }));
  const { rowCount } = await tx.execute(sql`
    update transfers t set status = r.status, to_user_id = r.to_user_id, version = r.version,
      changed_at = now()
    from ${rowsOf('transfers', rows)} r
    where t.id = r.id and t.version = r.version - 1 and t.status = 'offered'`);
  if (rowCount !== ended.length) throw new Error('a locked transfer has changed or gone');
}

/** Ids of the open offers of these tickets. */
export async function findOpenOffers(
  tx: Transaction,
  ticketIds: readonly string[],
): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select distinct transfer_id as id from transfer_tickets
    where ticket_id = any(${sql.param([...ticketIds])}::uuid[]) and status = 'offered'`);
  return rows.map(({ id }) => id);
}

/** How often tickets of a booking were offered within a day. */
export async function countOffersOfDay(tx: Transaction, bookingId: string): Promise<number> {
  const { rows } = await tx.execute<{ count: number }>(sql`
    select count(*) as count from transfers
    where booking_id = ${bookingId} and created_at > now() - interval '1 day'`);
  return rows[0]?.count ?? 0;
}

/** Locks open offers whose time is over and that nobody else works on; answers their ids. */
export async function takeExpired(tx: Transaction, limit: number): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select id from transfers where status = 'offered' and expires_at <= now()
    order by expires_at limit ${limit} for update skip locked`);
  return rows.map(({ id }) => id);
}

/** Whether one of the codes that were given out has this hash. */
export async function hasCode(db: Reader, id: string, codeHash: string): Promise<boolean> {
  const { rows } = await db.execute<{ has: boolean }>(sql`
    select decode(${codeHash}, 'hex') = any(code_hashes) as has from transfers where id = ${id}`);
  return rows[0]?.has ?? false;
}

/** Makes one more code good for an open offer, the oldest no more when they become many. */
export async function addCode(db: Reader, id: string, codeHash: string): Promise<boolean> {
  const { rowCount } = await db.execute(sql`
    update transfers set code_hashes =
      (code_hashes || decode(${codeHash}, 'hex'))[greatest(cardinality(code_hashes) - ${MOST_CODES - 2}, 1):]
    where id = ${id} and status = 'offered' and expires_at > clock_timestamp()`);
  return rowCount === 1;
}

async function readTransfers(db: Reader, filter: SQL): Promise<Transfer[]> {
  type Row = Omit<Transfer, 'startsAt' | 'expiresAt' | 'createdAt' | 'changedAt'> & {
    startsAt: string;
    expiresAt: string;
    createdAt: string;
    changedAt: string;
    tickets: TransferTicket[];
  };
  const { rows } = await db.execute<Row>(sql`
    select t.id, t.booking_id as "bookingId", t.event_id as "eventId",
      b.event_name as "eventName", b.venue_name as "venueName",
      coalesce(e.starts_at, b.starts_at) as "startsAt", b.time_zone as "timeZone",
      t.from_user_id as "fromUserId", c.name as "fromName", t.to_email as "toEmail",
      t.to_user_id as "toUserId", t.note, t.status, t.expires_at as "expiresAt", t.version,
      t.created_at as "createdAt", t.changed_at as "changedAt",
      (select json_agg(json_build_object('ticketId', k.id, 'seatId', k.seat_id, 'label', s.label,
          'epoch', k.epoch) order by k.seat_id)
        from transfer_tickets o join tickets k on k.id = o.ticket_id
        join booking_seats s on s.booking_id = k.booking_id and s.seat_id = k.seat_id
        where o.transfer_id = t.id) as tickets
    from transfers t
    join bookings b on b.id = t.booking_id
    left join events e on e.event_id = t.event_id
    left join projections.customers c on c.user_id = t.from_user_id
    where ${filter} order by t.id`);
  return rows.map((row) => ({
    ...row,
    startsAt: new Date(row.startsAt),
    expiresAt: new Date(row.expiresAt),
    createdAt: new Date(row.createdAt),
    changedAt: new Date(row.changedAt),
  }));
}
