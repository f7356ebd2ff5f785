import type { Offer, OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { chargeStepOf, shareOf } from '@holdfast/shared/money.ts';

/** A part of what a booking costs, in the minor unit of its currency. */
export type QuoteLine = {
  readonly kind: 'face_value' | 'fee' | 'tax';
  readonly name: string;
  /** Null for what the whole order costs. */
  readonly seatId: string | null;
  readonly amountMinor: number;
  /** In other lines already: shown, not added. */
  readonly included: boolean;
  /** For a tax: which line of the same seat, or of the order, it is the tax of. */
  readonly of?: 'face_value' | 'fee';
};

export type Quote = {
  readonly terms: Terms;
  readonly lines: readonly QuoteLine[];
  readonly totalMinor: number;
};

/** Money by whose it is: the organizer's, ours, the tax office's. */
export type Parts = {
  readonly faceMinor: number;
  readonly feesMinor: number;
  readonly taxesMinor: number;
};

const WHOLE = 10_000;

/**
 * What seats cost under terms, line by line. Each line is rounded for itself, halves away from zero,
 * to a step that can be charged; a seat's lines are the same whatever else is in the order, so those
 * of some seats can be paid back and the rest still adds up. Lines of nothing are left out, except
 * face values. What costs nothing bears no fee: neither a free seat, nor an order of such.
 */
export function quote(
  seats: readonly OfferSeat[],
  terms: Terms,
  currency: string,
): readonly QuoteLine[] {
  const { perOrderMinor } = terms.charges;
  const isFree = seats.every(({ priceMinor }) => priceMinor === 0);
  const orderFee = isFree ? 0 : shareOf(perOrderMinor, 1, 1, chargeStepOf(currency));
  return [
    ...faceValues(seats),
    ...seats.flatMap((seat) => seatCharges(seat, terms, currency)),
    ...withTax({ kind: 'fee', name: 'Order fee', seatId: null }, orderFee, terms, currency),
  ];
}

/** What an offer comes to under the terms that it promises. */
export function quoteOffer({ seats, terms = NO_TERMS, currency }: Offer): Quote {
  const lines = quote(seats, terms, currency);
  return { terms, lines, totalMinor: totalOf(lines) };
}

/** What is to be paid: the lines that are not in others already. */
export function totalOf(lines: readonly QuoteLine[]): number {
  return lines.reduce((sum, line) => (line.included ? sum : sum + line.amountMinor), 0);
}

/** The same by whose it is. A tax that is included stays with whom the price belongs to. */
export function partsOf(lines: readonly QuoteLine[]): Parts {
  const sum = (kind: QuoteLine['kind']) => totalOf(lines.filter((line) => line.kind === kind));
  return { faceMinor: sum('face_value'), feesMinor: sum('fee'), taxesMinor: sum('tax') };
}

export function sumOf({ faceMinor, feesMinor, taxesMinor }: Parts): number {
  return faceMinor + feesMinor + taxesMinor;
}

export function faceValues(seats: readonly OfferSeat[]): QuoteLine[] {
  return seats.map(faceValue);
}

function faceValue({ seatId, category, ticketType, priceMinor }: OfferSeat): QuoteLine {
  const name = ticketType ? `${category}, ${ticketType.name}` : category;
  return { kind: 'face_value', name, seatId, amountMinor: priceMinor, included: false };
}

/** Fee and taxes of one seat. */
function seatCharges(seat: OfferSeat, terms: Terms, currency: string): QuoteLine[] {
  const { seatId, priceMinor } = seat;
  if (priceMinor === 0) return [];
  const { perTicketMinor, perTicketBasisPoints } = terms.charges;
  const wanted = perTicketMinor * WHOLE + priceMinor * perTicketBasisPoints;
  const fee = shareOf(wanted, 1, WHOLE, chargeStepOf(currency));
  return [
    ...taxOf(faceValue(seat), terms, currency),
    ...withTax({ kind: 'fee', name: 'Service fee', seatId }, fee, terms, currency),
  ];
}

function withTax(
  about: Pick<QuoteLine, 'kind' | 'name' | 'seatId'>,
  amountMinor: number,
  terms: Terms,
  currency: string,
): QuoteLine[] {
  if (amountMinor === 0) return [];
  const line: QuoteLine = { ...about, amountMinor, included: false };
  return [line, ...taxOf(line, terms, currency)];
}

/** The tax that a line bears on top of it, or has in it. */
function taxOf({ kind, seatId, amountMinor }: QuoteLine, terms: Terms, currency: string) {
  const { tax } = terms.charges;
  if (tax === null || kind === 'tax') return [];
  const { name, basisPoints, included } = tax;
  const amount = included
    ? shareOf(amountMinor, basisPoints, WHOLE + basisPoints)
    : shareOf(amountMinor, basisPoints, WHOLE, chargeStepOf(currency));
  if (amount === 0) return [];
  const line: QuoteLine = { kind: 'tax', name, seatId, amountMinor: amount, included, of: kind };
  return [line];
}
