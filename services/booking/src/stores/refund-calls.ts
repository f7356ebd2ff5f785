import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { sql } from 'drizzle-orm';
import { LACK_OF_FUNDS } from '../after-sale/refund.ts';
import type { ProviderCall } from './provider-calls.ts';

/** A refund that lacks funds waits for incoming money: a minute at first, six hours in the end. */
const FIRST_WAIT_SECONDS = 60;
const LONGEST_WAIT_SECONDS = 6 * 3_600;

/** Puts a refund that lacked funds back, to be made anew after a growing delay; false: it was settled. */
export async function awaitFunds(tx: Transaction, call: ProviderCall): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    with refused as (
      update refunds set failure = ${LACK_OF_FUNDS}, failures = failures + 1, provider_id = null
      where id = ${call.refundId} and status = 'requested' returning id, failures
    )
    update provider_calls c set
      leased_until = null,
      last_error = ${LACK_OF_FUNDS},
      generation = c.generation + 1,
      attempts = 0,
      next_attempt_at = now() + (0.5 + random() / 2) * make_interval(secs => least(
        ${FIRST_WAIT_SECONDS} * power(2, least(refused.failures - 1, 20)), ${LONGEST_WAIT_SECONDS}))
    from refused where c.refund_id = refused.id and c.status = 'requested'`);
  return rowCount === 1;
}

/** Whether a call still stands as it was claimed: under the same key, and not settled. */
export async function isCurrent(tx: Transaction, call: ProviderCall): Promise<boolean> {
  const { rows } = await tx.execute(sql`
    select from provider_calls
    where id = ${call.id} and status = 'requested' and generation = ${call.generation} for update`);
  return rows.length === 1;
}

/** Has a failed refund made anew, or one that waits for funds at once. */
export async function repeatRefundCall(tx: Transaction, refundId: string): Promise<void> {
  await tx.execute(sql`
    update provider_calls set
      status = 'requested', settled_at = null, next_attempt_at = now(),
      attempts = case when status = 'requested' then attempts else 0 end,
      generation = generation + case when status = 'requested' then 0 else 1 end
    where refund_id = ${refundId} and kind = 'refund'`);
}
