import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { JournalKind } from '../checkout.ts';
import { journalLines, type LedgerLine } from '../ledger.ts';

/** Writes a journal; the database refuses one that does not sum to zero or was written before. */
export async function writeJournal(
  tx: Transaction,
  kind: JournalKind,
  money: {
    bookingId: string;
    paymentId: string;
    refundId: string | null;
    eventId: string;
    currency: string;
    amountMinor: number;
  },
): Promise<void> {
  const lines = journalLines(kind, money);
  await openAccounts(tx, lines);
  await tx.execute(sql`
    with journal as (
      insert into ledger_journals (kind, booking_id, payment_id, refund_id)
      values (${kind}, ${money.bookingId}, ${money.paymentId}, ${money.refundId}) returning id
    )
    insert into ledger_lines (journal_id, account_id, currency, amount_minor)
    select journal.id, a.id, a.currency, line.amount_minor::bigint
    from journal, ${wanted(lines)} join ledger_accounts a on ${isAccount}`);
}

/** Creates the accounts of the lines that are not there yet; hot ones are only looked at. */
async function openAccounts(tx: Transaction, lines: readonly LedgerLine[]): Promise<void> {
  const { rows } = await tx.execute<{ found: number }>(sql`
    select count(*)::int as found from ${wanted(lines)} join ledger_accounts a on ${isAccount}`);
  if (rows[0]?.found === lines.length) return;
  await tx.execute(sql`
    insert into ledger_accounts (kind, event_id, currency)
    select kind, event_id::uuid, currency from ${wanted(lines)} on conflict do nothing`);
}

const isAccount = sql`
  a.kind = line.kind and a.event_id is not distinct from line.event_id::uuid
  and a.currency = line.currency`;

function wanted(lines: readonly LedgerLine[]) {
  const rows = lines.map(
    ({ account, amountMinor }) =>
      sql`(${account.kind}, ${account.eventId}, ${account.currency}, ${String(amountMinor)})`,
  );
  return sql`(values ${sql.join(rows, sql`, `)}) as line (kind, event_id, currency, amount_minor)`;
}
