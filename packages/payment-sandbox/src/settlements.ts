import type { Clock } from '@holdfast/shared/clock.ts';
import type { Logger } from '@holdfast/shared/logger.ts';
import { createLoop, type Loop } from '@holdfast/shared/loop.ts';
import type { Payments } from './payments.ts';
import type { Store } from './store.ts';

/** Ends payments that settle by themselves, such as bank debits, when their time has come. */
export function createSettlements(deps: {
  readonly store: Store;
  readonly payments: Payments;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onCommitted: () => void;
}): Loop {
  const { store, payments, clock, log, onCommitted } = deps;
  const selectDue = store.db.prepare(
    'select payment_intent, succeeds from settlements where due_at_ms <= ? limit 100',
  );
  const remove = store.db.prepare('delete from settlements where payment_intent = ?');

  return createLoop({
    name: 'settlements',
    intervalMs: 100,
    log,
    async round() {
      const due = selectDue.all(clock.now().getTime()) as {
        payment_intent: string;
        succeeds: number;
      }[];
      if (due.length === 0) return 0;
      await store.commit(() => {
        for (const { payment_intent: id, succeeds } of due) {
          payments.settle(id, succeeds === 1);
          remove.run(id);
        }
      });
      onCommitted();
      return due.length;
    },
  });
}
