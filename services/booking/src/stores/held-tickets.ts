import type { TicketTypeName } from '@holdfast/shared/contracts/offer.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

/** A ticket as the one who may show it sees it; what it cost is the buyer's business. */
export type HeldTicket = {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly eventId: string;
  readonly eventName: string;
  readonly venueName: string;
  readonly startsAt: Date;
  readonly timeZone: string;
  readonly seatId: string;
  readonly label: string;
  readonly section: string;
  readonly row: string;
  readonly number: string;
  readonly category: string;
  readonly ticketType: TicketTypeName | null;
  /** Whether it came from somebody else. */
  readonly wasTransferred: boolean;
};

/** The live tickets that an account holds, the latest sold first, after the ticket `before`. */
export async function listHeldTickets(
  db: Database,
  wanted: { holderId: string; before?: string; limit: number },
): Promise<HeldTicket[]> {
  const older = wanted.before === undefined ? sql`` : sql`and t.id < ${wanted.before}`;
  const { rows } = await db.execute<Omit<HeldTicket, 'startsAt'> & { startsAt: string }>(sql`
    select t.id as "ticketId", t.booking_id as "bookingId", t.event_id as "eventId",
      b.event_name as "eventName", b.venue_name as "venueName",
      coalesce(e.starts_at, b.starts_at) as "startsAt", b.time_zone as "timeZone",
      t.seat_id as "seatId", s.label, s.section, s."row", s.number, s.category,
      s.ticket_type as "ticketType", b.user_id <> t.holder_id as "wasTransferred"
    from tickets t
    join bookings b on b.id = t.booking_id
    join booking_seats s on s.booking_id = t.booking_id and s.seat_id = t.seat_id
    left join events e on e.event_id = t.event_id
    where t.holder_id = ${wanted.holderId} and t.status = 'live' ${older}
    order by t.id desc limit ${wanted.limit}`);
  return rows.map((row) => ({ ...row, startsAt: new Date(row.startsAt) }));
}
