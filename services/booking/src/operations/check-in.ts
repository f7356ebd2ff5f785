import type { Message } from '@holdfast/shared/contracts/contract.ts';
import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { ticketCheckedIn, ticketCheckedOut } from '@holdfast/shared/contracts/tickets.ts';
import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import { derivedId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import { type Database, sqlStateOf, type Transaction } from '@holdfast/shared/postgres/database.ts';
import {
  findPassage,
  insertPassage,
  type Passage,
  type Passed,
  passTicket,
  standingOf,
} from '../stores/passages.ts';
import type { TicketKeys } from '../stores/ticket-keys.ts';
import { type Direction, refusalOf } from '../tickets/admission.ts';
import { isGenuine, type ReadCode, readCode } from '../tickets/code.ts';

export type CheckInDeps = {
  readonly db: Database;
  readonly ticketKeys: TicketKeys;
  readonly onEnqueued: () => void;
};

/** A code shown at a gate of an event. */
export type Scan = {
  readonly code: string;
  readonly eventId: string;
  readonly gate: string;
  readonly direction: Direction;
  readonly scannerId: string;
  /** A repeat of the scan has the same; two scans never do. */
  readonly scanKey?: string | undefined;
  /** When it was, for a scanner that had no connection. */
  readonly scannedAt?: Date | undefined;
};
export type CheckedIn = { readonly passage: Passage; readonly seatId: string; repeated: boolean };

/** Of one scan, each after a rival's commit in mid-flight; more says that something is wrong. */
const MOST_TRIES = 5;

/**
 * Lets the bearer of a code in or out, once: the update of the ticket is the rule, and passage,
 * audit entry and message commit with it (invariant 19). A repeated scan is answered again.
 */
export async function checkIn(
  deps: CheckInDeps,
  scan: Scan,
  origin: Origin,
): Promise<CheckedIn | Refusal> {
  const code = await genuineCode(deps.ticketKeys, scan.code);
  if (isRefusal(code)) return code;
  if (code.eventId !== scan.eventId) {
    return refused('ticket_other_event', 'The ticket is for another event than this gate is.', {
      eventId: code.eventId,
    });
  }
  for (let tries = 1; ; tries += 1) {
    const outcome = await deps.db
      .transaction((tx) => pass(tx, scan, code, origin))
      .catch((error) => {
        // The same scan is being stored by a repeat of it.
        if (sqlStateOf(error)?.constraint !== 'one_passage_a_scan') throw error;
        return undefined;
      });
    if (outcome === undefined) {
      if (tries === MOST_TRIES) throw new Error(`ticket ${code.ticketId} passes and does not`);
      continue;
    }
    if (!isRefusal(outcome) && !outcome.repeated) deps.onEnqueued();
    return outcome;
  }
}

async function genuineCode(keys: TicketKeys, text: string): Promise<ReadCode | Refusal> {
  const code = readCode(text);
  if (code === undefined) {
    return refused('ticket_code_invalid', 'This is no code of a ticket: scan it once more.');
  }
  const key = await keys.find(code.kid);
  if (key === undefined) {
    return refused(
      'ticket_code_invalid',
      `No key ${code.kid} is known: the code is not from here.`,
    );
  }
  if (!isGenuine(code, key)) {
    return refused('ticket_code_invalid', 'The code was altered: its signature does not fit.');
  }
  return code;
}

/** Undefined where a rival committed between what was tried and what was read to explain it. */
async function pass(
  tx: Transaction,
  scan: Scan,
  code: ReadCode,
  origin: Origin,
): Promise<CheckedIn | Refusal | undefined> {
  const before = await repeatOf(tx, scan, code);
  if (before) return before;
  const { direction, eventId, gate, scannerId } = scan;
  const { ticketId, epoch, kid, seatId } = code;
  const passed = await passTicket(tx, { ticketId, epoch, kid, direction });
  if (passed === undefined) {
    const meanwhile = await repeatOf(tx, scan, code);
    if (meanwhile) return meanwhile;
    const standing = await standingOf(tx, { ticketId, kid });
    if (standing === undefined) {
      return refused('ticket_not_found', `There is no ticket ${ticketId}.`);
    }
    return refusalOf({ epoch, direction }, standing);
  }
  const passage: Passage = {
    ...{ ticketId, direction, eventId, gate, scannerId },
    seq: passed.passages,
    scanKey: scan.scanKey ?? null,
    scannedAt: scan.scannedAt ?? null,
    at: passed.at,
  };
  await Promise.all([
    insertPassage(tx, passage),
    recordAudit(tx, {
      aggregateType: 'ticket',
      aggregateId: ticketId,
      action: direction === 'entry' ? 'ticket.checked_in' : 'ticket.checked_out',
      oldStatus: 'live',
      newStatus: 'live',
      metadata: {
        ...{ bookingId: passed.bookingId, eventId, seatId, epoch, gate, passage: passage.seq },
        ...(passage.scannedAt && { scannedAt: passage.scannedAt.toISOString() }),
      },
      origin,
    }),
    enqueue(tx, announce(passed, passage, origin)),
  ]);
  return { passage, seatId, repeated: false };
}

/** The answer to the scan that this one repeats, if it does. */
async function repeatOf(
  tx: Transaction,
  scan: Scan,
  { ticketId, seatId }: ReadCode,
): Promise<CheckedIn | Refusal | undefined> {
  if (scan.scanKey === undefined) return undefined;
  const passage = await findPassage(tx, scan.scannerId, scan.scanKey);
  if (passage === undefined) return undefined;
  const isSame =
    passage.ticketId === ticketId &&
    passage.gate === scan.gate &&
    passage.direction === scan.direction;
  if (isSame) return { passage, seatId, repeated: true };
  return refused(
    'idempotency_key_reused',
    `The key ${scan.scanKey} was used for another scan: send a new one with each.`,
  );
}

function announce(passed: Passed, passage: Passage, origin: Origin): Message {
  const contract = passage.direction === 'entry' ? ticketCheckedIn : ticketCheckedOut;
  return newMessage(contract, {
    id: derivedId(passed.id, contract.type, String(passage.seq)),
    key: passed.id,
    version: passed.version,
    time: passed.at,
    origin,
    data: {
      ticketId: passed.id,
      bookingId: passed.bookingId,
      eventId: passed.eventId,
      seatId: passed.seatId,
      holderId: passed.holderId,
      gate: passage.gate,
      passage: passage.seq,
      at: passage.at.toISOString(),
      ...(passage.scannedAt && { scannedAt: passage.scannedAt.toISOString() }),
    },
  });
}
