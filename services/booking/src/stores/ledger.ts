import { newId } from '@holdfast/shared/ids.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { type SQL, sql } from 'drizzle-orm';
import { journalLines, type Movement } from '../ledger.ts';

export type Journal = Movement & {
  readonly bookingId: string;
  readonly paymentId: string;
  readonly refundId: string | null;
  /** The version of the refund or booking that it belongs to; null for the one capture. */
  readonly ofVersion: number | null;
  readonly eventId: string;
  readonly currency: string;
};

/** Writes journals; the database refuses one that does not sum to zero or was written before. */
export async function writeJournals(tx: Transaction, journals: readonly Journal[]): Promise<void> {
  const rows = journals.flatMap((journal) => {
    const { kind, bookingId, paymentId, refundId, ofVersion } = journal;
    const id = newId();
    return journalLines(journal, journal).map(({ account, amountMinor }) => ({
      id,
      kind,
      booking_id: bookingId,
      payment_id: paymentId,
      refund_id: refundId,
      of_version: ofVersion,
      account: account.kind,
      event_id: account.eventId,
      currency: account.currency,
      amount_minor: amountMinor,
    }));
  });
  const lines = sql`json_to_recordset(${JSON.stringify(rows)}::json) as line
    (id uuid, kind text, booking_id uuid, payment_id uuid, refund_id uuid, of_version integer,
      account text, event_id uuid, currency char(3), amount_minor bigint)`;
  const { rowCount } = await tx.execute(sql`
    with lines as (select * from ${lines}),
    journals as (
      insert into ledger_journals (id, kind, booking_id, payment_id, refund_id, of_version)
      select distinct id, kind, booking_id, payment_id, refund_id, of_version from lines
      returning id
    )
    insert into ledger_lines (journal_id, account_id, currency, amount_minor)
    select line.id, a.id, a.currency, line.amount_minor
    from lines line join journals on journals.id = line.id join ledger_accounts a on ${IS_ACCOUNT}`);
  if (rowCount !== rows.length) await writeFirstLines(tx, lines);
}

const IS_ACCOUNT = sql`
  a.kind = line.account and a.event_id is not distinct from line.event_id
  and a.currency = line.currency`;

/** Opens the accounts of the lines that were not there yet, and writes the lines that missed them. */
async function writeFirstLines(tx: Transaction, lines: SQL): Promise<void> {
  await tx.execute(sql`
    insert into ledger_accounts (kind, event_id, currency)
    select distinct account, event_id, currency from ${lines}
    order by account, event_id, currency on conflict do nothing`);
  await tx.execute(sql`
    insert into ledger_lines (journal_id, account_id, currency, amount_minor)
    select line.id, a.id, a.currency, line.amount_minor
    from ${lines} join ledger_accounts a on ${IS_ACCOUNT}
    where not exists (
      select from ledger_lines l where l.journal_id = line.id and l.account_id = a.id)`);
}
