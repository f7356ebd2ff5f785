import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import { reconcileStep } from '../operations/reconcile-day.ts';
import type { PaymentProvider } from '../payment-provider.ts';
import { createProviderBooks } from '../provider-books.ts';
import { requestDueDays } from '../stores/reconciliations.ts';

const MINUTE_MS = 60_000;

/** Compares our books with the provider's, day by day, once a day is over. */
export function createReconciliationLoop(deps: {
  db: Database;
  provider: PaymentProvider;
  /** How long after its end a day is compared. */
  lagSeconds: number;
  log: Logger;
}): Loop {
  const { db, lagSeconds, log } = deps;
  const books = createProviderBooks(deps.provider.stripe);
  return createLoop({
    name: 'reconciliation',
    intervalMs: MINUTE_MS,
    log,
    async round() {
      await requestDueDays(db, lagSeconds);
      return (await reconcileStep({ db, books, lagSeconds })) === undefined ? 0 : 1;
    },
  });
}
