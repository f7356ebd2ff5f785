import { expect } from 'chai';
import { createFaults } from './faults.ts';

describe('fault rules', () => {
  it('strike their route as often as they say, and no other route', () => {
    const faults = createFaults();
    faults.add({ route: 'capture', kind: 'error_before', delayMs: 0, times: 2, rate: 1 });
    expect(faults.strike('create', undefined)).to.equal(undefined);
    expect(faults.strike('capture', undefined)?.kind).to.equal('error_before');
    expect(faults.strike('capture', undefined)?.kind).to.equal('error_before');
    expect(faults.strike('capture', undefined)).to.equal(undefined);
    expect(faults.list()).to.deep.equal([]);
  });

  it('strike the share of requests that `rate` says', () => {
    const draws = [0.1, 0.3, 0.29, 0.9];
    const faults = createFaults(() => draws.shift() ?? 1);
    faults.add({ route: '*', kind: 'late', delayMs: 5, rate: 0.3 });
    const struck = [1, 2, 3, 4].map(() => faults.strike('refund', undefined)?.kind);
    expect(struck).to.deep.equal(['late', undefined, 'late', undefined]);
  });

  it('give way to what the metadata asks for, which is bounded', () => {
    const faults = createFaults();
    faults.add({ route: '*', kind: 'late', delayMs: 5, rate: 1 });
    expect(faults.strike('capture', 'error_saved')?.kind).to.equal('error_saved');
    expect(faults.strike('capture', 'capture:late:2000')).to.include({ delayMs: 2_000 });
    expect(faults.strike('capture', 'late:99999999')).to.include({ delayMs: 120_000 });
    for (const wish of ['cancel:late:1', 'error_before', 'nonsense', '']) {
      expect(faults.strike('capture', wish), wish).to.include({ kind: 'late', delayMs: 5 });
    }
  });
});
