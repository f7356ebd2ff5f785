import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { settleTiers } from './settle-tiers.ts';
import { findUnsettled } from './tier-bookings.ts';

const MINUTE_MS = 60_000;
const ROUND_LIMIT = 500;

/**
 * Settles what no message tells of: at the start every tier, since the rule may be another one
 * now, and from then on those whose bookings have left the window.
 */
export function createTierLoop(deps: { db: Database; log: Logger; wakeRelay: () => void }): Loop {
  const { db, log, wakeRelay } = deps;
  let since: string | undefined;
  return createLoop({
    name: 'tiers',
    intervalMs: MINUTE_MS,
    log,
    async round() {
      const { userIds, until } = await findUnsettled(db, { since, limit: ROUND_LIMIT });
      if (userIds.length === 0) {
        since = until;
        return 0;
      }
      const changes = await db.transaction((tx) =>
        settleTiers(tx, userIds, (userId) => systemOrigin('tiers', userId)),
      );
      wakeRelay();
      return changes;
    },
  });
}
