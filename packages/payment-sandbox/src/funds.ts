import { type Refused, refuse } from './answer.ts';
import type { Store } from './store.ts';

export type Funds = ReturnType<typeof createFunds>;

/**
 * What the account has to pay refunds from, where a test has said so; else it never runs short.
 * Money that is captured afterwards adds to it. Kept in memory, like faults.
 */
export function createFunds({ db }: Store) {
  const sumAll = db.prepare(
    `select coalesce(sum(json_extract(body, '$.amount')), 0) as moved from balance_transactions`,
  );
  const moved = (): number => (sumAll.get() as { moved: number }).moved;
  /** Available less all that has moved so far. */
  let opening: number | undefined;

  return {
    set(availableMinor: number | null): void {
      opening = availableMinor === null ? undefined : availableMinor - moved();
    },
    /** The refusal of a refund that the account can not pay. */
    refuseBeyond(amountMinor: number): Refused | undefined {
      if (opening === undefined) return undefined;
      const available = opening + moved();
      if (amountMinor <= available) return undefined;
      return refuse(
        `The available balance of ${available} does not cover the refund of ${amountMinor}.`,
        { code: 'balance_insufficient' },
      );
    },
  };
}
