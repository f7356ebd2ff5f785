import type { Booking } from '../booking.ts';
import type { Parts, QuoteLine } from '../quote.ts';

export type PartKind = QuoteLine['kind'];

/** What was paid, by seat and kind; without a seat it was for the order as a whole. */
export type PricePart = {
  readonly seatId: string | null;
  readonly kind: PartKind;
  readonly paidMinor: number;
  /** What refunds have repaid of it, or are about to. */
  readonly repaidMinor: number;
};

/** So much of a part. */
export type Share = {
  readonly seatId: string | null;
  readonly kind: PartKind;
  readonly amountMinor: number;
};

/**
 * The parts that a booking's price is made of, seats before the order, with what earlier refunds repaid
 * of them. Lines that are in others already are no parts.
 */
export function pricePartsOf(
  booking: Pick<Booking, 'lines'>,
  repaid: readonly Share[],
): PricePart[] {
  const paid = booking.lines.filter((line) => !line.included && line.amountMinor > 0);
  const parts = [...Map.groupBy(paid, ({ seatId, kind }) => `${kind} ${seatId ?? ''}`).values()];
  const charged = parts.flatMap((lines) => {
    const [first] = lines;
    if (first === undefined) return [];
    const { seatId, kind } = first;
    const mine = repaid.filter((share) => share.seatId === seatId && share.kind === kind);
    return [{ seatId, kind, paidMinor: sumOf(lines), repaidMinor: sumOf(mine) }];
  });
  const isOfSeat = ({ seatId }: PricePart) => seatId !== null;
  return [...charged.filter(isOfSeat), ...charged.filter((part) => !isOfSeat(part))];
}

/** What is left of parts, as shares; nothing of those that were repaid in full. */
export function leftOf(parts: readonly PricePart[]): Share[] {
  return parts.flatMap(({ seatId, kind, paidMinor, repaidMinor }) =>
    paidMinor > repaidMinor ? [{ seatId, kind, amountMinor: paidMinor - repaidMinor }] : [],
  );
}

export function sumOf(shares: readonly { readonly amountMinor: number }[]): number {
  return shares.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** Shares by whose money they are. */
export function partsOfShares(shares: readonly Share[]): Parts {
  const sum = (kind: PartKind) => sumOf(shares.filter((share) => share.kind === kind));
  return { faceMinor: sum('face_value'), feesMinor: sum('fee'), taxesMinor: sum('tax') };
}

/**
 * Spreads an amount over shares in proportion to them, each at most itself; together exactly the
 * amount, or all of them where they are less. Each gets whole steps, so that what is left of it can
 * be repaid too; steps that do not divide go to the largest remainders, the first of equals.
 */
export function spread(shares: readonly Share[], amountMinor: number, step = 1): Share[] {
  const whole = sumOf(shares);
  if (amountMinor >= whole) return [...shares];
  const unit = BigInt(whole) * BigInt(step);
  const cut = shares.map((share, index) => {
    const exact = BigInt(share.amountMinor) * BigInt(amountMinor);
    return { share, index, floor: Number(exact / unit) * step, remainder: exact % unit };
  });
  const steps = (amountMinor - cut.reduce((sum, { floor }) => sum + floor, 0)) / step;
  const byRemainder = cut.toSorted(
    (a, b) => Number(b.remainder - a.remainder) || a.index - b.index,
  );
  const more = new Set(byRemainder.slice(0, steps).map(({ index }) => index));
  return cut.flatMap(({ share, index, floor }) => {
    const amount = floor + (more.has(index) ? step : 0);
    return amount === 0 ? [] : [{ ...share, amountMinor: amount }];
  });
}
