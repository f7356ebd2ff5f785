import type { Message } from '@holdfast/shared/contracts/contract.ts';
import type { EventState } from '@holdfast/shared/contracts/events.ts';
import type { UserState } from '@holdfast/shared/contracts/users.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

/** Keeps whom to write to as auth tells it, unless newer is known. */
export async function keepRecipient(tx: Transaction, message: Message<UserState>): Promise<void> {
  const { userId, name, email } = message.data;
  await tx.execute(sql`
    insert into recipients as known (user_id, name, email, version)
    values (${userId}, ${name}, ${email}, ${message.version})
    on conflict (user_id) do update set name = excluded.name, email = excluded.email,
      version = excluded.version
    where known.version < excluded.version`);
}

/** Keeps an event as catalog tells it, unless newer is known. */
export async function keepEvent(tx: Transaction, message: Message<EventState>): Promise<void> {
  const { eventId, name, venueName, startsAt, timeZone } = message.data;
  await tx.execute(sql`
    insert into events as known (event_id, name, venue_name, starts_at, time_zone, version)
    values (${eventId}, ${name}, ${venueName}, ${startsAt}, ${timeZone}, ${message.version})
    on conflict (event_id) do update set name = excluded.name, venue_name = excluded.venue_name,
      starts_at = excluded.starts_at, time_zone = excluded.time_zone, version = excluded.version
    where known.version < excluded.version`);
}
