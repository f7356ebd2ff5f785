import { type CancellationStep, NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { expect } from 'chai';
import fc from 'fast-check';
import type { BookedSeat } from '../booking.ts';
import { quote, totalOf } from '../quote.ts';
import { cancellationOf, chooseRate, FREE, KEEPS_ALL, type Rate } from './cancellation.ts';
import { type Share, spread, sumOf } from './price-parts.ts';

const seat = (seatId: string, priceMinor: number): BookedSeat => ({
  ...{ seatId, label: seatId, section: '', row: '', number: '', category: 'Stalls', priceMinor },
  ticketId: `ticket of ${seatId}`,
  ticketStatus: 'live',
});
const TAX = { name: 'VAT', basisPoints: 1_000, included: false };
const charging = (charges: Partial<Terms['charges']>): Terms => ({
  ...NO_TERMS,
  charges: { ...NO_TERMS.charges, ...charges },
});
const booked = (seats: readonly BookedSeat[], terms = NO_TERMS, currency = 'EUR') => ({
  seats,
  currency,
  lines: quote(seats, terms, currency),
});
const rate = (parts: Partial<Rate>): Rate => ({ ...FREE, ...parts });
const without = (seats: readonly BookedSeat[], seatIds: readonly string[]) =>
  seats.map((one) =>
    seatIds.includes(one.seatId) ? { ...one, ticketStatus: 'void' as const } : one,
  );

describe('the rate of a cancellation', () => {
  const steps: CancellationStep[] = [
    { ...FREE, untilHoursBeforeStart: 168 },
    { ...FREE, keepBasisPoints: 2_000, untilHoursBeforeStart: 24 },
  ];
  const startsAt = new Date('2027-03-14T18:00:00Z');
  const hoursBefore = (hours: number) => new Date(startsAt.getTime() - hours * 3_600_000);
  const booking = (freeCancelUntil: Date | null = null) => ({
    ...{ startsAt, freeCancelUntil, terms: { ...NO_TERMS, cancellation: steps } },
  });
  const at = (hours: number, waived = false, free: Date | null = null) =>
    chooseRate(booking(free), { now: hoursBefore(hours), waived });

  it('is of the first step whose end is not reached, says until when, and none after the last', () => {
    expect(at(200)).to.deep.equal({ rate: FREE, until: hoursBefore(168), waived: false });
    expect(at(168.001)?.rate).to.deep.equal(FREE);
    const second = {
      rate: rate({ keepBasisPoints: 2_000 }),
      until: hoursBefore(24),
      waived: false,
    };
    expect(at(168)).to.deep.equal(second);
    expect(at(24)).to.equal(undefined);
    expect(at(-3)).to.equal(undefined);
  });

  it('is free where it is waived, for good or until an instant, whatever the terms say', () => {
    expect(at(1, true)).to.deep.equal({ rate: FREE, until: null, waived: true });
    const until = hoursBefore(2);
    expect(at(3, false, until)).to.deep.equal({ rate: FREE, until, waived: true });
    expect(at(1, false, until)).to.equal(undefined);
  });

  it('is none where the event has no terms', () => {
    const plain = { startsAt, freeCancelUntil: null, terms: NO_TERMS };
    expect(chooseRate(plain, { now: hoursBefore(500), waived: false })).to.equal(undefined);
  });
});

describe('a cancellation', () => {
  const terms = charging({ perTicketMinor: 200, perOrderMinor: 300, tax: TAX });
  const seats = [seat('A-1', 5_000), seat('A-2', 3_000)];

  it('keeps a part of the face value with its tax, and the fees where they are not repaid', () => {
    const booking = booked(seats, terms);
    const wanted = { seatIds: ['A-1'], rate: rate({ keepBasisPoints: 2_000, repaysFees: false }) };
    const partly = cancellationOf(booking, [], wanted);
    // 5,000 face, 500 tax, 200 fee, 20 tax of the fee.
    expect(partly.parts).to.deep.equal([
      { seatId: 'A-1', paidMinor: 5_720, earlierMinor: 0, repaidMinor: 4_400, keptMinor: 1_320 },
    ]);
    expect(partly.shares).to.deep.equal([
      { seatId: 'A-1', kind: 'face_value', amountMinor: 4_000 },
      { seatId: 'A-1', kind: 'tax', amountMinor: 400 },
    ]);
    expect(partly).to.include({ isWhole: false, repaidMinor: 4_400, keptMinor: 1_320 });
  });

  it('repays what the order cost with the last seat, and only then', () => {
    const first = cancellationOf(booked(seats, terms), [], { seatIds: ['A-2'], rate: FREE });
    expect(first).to.include({ isWhole: false, repaidMinor: 3_520 });
    const rest = { ...booked(seats, terms), seats: without(seats, ['A-2']) };
    const last = cancellationOf(rest, first.shares, { seatIds: ['A-1'], rate: FREE });
    expect(last).to.include({ isWhole: true, repaidMinor: 5_720 + 330, keptMinor: 0 });
    expect(last.parts.map(({ seatId }) => seatId)).to.deep.equal(['A-1', null]);
  });

  it('does not repay again what was repaid without a cancellation', () => {
    const earlier: Share[] = [{ seatId: 'A-1', kind: 'face_value', amountMinor: 4_500 }];
    const wanted = { seatIds: ['A-1'], rate: rate({ keepPerTicketMinor: 300 }) };
    const { parts } = cancellationOf(booked(seats), earlier, wanted);
    expect(parts).to.deep.equal([
      { seatId: 'A-1', paidMinor: 5_000, earlierMinor: 4_500, repaidMinor: 200, keptMinor: 300 },
    ]);
    const more = [{ ...earlier[0], amountMinor: 4_900 } as Share];
    expect(cancellationOf(booked(seats), more, wanted)).to.include({
      repaidMinor: 0,
      keptMinor: 100,
    });
  });

  it('repays nothing at all at the rate that keeps all, and never less than nothing', () => {
    const all = { seatIds: ['A-1', 'A-2'], rate: KEEPS_ALL };
    const booking = booked(seats, terms);
    expect(cancellationOf(booking, [], all)).to.include({
      ...{ isWhole: true, repaidMinor: 0, keptMinor: totalOf(booking.lines) },
    });
    const dear = { seatIds: ['A-2'], rate: rate({ keepPerTicketMinor: 9_999 }) };
    expect(cancellationOf(booked(seats), [], dear)).to.include({
      repaidMinor: 0,
      keptMinor: 3_000,
    });
  });

  const basisPoints = fc.integer({ min: 0, max: 10_000 });
  const cases = fc.constantFrom('JPY', 'EUR', 'KWD').chain((currency) =>
    fc.record({
      currency: fc.constant(currency),
      prices: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 6 }),
      terms: fc
        .record({
          perTicketMinor: fc.integer({ min: 0, max: 500 }),
          perTicketBasisPoints: basisPoints,
          perOrderMinor: fc.integer({ min: 0, max: 500 }),
          tax: fc.option(
            fc.record({ name: fc.constant('VAT'), basisPoints, included: fc.boolean() }),
          ),
        })
        .map(charging),
      rates: fc.array(
        fc.record({
          keepBasisPoints: basisPoints,
          keepPerTicketMinor: fc.integer({ min: 0, max: 30_000 }),
          repaysFees: fc.boolean(),
        }),
        { minLength: 6, maxLength: 6 },
      ),
      goodwill: fc.integer({ min: 0, max: 60_000 }),
    }),
  );

  it('of seats one after the other: never more than was paid, and what is kept and repaid is all of it', () => {
    fc.assert(
      fc.property(cases, ({ currency, prices, terms, rates, goodwill }) => {
        const all = prices.map((price, index) => seat(`S-${index}`, price * 10));
        const { lines } = booked(all, terms, currency);
        const paid = totalOf(lines);
        const faces: Share[] = all.map(({ seatId, priceMinor }) => ({
          ...{ seatId, kind: 'face_value', amountMinor: priceMinor },
        }));
        let earlier: Share[] = spread(faces, goodwill);
        let kept = 0;
        let open = all;
        for (const [index, { seatId }] of all.entries()) {
          const chosen = rates[index] ?? FREE;
          const done = cancellationOf({ seats: open, lines, currency }, earlier, {
            ...{ seatIds: [seatId], rate: chosen },
          });
          expect(done.isWhole).to.equal(index === all.length - 1);
          expect(done.repaidMinor).to.be.at.least(0);
          expect(done.keptMinor).to.be.at.least(0);
          expect(done.repaidMinor).to.equal(sumOf(done.shares));
          for (const part of done.parts) {
            expect(part.repaidMinor + part.keptMinor + part.earlierMinor).to.equal(part.paidMinor);
            expect(part.keptMinor).to.be.at.least(0);
          }
          kept += done.keptMinor;
          earlier = [...earlier, ...done.shares];
          open = without(open, [seatId]);
        }
        expect(sumOf(earlier) + kept).to.equal(paid);
      }),
    );
  });

  it('repays for some seats no more than for these and others, whatever the rate', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 6 }), (given, count) => {
        const { currency, prices, terms, rates } = given;
        const all = prices.map((price, index) => seat(`S-${index}`, price * 10));
        const ids = all.map(({ seatId }) => seatId);
        const booking = booked(all, terms, currency);
        const repaid = (seatIds: string[]) =>
          cancellationOf(booking, [], { seatIds, rate: rates[0] ?? FREE }).repaidMinor;
        expect(repaid(ids.slice(0, count))).to.be.at.most(repaid(ids));
      }),
    );
  });
});

describe('an amount that is spread', () => {
  const share = (seatId: string, amountMinor: number): Share => ({
    ...{ seatId, kind: 'face_value', amountMinor },
  });

  it('is split in proportion, to the step, and gives no share more than itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000_000 }), { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        fc.constantFrom(1, 10, 100),
        (amounts, part, step) => {
          const shares = amounts.map((amount, index) => share(`S-${index}`, amount * step));
          const whole = sumOf(shares);
          const wanted = Math.floor((whole * part) / step) * step;
          const cut = spread(shares, wanted, step);
          expect(sumOf(cut)).to.equal(Math.min(wanted, whole));
          for (const one of cut) {
            const of = shares.find(({ seatId }) => seatId === one.seatId)?.amountMinor ?? 0;
            expect(one.amountMinor).to.be.within(step, of);
            expect(one.amountMinor % step).to.equal(0);
            expect(Math.abs(one.amountMinor - (of * Math.min(wanted, whole)) / whole)).to.be.below(
              1.01 * step,
            );
          }
        },
      ),
    );
  });
});
