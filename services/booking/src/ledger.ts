import type { JournalKind } from './checkout.ts';

export type LedgerAccount = {
  readonly kind: 'provider_clearing' | 'organizer_payable' | 'refunds_payable';
  /** The event whose organizer is owed; null for accounts of the house. */
  readonly eventId: string | null;
  readonly currency: string;
};

/** A line of a journal: positive is a debit, negative a credit, in minor units. */
export type LedgerLine = { readonly account: LedgerAccount; readonly amountMinor: number };

/**
 * The two lines of a journal; they sum to zero (invariant 8).
 * capture: the provider owes us, we owe the organizer. cancel: what was owed to the organizer is
 * owed to the buyer. refund: the provider has paid the buyer.
 */
export function journalLines(
  kind: JournalKind,
  money: { readonly eventId: string; readonly currency: string; readonly amountMinor: number },
): readonly [LedgerLine, LedgerLine] {
  const { eventId, currency, amountMinor } = money;
  const clearing: LedgerAccount = { kind: 'provider_clearing', eventId: null, currency };
  const organizer: LedgerAccount = { kind: 'organizer_payable', eventId, currency };
  const refunds: LedgerAccount = { kind: 'refunds_payable', eventId: null, currency };
  const [debit, credit] = {
    capture: [clearing, organizer] as const,
    cancel: [organizer, refunds] as const,
    refund: [refunds, clearing] as const,
  }[kind];
  return [
    { account: debit, amountMinor },
    { account: credit, amountMinor: -amountMinor },
  ];
}
