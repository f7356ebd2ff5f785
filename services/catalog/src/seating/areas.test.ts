import { expect } from 'chai';
import fc from 'fast-check';
import type { SeatFace } from '../seat.ts';
import { areasOf, pickPlaces } from './areas.ts';

const face = (section: string, order: number, isStanding: boolean): SeatFace => ({
  seatId: `${section}-${order}`,
  label: '',
  section,
  row: '',
  number: String(order),
  order,
  ...(!isStanding && { position: { x: order, y: 0 } }),
  category: 'c',
  flags: [],
});

describe('standing areas', () => {
  it('are the sections of places without a position; seats with one are in none', () => {
    const faces = [
      face('Stalls', 0, false),
      face('Floor', 1, true),
      face('Floor', 2, true),
      face('Pit', 3, true),
    ];
    expect([...areasOf(faces)]).to.deep.equal([
      ['Floor', [1, 2]],
      ['Pit', [3]],
    ]);
    expect(areasOf([face('Stalls', 0, false)]).size).to.equal(0);
  });

  it('give as many free places as are asked for, each once, or all there are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 40 }),
        fc.nat(10),
        fc.nat(39),
        (free, quantity, from) => {
          const places = [...free.keys()];
          const picked = pickPlaces(places, quantity, from, (place) => free[place] === true);
          const left = free.filter((one) => one).length;
          expect(picked).to.have.length(Math.min(quantity, left));
          expect(new Set(picked).size).to.equal(picked.length);
          expect(picked.every((place) => free[place])).to.equal(true);
        },
      ),
    );
  });

  it('are looked through from the place that is named, and round', () => {
    expect(pickPlaces([0, 1, 2, 3], 3, 2, (place) => place !== 3)).to.deep.equal([2, 0, 1]);
  });
});
