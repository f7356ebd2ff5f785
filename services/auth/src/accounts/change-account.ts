import { isRefusal, type Refusal, refused } from '@holdfast/shared/errors.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { AuthParts } from '../parts.ts';
import { findEarnedTiers } from '../tiers/tier-bookings.ts';
import { type Account, type AccountChange, decideChange } from './account.ts';
import { announce, lockUser, updateUser } from './users.ts';

/**
 * Changes an account, with one audit entry and one message; a change to what it is already does
 * nothing. Roles and tier need an admin, which the route checks, and a reason.
 */
export async function changeAccount(
  parts: AuthParts,
  command: { userId: string; change: AccountChange; reason?: string; origin: Origin },
): Promise<Account | Refusal> {
  const { userId, change, reason, origin } = command;
  const account = await parts.db.transaction(async (tx) => {
    const current = await lockUser(tx, userId);
    if (current === undefined) return refused('user_not_found', `There is no account ${userId}.`);
    const earned = (await findEarnedTiers(tx, [userId])).get(userId);
    const decision = decideChange(current, change, earned?.tier ?? current.tier);
    if (decision.kind === 'ignored') return current;
    const changed = await updateUser(tx, userId, decision.fields);
    await recordAudit(tx, {
      aggregateType: 'user',
      aggregateId: userId,
      action: 'user.updated',
      oldStatus: 'active',
      newStatus: 'active',
      ...(reason !== undefined && { reason }),
      metadata: { before: decision.before, after: decision.after },
      origin,
    });
    await announce(tx, changed, origin);
    return changed;
  });
  if (!isRefusal(account)) parts.wakeRelay();
  return account;
}
