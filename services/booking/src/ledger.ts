import { type Parts, sumOf } from './quote.ts';

export type LedgerAccount = {
  readonly kind:
    | 'provider_clearing'
    | 'refunds_payable'
    | 'organizer_payable'
    | 'fees_income'
    | 'taxes_payable';
  /** Whose money it is about; null for accounts of the house. */
  readonly eventId: string | null;
  readonly currency: string;
};

/** A line of a journal: positive is a debit, negative a credit, in minor units. */
export type LedgerLine = { readonly account: LedgerAccount; readonly amountMinor: number };

/**
 * A movement of money. capture: the provider owes us what we owe the organizer and the tax office
 * and have earned in fees. cancel: part of that, or all, is owed to the buyer instead. goodwill: the
 * same without a cancellation. refund: the provider has paid the buyer. refund_failed: that money has
 * come back, and is owed again.
 */
export type Movement =
  | { readonly kind: 'capture' | 'cancel' | 'goodwill'; readonly parts: Parts }
  | { readonly kind: 'refund' | 'refund_failed'; readonly amountMinor: number };

/** The lines of a journal; they sum to zero (invariant 8), and none of them is zero. */
export function journalLines(
  movement: Movement,
  { eventId, currency }: { readonly eventId: string; readonly currency: string },
): readonly LedgerLine[] {
  const line = (kind: LedgerAccount['kind'], amountMinor: number): LedgerLine => ({
    account: { kind, eventId: OF_EVENTS.includes(kind) ? eventId : null, currency },
    amountMinor,
  });
  return linesOf(movement, line).filter(({ amountMinor }) => amountMinor !== 0);
}

const OF_EVENTS: readonly LedgerAccount['kind'][] = [
  'organizer_payable',
  'fees_income',
  'taxes_payable',
];

function linesOf(
  movement: Movement,
  line: (kind: LedgerAccount['kind'], amountMinor: number) => LedgerLine,
): LedgerLine[] {
  const owed = ({ faceMinor, feesMinor, taxesMinor }: Parts, sign: 1 | -1) => [
    line('organizer_payable', sign * faceMinor),
    line('fees_income', sign * feesMinor),
    line('taxes_payable', sign * taxesMinor),
  ];
  switch (movement.kind) {
    case 'capture':
      return [line('provider_clearing', sumOf(movement.parts)), ...owed(movement.parts, -1)];
    case 'cancel':
    case 'goodwill':
      return [...owed(movement.parts, 1), line('refunds_payable', -sumOf(movement.parts))];
    case 'refund':
    case 'refund_failed': {
      const amountMinor = movement.kind === 'refund' ? movement.amountMinor : -movement.amountMinor;
      return [line('refunds_payable', amountMinor), line('provider_clearing', -amountMinor)];
    }
  }
}
