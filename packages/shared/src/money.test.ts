import { expect } from 'chai';
import fc from 'fast-check';
import {
  chargeStepOf,
  decimalsOf,
  formatMoney,
  minorOfProvider,
  providerAmountOf,
  shareOf,
} from './money.ts';

describe('money', () => {
  it('is written with the decimals of its currency, in any country alike', () => {
    expect(formatMoney(1_234_567, 'JPY')).to.equal('1234567 JPY');
    expect(formatMoney(1_234_567, 'EUR')).to.equal('12345.67 EUR');
    expect(formatMoney(1_234_567, 'KWD')).to.equal('1234.567 KWD');
    expect(['JPY', 'EUR', 'KWD'].map((code) => formatMoney(5, code))).to.deep.equal([
      '5 JPY',
      '0.05 EUR',
      '0.005 KWD',
    ]);
    expect(formatMoney(-5, 'EUR')).to.equal('-0.05 EUR');
  });

  it('has the decimals of ISO 4217, also where it is usually shown with others', () => {
    expect(['ISK', 'HUF', 'IQD', 'MGA', 'CLF'].map(decimalsOf)).to.deep.equal([0, 2, 3, 2, 4]);
  });

  it('is told to the provider in its units, and read back the same', () => {
    expect(providerAmountOf(5, 'ISK')).to.equal(500);
    expect(providerAmountOf(500, 'MGA')).to.equal(5);
    expect(providerAmountOf(5_120, 'KWD')).to.equal(5_120);
    fc.assert(
      fc.property(
        fc.constantFrom('EUR', 'JPY', 'KWD', 'ISK', 'UGX', 'MGA'),
        fc.integer({ min: 0, max: 1_000_000_000 }),
        (currency, steps) => {
          const amount = steps * chargeStepOf(currency);
          expect(minorOfProvider(providerAmountOf(amount, currency), currency)).to.equal(amount);
        },
      ),
    );
  });

  it('is shared to the nearest step, halves up, exactly whatever the size', () => {
    expect([shareOf(5, 1, 10), shareOf(4, 1, 10), shareOf(15, 1, 10)]).to.deep.equal([1, 0, 2]);
    expect(shareOf(1_250, 3_300, 10_000, 10)).to.equal(410);
    const most = Number.MAX_SAFE_INTEGER;
    expect(shareOf(most, 10_000, 10_000)).to.equal(most);
  });
});
