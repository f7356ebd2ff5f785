import { expect } from 'chai';
import fc from 'fast-check';
import { heated, stockOf } from './listing.ts';

const HOURS = 3_600_000;

describe('a listing', () => {
  it('tells how much is left: few are a tenth of the seats, or five', () => {
    const cases: [left: number, seats: number, stock: string][] = [
      [100, 100, 'TICKETS_AVAILABLE'],
      [11, 100, 'TICKETS_AVAILABLE'],
      [10, 100, 'FEW_TICKETS_LEFT'],
      [6, 20, 'TICKETS_AVAILABLE'],
      [5, 20, 'FEW_TICKETS_LEFT'],
      [1, 1, 'FEW_TICKETS_LEFT'],
      [0, 100, 'TICKETS_NOT_AVAILABLE'],
      [0, 0, 'TICKETS_NOT_AVAILABLE'],
    ];
    for (const [left, seats, stock] of cases) {
      const event = { seatCount: seats, status: 'published' } as const;
      expect(stockOf(left, event), `${left} of ${seats}`).to.equal(stock);
    }
    for (const status of ['off_sale', 'postponed'] as const) {
      expect(stockOf(9, { seatCount: 9, status }), status).to.equal('TICKETS_NOT_AVAILABLE');
    }
  });

  it('is as popular as the seats taken lately: half as much six hours later', () => {
    const now = Date.UTC(2027, 0, 1);
    const early = heated(0, 8, now);
    expect(heated(0, 4, now + 6 * HOURS)).to.be.closeTo(early, 1e-9);
    expect(heated(0, 3, now + 6 * HOURS)).to.be.below(early);
    expect(heated(0, 5, now + 6 * HOURS)).to.be.above(early);
    expect(heated(early, 0, now + 99 * HOURS)).to.equal(early);
  });

  it('comes to the same popularity however the seats of an instant are split', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (a, b) => {
        const now = Date.UTC(2027, 0, 1);
        expect(heated(heated(0, a, now), b, now)).to.be.closeTo(heated(0, a + b, now), 1e-9);
      }),
    );
  });
});
