import { newMessage } from '@holdfast/shared/contracts/contract.ts';
import { userTierChanged } from '@holdfast/shared/contracts/users.ts';
import type { Origin } from '@holdfast/shared/origin.ts';
import { enqueue } from '@holdfast/shared/outbox/postgres.ts';
import { recordAudit } from '@holdfast/shared/postgres/audit.ts';
import type { Transaction } from '@holdfast/shared/postgres/database.ts';
import { type Account, stateOf } from '../accounts/account.ts';
import { lockUsers, updateUser } from '../accounts/users.ts';
import { type EarnedTier, findEarnedTiers } from './tier-bookings.ts';

/**
 * Gives accounts the tier that their bookings say, each change with its audit entry and message;
 * a tier that an admin gave stands. Answers how many changed. The rows are locked before the
 * bookings are counted, so that of two that settle one account the later sees both their bookings.
 */
export async function settleTiers(
  tx: Transaction,
  userIds: readonly string[],
  originOf: (userId: string) => Origin,
): Promise<number> {
  if (userIds.length === 0) return 0;
  const accounts = await lockUsers(tx, userIds);
  const earned = await findEarnedTiers(tx, userIds);
  let changes = 0;
  for (const account of accounts) {
    const now = earned.get(account.userId);
    if (now === undefined) throw new Error(`No rule says the tier of ${account.userId}`);
    if (account.grantedTier !== null || account.tier === now.tier) continue;
    await changeTier(tx, account, now, originOf(account.userId));
    changes += 1;
  }
  return changes;
}

async function changeTier(
  tx: Transaction,
  account: Account,
  { bookings, tier }: EarnedTier,
  origin: Origin,
): Promise<void> {
  const changed = await updateUser(tx, account.userId, { ...account, tier });
  await recordAudit(tx, {
    aggregateType: 'user',
    aggregateId: account.userId,
    action: 'user.tier_changed',
    oldStatus: 'active',
    newStatus: 'active',
    reason: `${bookings} confirmed bookings`,
    metadata: { before: { tier: account.tier }, after: { tier } },
    origin,
  });
  await enqueue(
    tx,
    newMessage(userTierChanged, {
      key: changed.userId,
      version: changed.version,
      time: changed.updatedAt,
      origin,
      data: { ...stateOf(changed), previousTier: account.tier, confirmedBookings: bookings },
    }),
  );
}
