import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { Direction, Standing } from '../tickets/admission.ts';
import type { Ticket } from './tickets.ts';

/** A ticket that went through a gate. */
export type Passage = {
  readonly ticketId: string;
  /** Counts the passages of the ticket from 1. */
  readonly seq: number;
  readonly direction: Direction;
  readonly eventId: string;
  readonly gate: string;
  readonly scannerId: string;
  readonly scanKey: string | null;
  readonly scannedAt: Date | null;
  readonly at: Date;
};

/** A ticket that has just passed, and the place it is for. */
export type Passed = Pick<Ticket, 'id' | 'bookingId' | 'eventId' | 'seatId' | 'holderId'> & {
  readonly version: number;
  readonly passages: number;
  readonly at: Date;
};

type PassageRow = Omit<Passage, 'at' | 'scannedAt'> & { at: string; scannedAt: string | null };

/**
 * Lets a ticket pass, or nobody: the filter is the rule (invariant 19). Rivals wait for the row and
 * are held against what it is then. Undefined when the ticket may not; `standingOf` says why.
 */
export async function passTicket(
  tx: Transaction,
  shown: { ticketId: string; epoch: number; kid: string; direction: Direction },
): Promise<Passed | undefined> {
  const enters = shown.direction === 'entry';
  const { rows } = await tx.execute<Omit<Passed, 'at'> & { at: string }>(sql`
    update tickets t set is_inside = ${enters}::boolean, passages = t.passages + 1,
      first_entered_at = coalesce(t.first_entered_at, now()), version = t.version + 1,
      changed_at = now()
    where t.id = ${shown.ticketId} and t.status = 'live' and t.epoch = ${shown.epoch}
      and t.is_inside <> ${enters}::boolean
      and exists (select from ticket_keys k where k.kid = ${shown.kid} and k.revoked_at is null)
      and not (${enters}::boolean and exists (
        select from events e where e.event_id = t.event_id and e.status = 'cancelled'
      ))
    returning t.id, t.booking_id as "bookingId", t.event_id as "eventId", t.seat_id as "seatId",
      t.holder_id as "holderId", t.version, t.passages, now() as at`);
  const [passed] = rows;
  return passed && { ...passed, at: new Date(passed.at) };
}

/** What decides about a ticket, as it stands; undefined when there is none. */
export async function standingOf(
  tx: Transaction,
  { ticketId, kid }: { ticketId: string; kid: string },
): Promise<Standing | undefined> {
  const { rows } = await tx.execute<
    Omit<Standing, 'last'> & { gate: string | null; at: string | null }
  >(sql`
    select t.status, t.epoch, t.is_inside as "isInside",
      not exists (select from ticket_keys k where k.kid = ${kid} and k.revoked_at is null)
        as "isKeyRevoked",
      coalesce(e.status = 'cancelled', false) as "isEventCancelled", p.gate, p.at
    from tickets t
    left join events e on e.event_id = t.event_id
    left join ticket_passages p on p.ticket_id = t.id and p.seq = t.passages
    where t.id = ${ticketId}`);
  const [found] = rows;
  if (found === undefined) return undefined;
  const { gate, at, ...standing } = found;
  const last = gate !== null && at !== null ? { gate, at: new Date(at) } : undefined;
  return { ...standing, last };
}

export async function insertPassage(tx: Transaction, passage: Passage): Promise<void> {
  await tx.execute(sql`
    insert into ticket_passages
      (ticket_id, seq, direction, event_id, gate, scanner_id, scan_key, scanned_at)
    values (${passage.ticketId}, ${passage.seq}, ${passage.direction}, ${passage.eventId},
      ${passage.gate}, ${passage.scannerId}, ${passage.scanKey},
      ${passage.scannedAt?.toISOString() ?? null})`);
}

/** The passage that a scanner's scan became. */
export async function findPassage(
  tx: Transaction,
  scannerId: string,
  scanKey: string,
): Promise<Passage | undefined> {
  const { rows } = await tx.execute<PassageRow>(sql`
    select ticket_id as "ticketId", seq, direction, event_id as "eventId", gate,
      scanner_id as "scannerId", scan_key as "scanKey", scanned_at as "scannedAt", at
    from ticket_passages where scanner_id = ${scannerId} and scan_key = ${scanKey}`);
  const [found] = rows;
  if (found === undefined) return undefined;
  const { at, scannedAt, ...passage } = found;
  return {
    ...passage,
    at: new Date(at),
    scannedAt: scannedAt === null ? null : new Date(scannedAt),
  };
}

export type CheckInCounts = {
  /** Live tickets, those of them that were used at all, and those inside now. */
  readonly live: number;
  readonly entered: number;
  readonly inside: number;
  readonly gates: readonly { gate: string; entries: number; exits: number }[];
};

/** How many have come to an event, in all and by gate. */
export async function countCheckIns(db: Database, eventId: string): Promise<CheckInCounts> {
  const [totals, gates] = await Promise.all([
    db.execute<Omit<CheckInCounts, 'gates'>>(sql`
      select count(*)::int as live, count(first_entered_at)::int as entered,
        (count(*) filter (where is_inside))::int as inside
      from tickets where event_id = ${eventId} and status = 'live'`),
    db.execute<CheckInCounts['gates'][number]>(sql`
      select gate, (count(*) filter (where direction = 'entry'))::int as entries,
        (count(*) filter (where direction = 'exit'))::int as exits
      from ticket_passages where event_id = ${eventId} group by gate order by gate`),
  ]);
  const [{ live, entered, inside } = { live: 0, entered: 0, inside: 0 }] = totals.rows;
  return { live, entered, inside, gates: gates.rows };
}
