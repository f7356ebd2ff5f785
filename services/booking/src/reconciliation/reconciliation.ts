/**
 * The daily comparison of our books with the provider's report, pure. A movement of money is a
 * capture of a payment or a refund; it is compared by its id, never by its time alone, so that one
 * that the two sides have on different sides of midnight is no difference.
 */
export type Movement = 'capture' | 'refund';

/** What we have of a movement. Amounts in minor units; zero where it did not succeed. */
export type Here = {
  readonly bookingId: string;
  readonly status: string;
  readonly currency: string;
  readonly amountMinor: number;
  /** The same by the ledger's clearing account. */
  readonly ledgerMinor: number;
};

/** What the provider's balance has of it, all its movements together. */
export type There = { readonly currency: string; readonly amountMinor: number };

export const DIFFERENCE_KINDS = [
  'missing_here',
  'missing_there',
  'amount_differs',
  'status_differs',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export type Difference = {
  readonly movement: Movement;
  /** The provider's id, or ours where it has none. */
  readonly subject: string;
  readonly kind: DifferenceKind;
  readonly bookingId: string | null;
  readonly here: Here | null;
  readonly there: There | null;
};

export function differenceOf(
  here: Here | undefined,
  there: There | undefined,
): DifferenceKind | undefined {
  const isHere = here !== undefined && (here.amountMinor !== 0 || here.ledgerMinor !== 0);
  if (there === undefined || there.amountMinor === 0) return isHere ? 'missing_there' : undefined;
  if (here === undefined) return 'missing_here';
  if (!isHere) return 'status_differs';
  const agrees =
    here.amountMinor === there.amountMinor &&
    here.ledgerMinor === there.amountMinor &&
    here.currency === there.currency;
  return agrees ? undefined : 'amount_differs';
}

/** What an operator is to do about a difference. */
export function remedyFor({ kind, movement, subject, here, there }: Difference): string {
  const what = `the ${movement} ${subject}`;
  const ours = here ? `${here.amountMinor} ${here.currency} (${here.status})` : 'nothing';
  const ledger =
    here && here.ledgerMinor !== here.amountMinor ? `, ${here.ledgerMinor} in the ledger` : '';
  const theirs = there ? `${there.amountMinor} ${there.currency}` : 'nothing';
  const sides = `Here ${ours}${ledger}, at the provider ${theirs}.`;
  switch (kind) {
    case 'missing_here':
      return `${sides} Nobody here has asked for ${what}: look it up at the provider, and repay it there unless another system of yours made it.`;
    case 'missing_there':
      return `${sides} The provider knows nothing of ${what}: ask its support, and until then do not pay the organizer for this booking.`;
    case 'amount_differs':
      return `${sides} Compare ${what} with the booking's timeline; correct the ledger by a journal, or the provider by a refund of the rest.`;
    case 'status_differs':
      return `${sides} The provider has moved money for ${what} that we do not count yet: if a call of the booking is still open it is settled by itself, else resume the booking.`;
  }
}
