import { newId } from '@holdfast/shared/ids.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';

/** An event of the provider: which payment it is about, and what it says that matters. */
export type ProviderHint = {
  readonly event: { readonly id: string; readonly type: string };
  readonly providerId?: string | undefined;
  readonly paymentId?: string | undefined;
  /** The provider's id of a refund that is said to have failed after all. */
  readonly failedRefund?: string | undefined;
  /** Whether it says that money has come, or is reserved. */
  readonly saysMoney: boolean;
  readonly origin: Origin;
};

/**
 * Makes the open calls of the payments due now; has refunds looked at that are said to have failed
 * after all, and payments that were given up and are said to have money. Answers how many calls are
 * due. An event seen before hastens nothing. A call that is being made for the first time is left
 * alone: should it fail, it is made again within a moment anyway.
 */
export async function takeHints(db: Database, hints: readonly ProviderHint[]): Promise<number> {
  const rows = hints.map(({ event, providerId, paymentId, failedRefund, saysMoney, origin }) => ({
    event_id: event.id,
    type: event.type,
    intent: providerId,
    payment_id: paymentId,
    failed_refund: failedRefund,
    ...(saysMoney && { question_id: newId(), origin }),
  }));
  const { rows: found } = await db.execute<{ due: number }>(sql`
    with hints as (
      select * from json_to_recordset(${JSON.stringify(rows)}::json) as hint (event_id text,
        type text, intent text, payment_id uuid, failed_refund text, question_id uuid, origin jsonb)
    ), fresh as (
      insert into webhook_events (id, type) select event_id, type from hints order by event_id
      on conflict do nothing returning id
    ), paid as (
      select h.event_id, h.question_id, h.origin, p.id, p.booking_id, p.status, p.provider_id
      from hints h join payments p on p.id = h.payment_id or p.provider_id = h.intent
    ), waiting as (
      select id from provider_calls
      where payment_id = any(array(
          select paid.id from fresh join paid on paid.event_id = fresh.id))
        and settled_at is null and (attempts <> 1 or leased_until <= now()) is not false
      order by id for update
    ), hastened as (
      update provider_calls c set next_attempt_at = now()
      where c.id = any(array(select id from waiting)) returning c.id
    ), doubted as (
      update provider_calls c set
        status = 'requested', settled_at = null, attempts = 0, next_attempt_at = now()
      from fresh join hints on hints.event_id = fresh.id
        join refunds r on r.provider_id = hints.failed_refund
      where r.status = 'succeeded' and c.refund_id = r.id and c.kind = 'refund'
        and c.status = 'succeeded'
      returning c.id
    ), asked as (
      insert into provider_calls (id, kind, booking_id, payment_id, origin)
      select question_id, 'await', booking_id, id, origin from paid
      where question_id is not null and status in ('declined', 'voided') and provider_id is not null
      on conflict do nothing returning id
    )
    select ((select count(*) from hastened) + (select count(*) from doubted)
      + (select count(*) from asked))::int as due`);
  return found[0]?.due ?? 0;
}
