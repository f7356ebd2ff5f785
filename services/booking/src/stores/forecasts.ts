import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { Accuracy } from '../forecast/accuracy.ts';
import { type SalesCurve, STEPS } from '../forecast/sales-curve.ts';

export type EventSales = {
  readonly eventId: string;
  readonly seats: number;
  readonly tickets: number;
  readonly hasBegun: boolean;
  readonly hoursSinceOpening: number;
  readonly curve: SalesCurve;
};

/** Hours count from now; null is "not before it begins". */
export type EventForecast = {
  readonly eventId: string;
  readonly seats: number;
  readonly tickets: number;
  readonly basis: 'similar_events' | 'own_rate' | 'no_sales' | 'sold_out';
  readonly similarEvents: number;
  readonly selloutHours: number | null;
  readonly earliestHours: number | null;
  readonly latestHours: number | null;
  readonly chance: number | null;
  readonly shareAtStart: number | null;
  readonly naiveHours: number | null;
};

/** One instance at a time; false while another forecasts. Until the transaction ends. */
export async function claimForecasts(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.execute<{ claimed: boolean }>(
    sql`select pg_try_advisory_xact_lock(4023) as claimed`,
  );
  return rows[0]?.claimed === true;
}

/** Events to look at: some that have begun and whose curve is not kept, some on sale, longest due. */
export async function findDueEvents(
  tx: Transaction,
  most: { begun: number; onSale: number },
): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    (select event_id as id from events e
     where status in ('published', 'rescheduled', 'off_sale') and starts_at <= now() and seat_count > 0
       and not exists (select from projections.sales_curves c where c.event_id = e.event_id)
     order by starts_at limit ${most.begun})
    union all
    (select e.event_id from events e
     left join projections.sellout_forecasts f on f.event_id = e.event_id
     where e.status in ('published', 'rescheduled') and e.starts_at > now() and e.seat_count > 0
       and (e.on_sale_at <= now()
         or exists (select from tickets t where t.event_id = e.event_id and t.status = 'live'))
     order by f.computed_at nulls first, e.event_id limit ${most.onSale})`);
  return rows.map(({ id }) => id);
}

/** How those events have sold, from their live tickets; a ticket counts from when it was reserved. */
export async function readSales(
  tx: Transaction,
  eventIds: readonly string[],
): Promise<EventSales[]> {
  const { rows } = await tx.execute<{
    id: string;
    seats: number;
    tickets: number;
    has_begun: boolean;
    hours: number[] | null;
    since_opening: number;
    to_start: number;
    last: number | null;
  }>(sql`
    with chosen as (
      select * from events where event_id = any(${sql.param([...eventIds])}::uuid[])
    ), sales as (
      select event_id, created_at as at,
        row_number() over (partition by event_id order by created_at, id) as n
      from tickets where status = 'live' and event_id in (select event_id from chosen)
    ), opened as (
      select c.event_id, c.seat_count, c.starts_at, count(s.n)::int as tickets,
        least(c.on_sale_at, min(s.at), now()) as at, max(s.at) as last_at
      from chosen c left join sales s on s.event_id = c.event_id
      group by c.event_id, c.seat_count, c.starts_at, c.on_sale_at
    ), steps as (
      select o.event_id, array_agg(extract(epoch from s.at - o.at)::float8 / 3600 order by k)
        as hours
      from opened o cross join generate_series(1, ${STEPS}::int) k
      join sales s on s.event_id = o.event_id
        and s.n = ceil(o.seat_count * k / ${STEPS}::numeric)::int
      group by o.event_id
    )
    select o.event_id as id, o.seat_count as seats, o.tickets, o.starts_at <= now() as has_begun,
      s.hours,
      extract(epoch from now() - o.at)::float8 / 3600 as since_opening,
      extract(epoch from o.starts_at - o.at)::float8 / 3600 as to_start,
      extract(epoch from o.last_at - o.at)::float8 / 3600 as last
    from opened o left join steps s on s.event_id = o.event_id order by o.event_id`);
  return rows.map((row) => {
    const share = Math.min(1, row.tickets / row.seats);
    const last = row.last ?? 0;
    // A sold-out curve ends with its last ticket; one sold at the door ends there, too.
    const elapsedHours =
      share === 1 ? last : Math.max(Math.min(row.since_opening, row.to_start), last);
    return {
      eventId: row.id,
      seats: row.seats,
      tickets: row.tickets,
      hasBegun: row.has_begun,
      hoursSinceOpening: row.since_opening,
      curve: {
        hours: [0, ...(row.hours ?? [])],
        share,
        elapsedHours,
        hoursLeft: Math.max(0, row.to_start - elapsedHours),
      },
    };
  });
}

/** Keeps curves of sales that have ended; answers how many are new. */
export async function keepCurves(tx: Transaction, sales: readonly EventSales[]): Promise<number> {
  if (sales.length === 0) return 0;
  const rows = sales.map(({ eventId, tickets, curve }) => ({
    event_id: eventId,
    hours: curve.hours,
    share: curve.share,
    tickets,
    elapsed_hours: curve.elapsedHours,
    hours_left: curve.hoursLeft,
  }));
  const { rowCount } = await tx.execute(sql`
    insert into projections.sales_curves
      (event_id, hours, share, tickets, elapsed_hours, hours_left, ended_at)
    select event_id, hours, share, tickets, elapsed_hours, hours_left, now()
    from json_populate_recordset(null::projections.sales_curves, ${JSON.stringify(rows)}::json)
    on conflict do nothing`);
  return rowCount ?? 0;
}

/** The sales that ended last, of those that tell something. */
export async function findCurves(
  tx: Transaction,
  { fewestTickets, most }: { fewestTickets: number; most: number },
): Promise<{ eventId: string; curve: SalesCurve }[]> {
  const { rows } = await tx.execute<{ id: string } & SalesCurve>(sql`
    select event_id as id, hours, share, elapsed_hours as "elapsedHours", hours_left as "hoursLeft"
    from projections.sales_curves where tickets >= ${fewestTickets}
    order by ended_at desc, event_id limit ${most}`);
  return rows.map(({ id, ...curve }) => ({ eventId: id, curve }));
}

export async function recordAccuracy(tx: Transaction, accuracy: Accuracy): Promise<void> {
  await tx.execute(sql`
    insert into projections.forecast_accuracy (measured_at, events, forecasts, error_hours,
      naive_error_hours, error_log_ratio, naive_error_log_ratio)
    values (now(), ${accuracy.events}, ${accuracy.forecasts}, ${accuracy.errorHours},
      ${accuracy.naiveErrorHours}, ${accuracy.errorLogRatio}, ${accuracy.naiveErrorLogRatio})`);
}

/** Whether forecasts by similar events were better than the naive ones when last measured. */
export async function wereBetterThanNaive(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.execute<{ better: boolean }>(sql`
    select error_log_ratio < naive_error_log_ratio as better
    from projections.forecast_accuracy order by measured_at desc limit 1`);
  return rows[0]?.better === true;
}

export async function keepForecasts(
  tx: Transaction,
  forecasts: readonly EventForecast[],
): Promise<void> {
  if (forecasts.length === 0) return;
  await tx.execute(sql`
    insert into projections.sellout_forecasts (event_id, computed_at, seats, sold, basis,
      similar_events, sellout_at, earliest_at, latest_at, chance, share_at_start, naive_sellout_at)
    select event_id, now(), seats, sold, basis, similar_events,
      now() + make_interval(secs => sellout_hours * 3600),
      now() + make_interval(secs => earliest_hours * 3600),
      now() + make_interval(secs => latest_hours * 3600), chance, share_at_start,
      now() + make_interval(secs => naive_hours * 3600)
    from json_to_recordset(${JSON.stringify(forecasts.map(toRow))}::json) as row (event_id uuid,
      seats integer, sold integer, basis text, similar_events integer, sellout_hours float8,
      earliest_hours float8, latest_hours float8, chance float8, share_at_start float8,
      naive_hours float8)
    on conflict (event_id) do update set computed_at = excluded.computed_at,
      seats = excluded.seats, sold = excluded.sold, basis = excluded.basis,
      similar_events = excluded.similar_events, sellout_at = excluded.sellout_at,
      earliest_at = excluded.earliest_at, latest_at = excluded.latest_at,
      chance = excluded.chance, share_at_start = excluded.share_at_start,
      naive_sellout_at = excluded.naive_sellout_at`);
}

function toRow(one: EventForecast) {
  return {
    event_id: one.eventId,
    seats: one.seats,
    sold: one.tickets,
    basis: one.basis,
    similar_events: one.similarEvents,
    sellout_hours: one.selloutHours,
    earliest_hours: one.earliestHours,
    latest_hours: one.latestHours,
    chance: one.chance,
    share_at_start: one.shareAtStart,
    naive_hours: one.naiveHours,
  };
}
