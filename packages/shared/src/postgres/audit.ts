import { sql } from 'drizzle-orm';
import type { Origin } from '../origin.ts';
import type { Transaction } from './database.ts';
import { rowsOf } from './rows.ts';

/** One settled change of an aggregate, for its audit chain. */
export type AuditEntry = {
  aggregateType: string;
  aggregateId: string;
  action: string;
  oldStatus?: string | null;
  newStatus?: string | null;
  amountMinor?: number;
  currency?: string;
  reason?: string;
  metadata?: Record<string, unknown>;
  origin: Origin;
};

/**
 * Appends entries in the transaction of the change. The database gives each its place
 * in the aggregate's chain (trigger chain_audit_entry) and refuses to change it later.
 */
export async function recordAudit(
  tx: Transaction,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    aggregate_type: entry.aggregateType,
    aggregate_id: entry.aggregateId,
    action: entry.action,
    old_status: entry.oldStatus,
    new_status: entry.newStatus,
    amount_minor: entry.amountMinor,
    currency: entry.currency,
    actor: entry.origin.actor,
    reason: entry.reason,
    request_id: entry.origin.requestId,
    correlation_id: entry.origin.correlationId,
    metadata: entry.metadata ?? {},
  }));
  await tx.execute(sql`
    insert into audit_entries (aggregate_type, aggregate_id, action, old_status, new_status,
      amount_minor, currency, actor, reason, request_id, correlation_id, metadata,
      seq, previous_hash, hash)
    select aggregate_type, aggregate_id, action, old_status, new_status,
      amount_minor, currency, actor, reason, request_id, correlation_id, metadata, 0, '', ''
    from ${rowsOf('audit_entries', rows)}`);
}
