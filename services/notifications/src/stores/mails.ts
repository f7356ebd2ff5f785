import type { Database, Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import type { EventFacts, Occasion, Recipient } from '../mail.ts';

/** Somebody or something that is not known yet is waited for so long; then it goes without. */
const PATIENCE_SECONDS = 60;

/** Keeps a mail to be sent; false when its message has been here. */
export async function keepMail(tx: Transaction, occasion: Occasion): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    insert into mails (message_id, type, user_id, event_id, content, useful_until, state)
    select ${occasion.messageId}, ${occasion.type}, ${occasion.userId}::uuid,
      ${occasion.eventId}::uuid, ${JSON.stringify(occasion.content)}::jsonb,
      ${occasion.usefulUntil}::timestamptz,
      case when ${occasion.time}::timestamptz < at then 'from_before' else 'waiting' end
    from beginning
    on conflict do nothing`);
  return rowCount === 1;
}

/** Has those sent, too, that tell of what happened before this service was first started. */
export async function beginAtTheBeginning(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.execute(sql`update beginning set at = '-infinity'`);
    await tx.execute(sql`update mails set state = 'waiting' where state = 'from_before'`);
  });
}

export async function dropLate(db: Database): Promise<void> {
  await db.execute(sql`
    update mails set state = 'too_late' where state = 'waiting' and useful_until <= now()`);
}

export type DueMail = Pick<Occasion, 'messageId' | 'type' | 'userId' | 'content'> & {
  readonly recipient: Recipient | undefined;
  readonly event: EventFacts | undefined;
};

/** The next mail that is of use, locked: another instance takes the one after it. */
export async function takeNextMail(tx: Transaction): Promise<DueMail | undefined> {
  const { rows } = await tx.execute<{
    message_id: string;
    type: string;
    user_id: string;
    content: object;
    recipient: Recipient | null;
    event: EventFacts | null;
  }>(sql`
    select m.message_id, m.type, m.user_id, m.content,
      case when r.user_id is not null
        then json_build_object('name', r.name, 'email', r.email) end as recipient,
      case when e.event_id is not null
        then json_build_object('name', e.name, 'venueName', e.venue_name,
          'startsAt', e.starts_at, 'timeZone', e.time_zone) end as event
    from mails m
    left join recipients r on r.user_id = m.user_id
    left join events e on e.event_id = m.event_id
    where m.state = 'waiting' and (m.useful_until is null or m.useful_until > now()) and (
      (r.user_id is not null and (m.event_id is null or e.event_id is not null))
      or m.received_at < now() - make_interval(secs => ${PATIENCE_SECONDS}))
    order by m.place for update of m skip locked limit 1`);
  const [row] = rows;
  return (
    row && {
      messageId: row.message_id,
      type: row.type,
      userId: row.user_id,
      content: row.content,
      recipient: row.recipient ?? undefined,
      event: row.event ?? undefined,
    }
  );
}

/** Says what became of a mail that was taken; an unwritable one stays for somebody to look at. */
export async function endMail(
  tx: Transaction,
  messageId: string,
  state: 'sent' | 'unwritable',
): Promise<void> {
  await tx.execute(sql`
    update mails set state = ${state}, sent_at = case ${state} when 'sent' then now() end
    where message_id = ${messageId}`);
}
