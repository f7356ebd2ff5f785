import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { lockBookings } from '../stores/bookings.ts';
import { readEventNow } from '../stores/events.ts';
import { lockTransfers } from '../stores/transfers.ts';
import { decideEnd, refuseEvent, type Transfer, type TransferEnd } from '../transfers/transfer.ts';
import { endTransfers } from './end-transfers.ts';
import type { TransferDeps } from './offer-transfer.ts';
import { reissueTickets } from './reissue-tickets.ts';

export type Answer = {
  readonly transferId: string;
  readonly bookingId: string;
  /** Who answers: the recipient, or for `withdrawn` the sender. */
  readonly userId: string;
  readonly end: Extract<TransferEnd, 'accepted' | 'declined' | 'withdrawn'>;
  readonly origin: Origin;
};

/**
 * Ends an offer by the word of its recipient or sender. The lock of the transfer decides between
 * rivals; whoever repeats the answer that ended it gets it again. An acceptance gives the tickets to
 * the recipient under a new epoch, in the same transaction and under the lock of their booking, or
 * leaves all as it is.
 */
export async function answerTransfer(
  deps: Pick<TransferDeps, 'db' | 'onEnqueued'>,
  answer: Answer,
): Promise<Transfer | Refusal> {
  const outcome = await deps.db.transaction(async (tx) => {
    // The order of locks: the booking, then what belongs to it.
    const bookings = answer.end === 'accepted' ? await lockBookings(tx, [answer.bookingId]) : null;
    const [transfer] = await lockTransfers(tx, [answer.transferId]);
    if (transfer === undefined) {
      return refused('transfer_not_found', `There is no transfer ${answer.transferId}.`);
    }
    const recipient = answer.end === 'withdrawn' ? null : answer.userId;
    const decision = decideEnd(transfer, { end: answer.end, userId: recipient });
    if (isRefusal(decision)) return decision;
    if (decision.kind === 'ignored') return transfer;
    const ending = {
      end: answer.end,
      origin: answer.origin,
      ...(recipient !== null && { toUserId: recipient }),
    };
    const booking = bookings?.get(answer.bookingId);
    if (booking === undefined) return (await endTransfers(tx, [transfer], ending))[0] ?? transfer;
    const closed = refuseEvent(booking.eventName, await readEventNow(tx, booking));
    if (closed) return closed;
    const epochs = await giveTickets(tx, transfer, answer);
    if (isRefusal(epochs)) return epochs;
    return (await endTransfers(tx, [transfer], { ...ending, epochs }))[0] ?? transfer;
  });
  if (!isRefusal(outcome)) deps.onEnqueued();
  return outcome;
}

/** The epochs that the tickets have with their new holder. */
async function giveTickets(
  tx: Transaction,
  transfer: Transfer,
  { userId, origin }: Answer,
): Promise<ReadonlyMap<string, number> | Refusal> {
  const wanted = transfer.tickets.map(({ ticketId }) => ({ ticketId, holderId: userId }));
  const reissued = await reissueTickets(tx, wanted, origin);
  if (isRefusal(reissued)) return reissued;
  return new Map(reissued.map(({ id, epoch }) => [id, epoch]));
}
