import { newId } from '@holdfast/shared/ids.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { endTransfers } from '../operations/end-transfers.ts';
import type { TransferDeps } from '../operations/offer-transfer.ts';
import { findTransfers, takeExpired } from '../stores/transfers.ts';

const AT_ONCE = 100;

/** Marks offers whose time is over. That nobody accepts them is the rule of the acceptance itself. */
export function createExpiredTransferLoop(
  deps: Pick<TransferDeps, 'db' | 'onEnqueued'> & { log: Logger; intervalMs?: number },
): Loop {
  return createLoop({
    name: 'expired-transfers',
    intervalMs: deps.intervalMs ?? 5_000,
    log: deps.log,
    async round() {
      const ended = await deps.db.transaction(async (tx) => {
        const due = await findTransfers(tx, await takeExpired(tx, AT_ONCE));
        return endTransfers(tx, due, {
          end: 'expired',
          origin: systemOrigin('expired-transfers', newId()),
        });
      });
      if (ended.length > 0) deps.onEnqueued();
      return ended.length;
    },
  });
}
