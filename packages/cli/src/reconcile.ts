import { setTimeout as sleep } from 'node:timers/promises';
import { ACCESS_HELP, openAccess } from './admin-access.ts';
import { type Command, print } from './command.ts';

const LOOK_MS = 500;

type Sum = {
  movement: string;
  currency: string;
  countThere: number;
  thereMinor: number;
  hereMinor: number;
};
type Difference = {
  kind: string;
  bookingId: string | null;
  remedy: string;
  resolvedAt: string | null;
};
type Day = {
  day: string;
  state: string;
  coversUntil: string | null;
  unresolved: number;
  sums: Sum[];
  differences: Difference[];
};

export const reconcile: Command = {
  name: 'reconcile',
  summary: "compare a day of our books with the payment provider's report",
  operands: '',
  options: { json: { type: 'boolean' }, day: { type: 'string' }, url: { type: 'string' } },
  help: `Waits for the comparison and prints it. Exits with 1 if the two sides differ.

  --day YYYY-MM-DD   a day in UTC (default: yesterday)
${ACCESS_HELP}`,
  async run(input) {
    const ask = await openAccess(input, 'Give a day that has begun, such as 2027-02-01.');
    const day = input.values.get('day');
    const asked = (await ask('POST', '/api/admin/reconciliations', day ? { day } : {})) as {
      reconciliation: { day: string };
    };
    const path = `/api/admin/reconciliations/${asked.reconciliation.day}`;
    for (;;) {
      const { reconciliation } = (await ask('GET', path)) as { reconciliation: Day };
      if (reconciliation.state === 'done') {
        print(input.json ? JSON.stringify(reconciliation) : renderDay(reconciliation));
        return reconciliation.unresolved === 0 ? 0 : 1;
      }
      await sleep(LOOK_MS, undefined, { signal: input.signal });
    }
  },
};

/** The sums of a day and a line a difference that nobody has settled. */
export function renderDay({ day, coversUntil, sums, differences, unresolved }: Day): string {
  const totals = sums.map(({ movement, currency, countThere, thereMinor, hereMinor }) => {
    const same = thereMinor === hereMinor ? 'here the same' : `here ${hereMinor}`;
    return `${movement}s  ${countThere} at the provider, ${thereMinor} ${currency} in minor units, ${same}`;
  });
  const open = differences
    .filter(({ resolvedAt }) => resolvedAt === null)
    .map(({ kind, bookingId, remedy }) => {
      const booking = bookingId === null ? '' : ` (booking ${bookingId})`;
      return `${kind.replaceAll('_', ' ')}${booking}: ${remedy}`;
    });
  const verdict = unresolved === 0 ? 'No differences.' : `${unresolved} differences.`;
  return [`${day}, until ${coversUntil}`, ...totals, ...open, verdict].join('\n');
}
