import { expect } from 'chai';
import fc from 'fast-check';
import {
  latencyOf,
  median,
  orderOfRound,
  pairedRatio,
  quantile,
  spreadOf,
  zipf,
} from './statistics.ts';

const numbers = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), {
  minLength: 1,
  maxLength: 60,
});

describe('statistics', () => {
  it('a quantile is one of the numbers, with its share at or below it and no less', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
        const value = quantile(all, share);
        expect(all).to.include(value);
        expect(all.filter((one) => one <= value).length).to.be.at.least(share * all.length - 1e-9);
        expect(all.filter((one) => one < value).length).to.be.below(share * all.length + 1e-9);
      }),
    );
  });

  it('the median has as many numbers below as above, and takes the mean of two in the middle', () => {
    fc.assert(
      fc.property(numbers, (all) => {
        const middle = median(all);
        const below = all.filter((one) => one < middle).length;
        const above = all.filter((one) => one > middle).length;
        expect(Math.max(below, above)).to.be.at.most(all.length / 2);
      }),
    );
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([])).to.equal(0);
  });

  it('paired ratios do not see what slows both of a pair, but see what slows one', () => {
    const machine = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(machine, fc.double({ min: 0.1, max: 9, noNaN: true }), (speeds, factor) => {
        const ratio = pairedRatio(
          speeds.map((speed) => speed * factor),
          speeds,
        );
        expect(ratio.median).to.be.closeTo(factor, 1e-9);
        expect(ratio.most - ratio.least).to.be.closeTo(0, 1e-9);
      }),
    );
    expect(pairedRatio([1, 2, 3], [2, 2])).to.deep.equal({ median: 0.75, least: 0.5, most: 1 });
  });

  it('a round without a rate does not make the ratio infinite, nor an empty one anything', () => {
    expect(pairedRatio([5, 6], [0, 3])).to.deep.equal({ median: 2, least: 2, most: 2 });
    expect(pairedRatio([], [])).to.deep.equal(spreadOf([]));
  });

  it('latency percentiles agree with the quantiles', () => {
    fc.assert(
      fc.property(numbers, (all) => {
        expect(latencyOf(all)).to.deep.equal({
          p50: quantile(all, 0.5),
          p95: quantile(all, 0.95),
          p99: quantile(all, 0.99),
          most: Math.max(...all),
        });
      }),
    );
  });

  it('each contender is first in its turn, and every round has all of them', () => {
    const names = ['a', 'b', 'c'];
    const rounds = [0, 1, 2, 3].map((round) => orderOfRound(names, round).join(''));
    expect(rounds).to.deep.equal(['abc', 'bca', 'cab', 'abc']);
  });

  it('Zipf draws the first rank about as often as 1/H says, never beyond the last', () => {
    let step = 0;
    // Evenly spaced draws stand in for random ones: the shares come out exact.
    const draw = zipf(100, () => {
      step += 1;
      return (step % 10_000) / 10_000;
    });
    const counts = new Array<number>(100).fill(0);
    for (let n = 0; n < 10_000; n += 1) {
      const rank = draw();
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    const harmonic = counts.reduce((sum, _, rank) => sum + 1 / (rank + 1), 0);
    expect(counts[0]! / 10_000).to.be.closeTo(1 / harmonic, 0.001);
    expect(counts[99]! / 10_000).to.be.closeTo(1 / harmonic / 100, 0.001);
  });
});
