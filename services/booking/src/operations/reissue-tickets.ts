import { type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { lockTickets, saveHolders, type Ticket } from '../stores/tickets.ts';

/**
 * Gives tickets to new holders under a new epoch, with an audit entry each: every code that was
 * shown before lets nobody in from the commit on. All of them or, with a refusal, none: a ticket
 * that is not live or was used stays as it is. The lock of their booking is to be had first.
 */
export async function reissueTickets(
  tx: Transaction,
  wanted: readonly { ticketId: string; holderId: string }[],
  origin: Origin,
): Promise<Ticket[] | Refusal> {
  const locked = await lockTickets(
    tx,
    wanted.map(({ ticketId }) => ticketId),
  );
  const reissued: Ticket[] = [];
  for (const { ticketId, holderId } of wanted) {
    const ticket = locked.get(ticketId);
    if (ticket === undefined) return refused('ticket_not_found', `There is no ticket ${ticketId}.`);
    const refusal = refusalOf(ticket);
    if (refusal) return refusal;
    reissued.push({ ...ticket, holderId, epoch: ticket.epoch + 1, version: ticket.version + 1 });
  }
  await Promise.all([
    saveHolders(tx, wanted),
    recordAudit(
      tx,
      ...reissued.map(({ id, bookingId, eventId, seatId, epoch, holderId, status }) => ({
        aggregateType: 'ticket',
        aggregateId: id,
        action: 'ticket.reissued',
        oldStatus: status,
        newStatus: status,
        metadata: {
          ...{ bookingId, eventId, seatId, epoch, holderId },
          formerHolderId: locked.get(id)?.holderId,
        },
        origin,
      })),
    ),
  ]);
  return reissued;
}

function refusalOf({ id, status, firstEnteredAt }: Ticket): Refusal | undefined {
  if (status === 'void') {
    return refused('ticket_void', `Ticket ${id} was cancelled: it can not be passed on.`);
  }
  if (status === 'reserved') {
    return refused('ticket_not_live', `Ticket ${id} is not paid yet: wait for its booking.`);
  }
  if (firstEnteredAt !== null) {
    const at = firstEnteredAt.toISOString();
    return refused('ticket_used', `Ticket ${id} was used at ${at}: it stays with who used it.`);
  }
  return undefined;
}
