import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { type AuditEntry, recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { instantOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import { findOpenOffers, lockTransfers, saveTransferEnds } from '../stores/transfers.ts';
import { announceTransfer, type Transfer, type TransferEnd } from '../transfers/transfer.ts';

/**
 * Ends offers that are locked and open: their status, audit and messages. `toUserId` is the account
 * that accepted or declined; `epochs` those that the tickets have got by it.
 */
export async function endTransfers(
  tx: Transaction,
  open: readonly Transfer[],
  ending: {
    end: TransferEnd;
    origin: Origin;
    toUserId?: string;
    epochs?: ReadonlyMap<string, number>;
  },
): Promise<Transfer[]> {
  if (open.length === 0) return [];
  const { end, origin, toUserId, epochs } = ending;
  const changedAt = await instantOf(tx);
  const ended = open.map(
    (transfer): Transfer => ({
      ...transfer,
      status: end,
      toUserId: toUserId ?? null,
      version: transfer.version + 1,
      changedAt,
      tickets: transfer.tickets.map((one) => ({
        ...one,
        epoch: epochs?.get(one.ticketId) ?? one.epoch,
      })),
    }),
  );
  await saveTransferEnds(tx, ended);
  await recordAudit(tx, ...ended.map((transfer) => auditOf(transfer, 'offered', origin)));
  await enqueue(tx, ...ended.map((transfer) => announceTransfer(transfer, origin)));
  return ended;
}

/** Ends the open offers of tickets that become void. Their bookings are locked. */
export async function endOffersOf(
  tx: Transaction,
  voided: readonly { ticketId: string; origin: Origin }[],
): Promise<void> {
  if (voided.length === 0) return;
  const origins = new Map(voided.map(({ ticketId, origin }) => [ticketId, origin]));
  const open = await lockTransfers(tx, await findOpenOffers(tx, [...origins.keys()]));
  for (const transfer of open.filter(({ status }) => status === 'offered')) {
    const origin = transfer.tickets.flatMap(({ ticketId }) => origins.get(ticketId) ?? [])[0];
    if (origin) await endTransfers(tx, [transfer], { end: 'ended', origin });
  }
}

/** No mail address: an audit entry can never be deleted. */
export function auditOf(
  transfer: Transfer,
  oldStatus: 'offered' | null,
  origin: Origin,
): AuditEntry {
  const { id, status, bookingId, eventId, fromUserId, toUserId, tickets } = transfer;
  return {
    aggregateType: 'transfer',
    aggregateId: id,
    action: `transfer.${status}`,
    oldStatus,
    newStatus: status,
    metadata: {
      ...{ bookingId, eventId, fromUserId },
      ...(toUserId !== null && { toUserId }),
      ticketIds: tickets.map(({ ticketId }) => ticketId),
    },
    origin,
  };
}
