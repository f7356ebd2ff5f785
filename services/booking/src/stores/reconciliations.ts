import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { rowsOf } from '@holdfast/shared/postgres/rows.ts';
import { sql } from 'drizzle-orm';
import type { ProviderMovement } from '../provider-books.ts';
import type { Difference, Here, Movement } from '../reconciliation/reconciliation.ts';

/** A day's comparison that this instance works on. Days are `YYYY-MM-DD`, in UTC. */
export type OpenDay = {
  readonly day: string;
  readonly state: 'requested' | 'reading' | 'comparing';
  readonly coversUntil: Date | null;
  readonly cursor: string | null;
};
/** Something that one side or both have of a day, and that does not agree at first sight. */
export type Doubt = {
  readonly movement: Movement;
  readonly providerId: string | null;
  readonly ourId: string | null;
};

const LEASE_SECONDS = 60;

/** Today and yesterday by the database's clock. */
export async function daysOf(db: Database): Promise<{ today: string; yesterday: string }> {
  const { rows } = await db.execute<{ today: string; yesterday: string }>(sql`
    select (now() at time zone 'UTC')::date::text as today,
      ((now() at time zone 'UTC')::date - 1)::text as yesterday`);
  return rows[0] ?? { today: '', yesterday: '' };
}

/** Asks for a day to be compared, again if it was; one that is being compared goes on. */
export async function requestDay(db: Database, day: string, by: string): Promise<void> {
  await db.execute(sql`
    insert into reconciliations (day, requested_by) values (${day}, ${by})
    on conflict (day) do update set state = 'requested', requested_by = excluded.requested_by,
      requested_at = now()
    where reconciliations.state = 'done'`);
}

/**
 * Asks for yesterday once it has been over for `lagSeconds`, with the days of the last month since
 * the first one that have been missed or were compared before they were over; and once an hour for
 * those with differences, which may have been settled since.
 */
export async function requestDueDays(db: Database, lagSeconds: number): Promise<void> {
  await db.execute(sql`
    with over as (
      select (now() at time zone 'UTC' - make_interval(secs => ${lagSeconds}))::date - 1 as last
    )
    insert into reconciliations (day, requested_by)
    select last - n, 'system:reconciliation' from over, generate_series(0, 30) n
    where n = 0 or last - n > (select min(day) from reconciliations)
    on conflict (day) do update set state = 'requested', requested_by = excluded.requested_by,
      requested_at = now()
    where reconciliations.state = 'done'
      and reconciliations.covers_until < (reconciliations.day + 1)::timestamp at time zone 'UTC'`);
  await db.execute(sql`
    update reconciliations r set state = 'requested', requested_by = 'system:reconciliation',
      requested_at = now()
    where r.state = 'done' and r.finished_at < now() - interval '1 hour'
      and r.day > (now() at time zone 'UTC')::date - 31
      and exists (select from reconciliation_differences d
        where d.day = r.day and d.resolved_at is null)`);
}

/** A day that is to be compared and that no other instance works on, for LEASE_SECONDS. */
export async function claimDay(db: Database): Promise<OpenDay | undefined> {
  const { rows } = await db.execute<Omit<OpenDay, 'coversUntil'> & { coversUntil: string | null }>(
    sql`
    update reconciliations r set leased_until = now() + make_interval(secs => ${LEASE_SECONDS})
    from (
      select day from reconciliations
      where state <> 'done' and (leased_until is null or leased_until <= now())
      order by day limit 1 for update skip locked
    ) due where r.day = due.day
    returning r.day::text, r.state, r.covers_until as "coversUntil", r.cursor`,
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return { ...row, coversUntil: row.coversUntil === null ? null : new Date(row.coversUntil) };
}

/**
 * Begins to read a day: what was read of it before is forgotten. One that is not over is read up to
 * now, to the whole second that the provider's clock counts.
 */
export async function beginReading(
  tx: Transaction,
  day: string,
  lagSeconds: number,
): Promise<void> {
  await tx.execute(sql`delete from reconciliation_movements where day = ${day}`);
  await tx.execute(sql`
    update reconciliations set state = 'reading', cursor = null, leased_until = null,
      covers_until = least((${day}::date + 1)::timestamp at time zone 'UTC',
        date_trunc('second', now() - make_interval(secs => ${lagSeconds})) + interval '1 second')
    where day = ${day} and state = 'requested'`);
}

/** Keeps a page with the place to go on from; nothing if another instance was faster. */
export async function keepPage(
  tx: Transaction,
  open: OpenDay,
  page: { movements: readonly ProviderMovement[]; last: string | null; hasMore: boolean },
): Promise<void> {
  const { rowCount } = await tx.execute(sql`
    update reconciliations set leased_until = null, cursor = ${page.last},
      state = ${page.hasMore ? 'reading' : 'comparing'}
    where day = ${open.day} and state = 'reading' and cursor is not distinct from ${open.cursor}`);
  if (rowCount === 0) return;
  const rows = page.movements.map((one) => ({
    id: one.id,
    day: open.day,
    movement: one.movement,
    provider_id: one.providerId,
    our_id: one.ourId,
    currency: one.currency,
    amount_minor: one.amountMinor,
  }));
  await tx.execute(sql`
    insert into reconciliation_movements
    select * from ${rowsOf('reconciliation_movements', rows)} on conflict do nothing`);
}

/**
 * What does not agree at first sight: movements of the provider's day that our books, whatever the
 * day, do not have alike, and movements of our day that its day does not have.
 */
export async function findDoubts(db: Database, open: OpenDay): Promise<Doubt[]> {
  const { rows } = await db.execute<Doubt>(sql`
    with there as (
      select movement, provider_id, max(our_id::text)::uuid as our_id, max(currency) as currency,
        sum(amount_minor) as amount_minor
      from reconciliation_movements where day = ${open.day} group by movement, provider_id
    )
    select t.movement, t.provider_id as "providerId", t.our_id as "ourId"
    from there t left join moved_money m using (movement, provider_id)
    where m.our_id is null or m.amount_minor <> t.amount_minor
      or m.ledger_minor <> t.amount_minor or m.currency <> t.currency
    union
    select m.movement, m.provider_id, m.our_id
    from ledger_journals j
    join moved_money m on m.our_id = coalesce(j.refund_id, j.payment_id)
      and m.movement = case when j.refund_id is null then 'capture' else 'refund' end
    where j.kind in ('capture', 'refund')
      and j.at >= ${open.day}::date::timestamp at time zone 'UTC' and j.at < ${open.coversUntil}
      and not exists (select from there t
        where t.movement = m.movement and t.provider_id = m.provider_id)`);
  return rows;
}

/** What our books have of a movement, by the provider's id or else by ours. */
export async function findHere(db: Database, doubt: Doubt): Promise<Here | undefined> {
  const { rows } = await db.execute<Here>(sql`
    select booking_id as "bookingId", status, currency, amount_minor as "amountMinor",
      ledger_minor as "ledgerMinor"
    from moved_money
    where movement = ${doubt.movement}
      and (provider_id = ${doubt.providerId} or our_id = ${doubt.ourId}::uuid)
    order by (provider_id = ${doubt.providerId}) desc nulls last limit 1`);
  return rows[0];
}

/** Ends a comparison: differences found before and not any more are resolved, not forgotten. */
export async function finishDay(
  tx: Transaction,
  day: string,
  differences: readonly Difference[],
): Promise<void> {
  const { rowCount } = await tx.execute(sql`
    update reconciliations set state = 'done', leased_until = null, finished_at = now()
    where day = ${day} and state = 'comparing'`);
  if (rowCount === 0) return;
  const rows = differences.map((one) => ({
    day,
    movement: one.movement,
    subject: one.subject,
    kind: one.kind,
    booking_id: one.bookingId,
    here: one.here,
    there: one.there,
  }));
  const found = rowsOf('reconciliation_differences', rows);
  await tx.execute(sql`
    insert into reconciliation_differences (day, movement, subject, kind, booking_id, here, there)
    select day, movement, subject, kind, booking_id, here, there from ${found}
    on conflict (day, movement, subject) do update set kind = excluded.kind,
      booking_id = excluded.booking_id, here = excluded.here, there = excluded.there,
      resolved_at = null`);
  await tx.execute(sql`
    update reconciliation_differences d set resolved_at = now()
    where d.day = ${day} and d.resolved_at is null and not exists (
      select from ${found} f where f.movement = d.movement and f.subject = d.subject)`);
  await tx.execute(sql`delete from reconciliation_sums where day = ${day}`);
  await tx.execute(sql`
    with moved as (
      select movement, currency, count(*)::int as count, sum(amount_minor) as minor
      from reconciliation_movements where day = ${day} group by movement, currency
    ), different as (
      select movement, coalesce(here ->> 'currency', there ->> 'currency') as currency,
        sum(coalesce((here ->> 'amountMinor')::bigint, 0)
          - coalesce((there ->> 'amountMinor')::bigint, 0)) as minor
      from reconciliation_differences where day = ${day} and resolved_at is null group by 1, 2
    )
    insert into reconciliation_sums (day, movement, currency, count_there, there_minor, here_minor)
    select ${day}, movement, currency, coalesce(m.count, 0), coalesce(m.minor, 0),
      coalesce(m.minor, 0) + coalesce(d.minor, 0)
    from moved m full join different d using (movement, currency)`);
  await tx.execute(sql`delete from reconciliation_movements where day = ${day}`);
}
