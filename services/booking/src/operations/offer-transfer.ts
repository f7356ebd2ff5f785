import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { lockBookings } from '../stores/bookings.ts';
import { emailOf } from '../stores/customers.ts';
import { readEventNow } from '../stores/events.ts';
import { lockTickets } from '../stores/tickets.ts';
import {
  addCode,
  countOffersOfDay,
  findOpenOffers,
  findTransfer,
  findTransferOfKey,
  insertTransfer,
  lockTransfers,
} from '../stores/transfers.ts';
import { hashOfCode, newAcceptCode } from '../transfers/accept-code.ts';
import { announceTransfer, refuseOffer, type Transfer } from '../transfers/transfer.ts';
import { auditOf, endTransfers } from './end-transfers.ts';

export type TransferDeps = {
  readonly db: Database;
  readonly offerHours: number;
  /** Told after each commit that left messages in the outbox. */
  readonly onEnqueued: () => void;
};

export type OfferTransfer = {
  readonly bookingId: string;
  readonly ticketIds: readonly string[];
  /** As auth writes addresses: small letters, no spaces around it. */
  readonly toEmail: string;
  readonly note: string | null;
  readonly userId: string;
  readonly key: string | undefined;
  readonly origin: Origin;
};
export type Offered = { transfer: Transfer; acceptCode: string; repeated: boolean };

const OFFERS_A_DAY = 50;

/**
 * Offers tickets to a person. The code that accepts them is in the answer and nowhere else: its hash
 * is kept. A repeat under the same key finds the offer that it made, with another code.
 */
export async function offerTransfer(
  deps: TransferDeps,
  command: OfferTransfer,
): Promise<Offered | Refusal> {
  const acceptCode = newAcceptCode();
  const outcome = await deps.db.transaction(async (tx) => {
    const booking = (await lockBookings(tx, [command.bookingId])).get(command.bookingId);
    const repeated = await repeatOffer(tx, command, acceptCode);
    if (repeated) return repeated;
    if (booking === undefined) {
      return refused('booking_not_found', `There is no booking ${command.bookingId}.`);
    }
    const tickets = await lockTickets(tx, command.ticketIds);
    const event = await readEventNow(tx, booking);
    const refusal =
      refuseOffer(command, { booking, tickets, event }) ??
      (await refuseSelf(tx, command)) ??
      (await refuseMany(tx, command)) ??
      (await refuseRival(tx, command));
    if (refusal) return refusal;
    const { userId: fromUserId, origin, ...wanted } = command;
    const transfer = {
      ...wanted,
      ...{ id: newId(), eventId: booking.eventId, fromUserId, codeHash: hashOfCode(acceptCode) },
    };
    const until = { hours: deps.offerHours, startsAt: event.startsAt };
    if (!(await insertTransfer(tx, transfer, until))) {
      return refused(
        'request_in_flight',
        'A request under the same Idempotency-Key runs just now.',
      );
    }
    return { transfer: await told(tx, transfer.id, origin), acceptCode, repeated: false };
  });
  if (!isRefusal(outcome)) deps.onEnqueued();
  return outcome;
}

/** The offer that an earlier request under the same key made, with one more code. */
async function repeatOffer(
  tx: Transaction,
  command: OfferTransfer,
  acceptCode: string,
): Promise<Offered | Refusal | undefined> {
  const { userId, key } = command;
  const transfer = key === undefined ? undefined : await findTransferOfKey(tx, { userId, key });
  if (transfer === undefined) return undefined;
  if (!isSame(transfer, command)) {
    return refused(
      'idempotency_key_reused',
      `The Idempotency-Key ${key} was used for another transfer: use a new one.`,
    );
  }
  await addCode(tx, transfer.id, hashOfCode(acceptCode));
  return { transfer, acceptCode, repeated: true };
}

/** The new transfer, written into audit and outbox. */
async function told(tx: Transaction, id: string, origin: Origin): Promise<Transfer> {
  const transfer = await findTransfer(tx, id);
  if (transfer === undefined) throw new Error(`transfer ${id} has gone`);
  await recordAudit(tx, auditOf(transfer, null, origin));
  await enqueue(tx, announceTransfer(transfer, origin));
  return transfer;
}

async function refuseSelf(
  tx: Transaction,
  { userId, toEmail }: OfferTransfer,
): Promise<Refusal | undefined> {
  if ((await emailOf(tx, userId)) !== toEmail) return undefined;
  return refused('transfer_to_self', `${toEmail} is your own address: name somebody else's.`);
}

/** Each offer is a mail to somebody: a booking is no way to send any number of them. */
async function refuseMany(
  tx: Transaction,
  { bookingId }: OfferTransfer,
): Promise<Refusal | undefined> {
  if ((await countOffersOfDay(tx, bookingId)) < OFFERS_A_DAY) return undefined;
  return refused(
    'too_many_requests',
    `Tickets of this booking were offered ${OFFERS_A_DAY} times within a day: try again tomorrow.`,
  );
}

function isSame(known: Transfer, { bookingId, ticketIds, toEmail, note }: OfferTransfer): boolean {
  const wanted = new Set(ticketIds);
  return (
    known.bookingId === bookingId &&
    known.toEmail === toEmail &&
    known.note === note &&
    known.tickets.length === wanted.size &&
    known.tickets.every(({ ticketId }) => wanted.has(ticketId))
  );
}

/** One of the tickets is offered already; an offer whose time is over makes room here and now. */
async function refuseRival(
  tx: Transaction,
  { ticketIds, origin }: OfferTransfer,
): Promise<Refusal | undefined> {
  const open = await lockTransfers(tx, await findOpenOffers(tx, ticketIds));
  const living = open.find(({ status, hasExpired }) => status === 'offered' && !hasExpired);
  if (living) {
    return refused(
      'transfer_open',
      `Transfer ${living.id} offers a ticket of these to ${living.toEmail} already: withdraw it first.`,
    );
  }
  await endTransfers(
    tx,
    open.filter(({ status }) => status === 'offered'),
    { end: 'expired', origin },
  );
  return undefined;
}

/** One more code for an open offer: for its sender, or for the service that mails the recipient. */
export async function renewCode(
  { db }: Pick<TransferDeps, 'db'>,
  transfer: Transfer,
): Promise<string | Refusal> {
  const acceptCode = newAcceptCode();
  if (await addCode(db, transfer.id, hashOfCode(acceptCode))) return acceptCode;
  return refused(
    'transfer_over',
    `Transfer ${transfer.id} is over: nothing can be accepted any more.`,
  );
}
