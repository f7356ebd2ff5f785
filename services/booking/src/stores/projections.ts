import type { Message, Topic } from '@holdfast/shared/contracts/contract.ts';
import type { UserState } from '@holdfast/shared/contracts/users.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { HoldNews } from '../projection.ts';

/** Keeps users as messages of auth tell them, unless newer ones are known. One of each user. */
export async function keepCustomers(
  tx: Transaction,
  messages: readonly Message<UserState>[],
): Promise<void> {
  if (messages.length === 0) return;
  const rows = messages.map(({ data: { userId, name, email, tier }, version }) => ({
    ...{ user_id: userId, name, email, tier, version },
  }));
  await tx.execute(sql`
    insert into projections.customers as known (user_id, name, email, tier, version)
    select user_id, name, email, tier, version
    from json_populate_recordset(null::projections.customers, ${JSON.stringify(rows)}::json)
    order by user_id
    on conflict (user_id) do update set
      name = excluded.name, email = excluded.email, tier = excluded.tier,
      version = excluded.version
    where known.version < excluded.version`);
}

/**
 * Keeps what became of holds, unless newer is known. One of each hold. What is older than the row
 * changes nothing, so a repeat never counts seats twice.
 */
export async function keepHolds(tx: Transaction, news: readonly HoldNews[]): Promise<void> {
  if (news.length === 0) return;
  const rows = news.map((one) => ({
    hold_id: one.holdId,
    event_id: one.eventId,
    user_id: one.userId,
    state: one.state,
    seats: one.seats,
    seats_more: one.seatsMore,
    taken_at: one.takenAt,
    expires_at: one.expiresAt,
    ended_at: one.endedAt,
    booking_id: one.bookingId,
    version: one.version,
  }));
  // Not `on conflict`: what a known row becomes is not what an unknown one would be.
  await tx.execute(sql`
    merge into projections.holds known using (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as row (hold_id uuid,
        event_id uuid, user_id uuid, state text, seats integer, seats_more integer,
        taken_at timestamptz, expires_at timestamptz, ended_at timestamptz, booking_id uuid,
        version integer)
      order by hold_id
    ) news on known.hold_id = news.hold_id
    when matched and known.version < news.version then update set
      state = news.state,
      seats = coalesce(news.seats, greatest(known.seats + news.seats_more, 0)),
      expires_at = coalesce(news.expires_at, known.expires_at),
      ended_at = case when news.ended_at is not null then coalesce(known.ended_at, news.ended_at)
        end,
      booking_id = coalesce(news.booking_id, known.booking_id),
      version = news.version
    when not matched then insert (hold_id, event_id, user_id, state, seats, taken_at, expires_at,
      ended_at, booking_id, version)
    values (news.hold_id, news.event_id, news.user_id, news.state,
      coalesce(news.seats, greatest(news.seats_more, 0)), news.taken_at, news.expires_at, news.ended_at,
      news.booking_id, news.version)`);
}

/** Notes that messages of a source were applied; goes with the transaction that applies them. */
export async function moveWatermark(
  tx: Transaction,
  source: Topic,
  messages: readonly Message[],
): Promise<void> {
  const last = messages.toSorted((a, b) => a.time.localeCompare(b.time)).at(-1);
  if (last === undefined) return;
  await tx.execute(sql`
    update projections.watermarks set
      messages = messages + ${messages.length},
      message_id = case when message_time > ${last.time}::timestamptz then message_id
        else ${last.id}::uuid end,
      message_time = greatest(message_time, ${last.time}::timestamptz),
      applied_at = now()
    where source = ${source}`);
}
