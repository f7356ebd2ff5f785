import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

/** A row of analytics.revenue_by_event. Amounts in minor units. */
export type EventRevenue = {
  eventId: string;
  event: string;
  venue: string;
  city: string | null;
  startsAt: string;
  currency: string;
  bookings: number;
  liveTickets: number;
  grossMinor: number;
  refundedMinor: number;
  netMinor: number;
  revenueRank: number;
  /** The net, by whose it is. */
  organizerMinor: number;
  feesMinor: number;
  taxesMinor: number;
};

export async function revenueByEvent(
  db: Database,
  wanted: { currency?: string; limit: number },
): Promise<EventRevenue[]> {
  const { rows } = await db.execute<EventRevenue>(sql`
    select event_id as "eventId", event, venue, city, starts_at as "startsAt", currency, bookings,
      live_tickets as "liveTickets", gross_minor as "grossMinor",
      refunded_minor as "refundedMinor", net_minor as "netMinor", revenue_rank as "revenueRank",
      organizer_minor as "organizerMinor", fees_minor as "feesMinor", taxes_minor as "taxesMinor"
    from analytics.revenue_by_event
    where ${wanted.currency ?? null}::text is null or currency = ${wanted.currency ?? null}
    order by currency, revenue_rank, event_id limit ${wanted.limit}`);
  return rows.map((row) => ({ ...row, startsAt: new Date(row.startsAt).toISOString() }));
}
