import type { OfferSeat } from '@holdfast/shared/contracts/offer.ts';
import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { chargeStepOf } from '@holdfast/shared/money.ts';
import { expect } from 'chai';
import fc from 'fast-check';
import { partsOf, type QuoteLine, quote, sumOf, totalOf } from './quote.ts';

const seat = (seatId: string, priceMinor: number): OfferSeat => ({
  ...{ seatId, label: seatId, section: '', row: '', number: '', category: 'Stalls', priceMinor },
});
const charging = (charges: Partial<Terms['charges']>): Terms => ({
  ...NO_TERMS,
  charges: { ...NO_TERMS.charges, ...charges },
});
const vat = (basisPoints: number, included = false) => ({ name: 'VAT', basisPoints, included });
const inShort = (lines: readonly QuoteLine[]) =>
  lines.map(({ kind, seatId, amountMinor, included, of }) =>
    [kind, of, seatId, amountMinor, included].filter((part) => part !== undefined),
  );

const currencies = fc.constantFrom('JPY', 'EUR', 'KWD');
const orders = currencies.chain((currency) => {
  const step = chargeStepOf(currency);
  const price = fc.integer({ min: 0, max: 10_000_000 }).map((steps) => steps * step);
  const minor = fc.integer({ min: 0, max: 100_000 });
  const basisPoints = fc.integer({ min: 0, max: 10_000 });
  return fc.record({
    currency: fc.constant(currency),
    seats: fc
      .array(fc.oneof(price, fc.constant(0)), { minLength: 1, maxLength: 12 })
      .map((prices) => prices.map((priceMinor, index) => seat(`S-${index}`, priceMinor))),
    terms: fc
      .record({
        perTicketMinor: minor,
        perTicketBasisPoints: basisPoints,
        perOrderMinor: minor,
        tax: fc.option(
          fc.record({ name: fc.constant('VAT'), basisPoints, included: fc.boolean() }),
        ),
      })
      .map(charging),
  });
});

describe('a quote', () => {
  it('is the face values alone where the event has no terms', () => {
    const seats = [seat('A-1', 4_800), seat('A-2', 0)];
    expect(inShort(quote(seats, NO_TERMS, 'EUR'))).to.deep.equal([
      ['face_value', 'A-1', 4_800, false],
      ['face_value', 'A-2', 0, false],
    ]);
  });

  it('adds fees of tickets and order, and to each line its tax', () => {
    const terms = charging({
      ...{ perTicketMinor: 150, perTicketBasisPoints: 250, perOrderMinor: 200, tax: vat(1_000) },
    });
    const lines = quote([seat('A-1', 4_850)], terms, 'EUR');
    expect(inShort(lines)).to.deep.equal([
      ['face_value', 'A-1', 4_850, false],
      ['tax', 'face_value', 'A-1', 485, false],
      // 150 and 121.25.
      ['fee', 'A-1', 271, false],
      ['tax', 'fee', 'A-1', 27, false],
      ['fee', null, 200, false],
      ['tax', 'fee', null, 20, false],
    ]);
    expect(totalOf(lines)).to.equal(5_853);
    expect(partsOf(lines)).to.deep.equal({ faceMinor: 4_850, feesMinor: 471, taxesMinor: 532 });
  });

  it('shows a tax that prices include, and does not add it', () => {
    const lines = quote([seat('A-1', 1_100)], charging({ tax: vat(1_000, true) }), 'EUR');
    expect(inShort(lines)).to.deep.equal([
      ['face_value', 'A-1', 1_100, false],
      ['tax', 'face_value', 'A-1', 100, true],
    ]);
    expect(totalOf(lines)).to.equal(1_100);
  });

  it('rounds halves away from zero, each line for itself', () => {
    const half = quote([seat('A-1', 250), seat('A-2', 250)], charging({ tax: vat(1_000) }), 'EUR');
    expect(totalOf(half)).to.equal(550);
    const odd = quote([seat('A-1', 5), seat('A-2', 5)], charging({ tax: vat(1_000) }), 'EUR');
    // 0.5 and 0.5 are 1 and 1: not 1 together.
    expect(totalOf(odd)).to.equal(12);
    const below = quote([seat('A-1', 4)], charging({ tax: vat(1_000) }), 'EUR');
    expect(totalOf(below)).to.equal(4);
  });

  it('takes whole yen, and fils in tens, as they can be charged', () => {
    const terms = charging({ perTicketBasisPoints: 333 });
    expect(totalOf(quote([seat('A-1', 5_000)], terms, 'JPY'))).to.equal(5_167);
    expect(totalOf(quote([seat('A-1', 5_000)], terms, 'KWD'))).to.equal(5_170);
  });

  it('asks no fee for what is free, and the fee of the order once something is not', () => {
    const terms = charging({ perTicketMinor: 100, perOrderMinor: 50 });
    expect(totalOf(quote([seat('A-1', 0)], terms, 'EUR'))).to.equal(0);
    expect(totalOf(quote([seat('A-1', 0), seat('A-2', 10)], terms, 'EUR'))).to.equal(160);
  });

  it('has a total that is the sum of its parts, can be charged, and is never negative or below face value', () => {
    fc.assert(
      fc.property(orders, ({ seats, terms, currency }) => {
        const lines = quote(seats, terms, currency);
        const total = totalOf(lines);
        expect(total).to.equal(sumOf(partsOf(lines)));
        expect(total % chargeStepOf(currency)).to.equal(0);
        expect(lines.every(({ amountMinor }) => amountMinor >= 0)).to.equal(true);
        expect(lines.every((line) => Number.isSafeInteger(line.amountMinor))).to.equal(true);
        expect(partsOf(lines).faceMinor).to.equal(
          seats.reduce((sum, { priceMinor }) => sum + priceMinor, 0),
        );
      }),
    );
  });

  it('has the same lines for a seat whatever else is ordered, in any order', () => {
    fc.assert(
      fc.property(orders, ({ seats, terms, currency }) => {
        const together = quote(seats, terms, currency);
        const turned = quote(seats.toReversed(), terms, currency);
        const of = (lines: readonly QuoteLine[], seatId: string | null) =>
          lines.filter((line) => line.seatId === seatId);
        for (const one of seats) {
          const alone = of(quote([one], terms, currency), one.seatId);
          expect(of(together, one.seatId)).to.deep.equal(alone);
          expect(of(turned, one.seatId)).to.deep.equal(alone);
        }
        expect(of(turned, null)).to.deep.equal(of(together, null));
      }),
    );
  });

  it('is within half a step of the exact amount in each line', () => {
    fc.assert(
      fc.property(orders, ({ seats, terms, currency }) => {
        const { perTicketMinor, perTicketBasisPoints, tax } = terms.charges;
        const step = chargeStepOf(currency);
        const lines = quote(seats, terms, currency);
        for (const { seatId, priceMinor } of seats.filter((one) => one.priceMinor > 0)) {
          const amountOf = (kind: string, of?: string) =>
            lines.find((line) => line.seatId === seatId && line.kind === kind && line.of === of)
              ?.amountMinor ?? 0;
          const fee = amountOf('fee');
          const exactFee = perTicketMinor + (priceMinor * perTicketBasisPoints) / 10_000;
          expect(Math.abs(fee - exactFee)).to.be.at.most(step / 2 + 1e-6);
          if (tax === null) continue;
          const rate = tax.basisPoints / (tax.included ? 10_000 + tax.basisPoints : 10_000);
          for (const [base, of] of [
            [priceMinor, 'face_value'],
            [fee, 'fee'],
          ] as const) {
            const limit = (tax.included ? 1 : step) / 2 + 1e-6;
            expect(Math.abs(amountOf('tax', of) - base * rate)).to.be.at.most(limit);
          }
        }
      }),
    );
  });
});
