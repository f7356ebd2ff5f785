import type { Database } from '@holdfast/shared/postgres/database.ts';
import { type SQL, sql } from 'drizzle-orm';

/** A ticket of which codes were given out that let nobody in any more. */
export type RevokedTicket = {
  readonly ticketId: string;
  /** Codes of this epoch and later ones are good; null when none is. */
  readonly validFromEpoch: number | null;
  readonly revokedAt: Date;
};

/**
 * A place in the list. A transaction may commit some time after the instant it wrote, behind a
 * reader that has gone by; so a reader who reaches the end begins the next round at the `floor`:
 * a minute before this one began, by which the trigger mark_ticket_revoked has had every
 * transaction committed or ended. What comes twice says the same.
 */
export type RevokedCursor = {
  readonly at: string;
  readonly ticketId: string;
  /** Set in the middle of a round. */
  readonly floor: string | null;
};

const SETTLED_AFTER_SECONDS = 60;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** A page of an event's revoked tickets, oldest first, and where to go on. */
export async function listRevoked(
  db: Database,
  wanted: { eventId: string; since: RevokedCursor | undefined; limit: number },
): Promise<{ tickets: RevokedTicket[]; next: RevokedCursor; more: boolean }> {
  const { eventId, since, limit } = wanted;
  const floor = since?.floor ?? (await settledInstant(db));
  const { at, ticketId } = since ?? { at: '-infinity', ticketId: FIRST_ID };
  const { rows } = await db.execute<{
    ticketId: string;
    validFromEpoch: number | null;
    at: string;
  }>(sql`
    select id as "ticketId", case status when 'void' then null else epoch end as "validFromEpoch",
      ${isoOf(sql`revoked_at`)} as at
    from tickets
    where event_id = ${eventId} and revoked_at is not null
      and (revoked_at, id) > (${at}::timestamptz, ${ticketId}::uuid)
    order by revoked_at, id limit ${limit + 1}`);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    tickets: page.map(({ at, ...ticket }) => ({ ...ticket, revokedAt: new Date(at) })),
    next: more
      ? { at: last.at, ticketId: last.ticketId, floor }
      : { at: floor, ticketId: FIRST_ID, floor: null },
    more,
  };
}

/** What was revoked before this instant is committed. */
async function settledInstant(db: Database): Promise<string> {
  const { rows } = await db.execute<{ at: string }>(
    sql`select ${isoOf(sql`now() - make_interval(secs => ${SETTLED_AFTER_SECONDS})`)} as at`,
  );
  return rows[0]?.at ?? '-infinity';
}

/** To the microsecond, so that no two places fall together. */
const isoOf = (instant: SQL) =>
  sql`to_char((${instant}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
