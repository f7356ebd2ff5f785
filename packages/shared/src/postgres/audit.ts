import type { Origin } from '../origin.ts';
import type { Transaction } from './database.ts';
import { auditEntries } from './tables.ts';

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
  await tx.insert(auditEntries).values(
    entries.map(({ origin, ...entry }) => ({
      ...entry,
      actor: origin.actor,
      requestId: origin.requestId,
      correlationId: origin.correlationId,
    })),
  );
}
