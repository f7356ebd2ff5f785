import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import type { Database } from '@holdfast/shared/postgres/database.ts';
import type { ProviderBooks } from '../provider-books.ts';
import { type Difference, differenceOf } from '../reconciliation/reconciliation.ts';
import { askAboutGivenUp } from '../stores/provider-calls.ts';
import {
  beginReading,
  claimDay,
  type Doubt,
  findDoubts,
  findHere,
  finishDay,
  keepPage,
  type OpenDay,
} from '../stores/reconciliations.ts';

type Deps = { readonly db: Database; readonly books: ProviderBooks; readonly lagSeconds: number };

const AT_ONCE = 8;

/**
 * Takes the comparison of a day one step on: begin, read a page, or compare. The provider is asked
 * outside of transactions; each step commits what it learnt with the place to go on from, and a
 * step that died is done again when its lease is over. Answers undefined when no day is open.
 */
export async function reconcileStep(deps: Deps): Promise<OpenDay | undefined> {
  const { db, books } = deps;
  const open = await claimDay(db);
  if (open === undefined) return undefined;
  const { day, state, coversUntil, cursor } = open;
  if (state === 'requested' || coversUntil === null) {
    await db.transaction((tx) => beginReading(tx, day, deps.lagSeconds));
    return open;
  }
  if (state === 'reading') {
    const from = new Date(`${day}T00:00:00Z`);
    const page = await books.readPage({ from, until: coversUntil, after: cursor });
    await db.transaction((tx) => keepPage(tx, open, { ...page, last: page.last ?? cursor }));
    return open;
  }
  const differences = await settleDoubts(deps, await findDoubts(db, open));
  await db.transaction((tx) => finishDay(tx, day, differences));
  return open;
}

/**
 * A doubt is a difference only if the provider, asked for that very movement whatever its day, and
 * our books as they stand then still disagree. A capture of a payment that was given up here is late
 * money, of which no webhook has told: its checkout asks, and answers it as it does then.
 */
async function settleDoubts(deps: Deps, doubts: readonly Doubt[]): Promise<Difference[]> {
  const found = new Map<string, Difference>();
  const left = [...doubts];
  async function work(): Promise<void> {
    for (let doubt = left.pop(); doubt !== undefined; doubt = left.pop()) {
      const difference = await settleDoubt(deps, doubt);
      if (difference) found.set(`${difference.movement} ${difference.subject}`, difference);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return [...found.values()];
}

async function settleDoubt({ db, books }: Deps, doubt: Doubt): Promise<Difference | undefined> {
  const { movement, providerId, ourId } = doubt;
  const there = providerId === null ? undefined : await books.read(movement, providerId);
  const here = await findHere(db, doubt);
  const kind = differenceOf(here, there);
  if (kind === undefined) return undefined;
  if (movement === 'capture' && kind === 'status_differs' && providerId !== null) {
    await askAboutGivenUp(db, { providerId }, systemOrigin('reconciliation', newId()));
  }
  return {
    movement,
    subject: providerId ?? ourId ?? 'unknown',
    kind,
    bookingId: here?.bookingId ?? null,
    here: here ?? null,
    there: there ?? null,
  };
}
