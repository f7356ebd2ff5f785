import { expect } from 'chai';
import { refuseUnchargeable } from './chargeable.ts';

const detailOf = (totalMinor: number, currency: string) =>
  refuseUnchargeable(totalMinor, currency)?.detail;

describe('what can be charged', () => {
  it('is from the least to the most that the provider takes, and nothing beside', () => {
    expect(detailOf(49, 'EUR')).to.contain('0.49 EUR is below 0.50 EUR');
    expect(detailOf(50, 'EUR')).to.equal(undefined);
    expect(detailOf(49, 'JPY')).to.contain('49 JPY is below 50 JPY');
    expect(detailOf(99_999_999, 'EUR')).to.equal(undefined);
    expect(detailOf(100_000_000, 'EUR')).to.contain('1000000.00 EUR is more');
    expect(detailOf(1_000_000, 'ISK')).to.contain('1000000 ISK is more');
  });

  it('is whole steps where the last decimal of a currency is not taken', () => {
    expect(detailOf(5_125, 'KWD')).to.contain('5.125 KWD can not be charged');
    expect(detailOf(5_120, 'KWD')).to.equal(undefined);
    expect(detailOf(550, 'MGA')).to.contain('steps of 1.00 MGA');
  });
});
