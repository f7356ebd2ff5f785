import { monotonicMs } from '@holdfast/shared/clock.ts';
import { expect } from 'chai';
import type { SeatFace } from '../seat.ts';
import { chooseSeats } from './best-available.ts';
import { chooseQuickly } from './candidates.ts';
import type { SeatWish } from './seat-wish.ts';
import { readSeating } from './seating.ts';

/** Ten sections of 50 rows of 40. */
const faces = Array.from({ length: 20_000 }, (_, order): SeatFace => {
  const [section, row, number] = [
    Math.floor(order / 2_000),
    Math.floor(order / 40) % 50,
    order % 40,
  ];
  return {
    seatId: String(order),
    label: '',
    section: String(section),
    row: String(row),
    number: String(number),
    order,
    position: { x: section * 44 + number, y: row },
    category: 'Stalls',
    flags: [],
  };
});
const seating = readSeating(faces);
const middling = seating.views.toSorted()[10_000] ?? 0;

/** The least of several runs, so that what else the machine does counts little. */
function leastMs(run: () => unknown): number {
  const times = Array.from({ length: 40 }, () => {
    const startedAt = monotonicMs();
    run();
    return monotonicMs() - startedAt;
  });
  return Math.min(...times);
}

describe('the choice at 20,000 seats', () => {
  const houses: [string, (seat: number) => boolean][] = [
    ['empty', () => true],
    ['with its better half taken', (seat) => (seating.views[seat] ?? 0) < middling],
    ['nearly full', (seat) => seat % 20 < 2],
    ['full', () => false],
  ];
  for (const [house, isLeft] of houses) {
    it(`takes no more than some looks at each seat, in a house that is ${house}`, () => {
      const free = Uint8Array.from(faces, (_, seat) => (isLeft(seat) ? 1 : 0));
      const isFree = (seat: number) => free[seat] === 1;
      const wish: SeatWish = { partySize: 2, needs: [], spread: 'adjacent' };
      let seen = 0;
      const scanMs = leastMs(() => {
        for (let seat = 0; seat < free.length; seat += 1) if (isFree(seat)) seen += 1;
      });
      expect(seen).to.equal(40 * faces.filter((_, seat) => isLeft(seat)).length);
      expect(leastMs(() => chooseQuickly(seating, isFree, wish))).to.be.below(50 * scanMs);
      expect(leastMs(() => chooseSeats(seating, free, wish))).to.be.below(100 * scanMs);
    });
  }
});
