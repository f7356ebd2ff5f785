import { isId } from '@holdfast/shared/ids.ts';
import { minorOfProvider } from '@holdfast/shared/money.ts';
import type Stripe from 'stripe';
import type { Movement, There } from './reconciliation/reconciliation.ts';

/** One movement of the provider's balance. Positive as its kind has it: money taken, or paid back. */
export type ProviderMovement = {
  readonly id: string;
  readonly movement: Movement;
  /** The provider's id of the payment or the refund. */
  readonly providerId: string;
  /** Our id of it, as the provider was told it. */
  readonly ourId: string | null;
  readonly currency: string;
  readonly amountMinor: number;
};

const PAGE = 100;
/** By the types of https://docs.stripe.com/reports/balance-transaction-types: others are not ours. */
const CAPTURES: readonly string[] = ['charge', 'payment'];
const REFUNDS: readonly string[] = ['refund', 'payment_refund', 'refund_failure'];

export type ProviderBooks = ReturnType<typeof createProviderBooks>;

/** What the provider's balance says, for comparison with our books. Throws when it does not answer. */
export function createProviderBooks(stripe: Stripe) {
  /** What the balance has of a charge or refund, whenever it moved. */
  async function sumOf(sourceId: string, types: readonly string[]): Promise<There | undefined> {
    let sum: There | undefined;
    for await (const one of stripe.balanceTransactions.list({ source: sourceId, limit: PAGE })) {
      const code = one.currency.toUpperCase();
      if (types.includes(one.type)) sum = add(sum, code, minorOfProvider(one.amount, code));
    }
    return sum;
  }

  return {
    /** A page of the movements made in [from, until), the newest first, after the one with id `after`. */
    async readPage(wanted: {
      from: Date;
      until: Date;
      after: string | null;
    }): Promise<{ movements: ProviderMovement[]; last: string | null; hasMore: boolean }> {
      const page = await stripe.balanceTransactions.list({
        created: { gte: secondsOf(wanted.from), lt: secondsOf(wanted.until) },
        limit: PAGE,
        expand: ['data.source'],
        ...(wanted.after !== null && { starting_after: wanted.after }),
      });
      return {
        movements: page.data.flatMap((one) => readMovement(one) ?? []),
        last: page.data.at(-1)?.id ?? null,
        hasMore: page.has_more,
      };
    },

    /** All that the balance has of one payment or refund, whatever the day. */
    async read(movement: Movement, providerId: string): Promise<There | undefined> {
      if (movement === 'refund') {
        const moved = await sumOf(providerId, REFUNDS);
        return moved && { ...moved, amountMinor: 0 - moved.amountMinor };
      }
      let sum: There | undefined;
      for await (const charge of stripe.charges.list({ payment_intent: providerId, limit: PAGE })) {
        const moved = await sumOf(charge.id, CAPTURES);
        if (moved !== undefined) sum = add(sum, moved.currency, moved.amountMinor);
      }
      return sum;
    },
  };
}

function readMovement(one: Stripe.BalanceTransaction): ProviderMovement | undefined {
  const { id, type, amount, currency, source } = one;
  if (source === null || typeof source === 'string') return undefined;
  const { payment_intent: intent, metadata } = source as Stripe.Charge | Stripe.Refund;
  const code = currency.toUpperCase();
  const given = { id, currency: code };
  const amountMinor = minorOfProvider(amount, code);
  if (CAPTURES.includes(type)) {
    const intentId = typeof intent === 'string' ? intent : intent?.id;
    const providerId = intentId ?? source.id;
    const ourId = ownId(metadata?.payment_id);
    return { ...given, movement: 'capture', providerId, ourId, amountMinor };
  }
  if (!REFUNDS.includes(type)) return undefined;
  const ourId = ownId(metadata?.refund_id);
  return {
    ...given,
    movement: 'refund',
    providerId: source.id,
    ourId,
    amountMinor: 0 - amountMinor,
  };
}

function ownId(told: string | undefined): string | null {
  return told !== undefined && isId(told) ? told : null;
}

function add(sum: There | undefined, currency: string, amountMinor: number): There {
  return { currency, amountMinor: (sum?.amountMinor ?? 0) + amountMinor };
}

/** The provider's clock counts whole seconds. */
function secondsOf(at: Date): number {
  return Math.floor(at.getTime() / 1_000);
}
