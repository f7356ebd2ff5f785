import { expect } from 'chai';
import type { SeatFace } from '../seat.ts';
import { readSeating } from './seating.ts';

const faces = (rows: Omit<Partial<SeatFace>, 'order'>[]): SeatFace[] =>
  rows.map((seat, order) => ({
    seatId: `S${order}`,
    label: `Seat ${order}`,
    section: 'Stalls',
    row: 'A',
    number: String(order),
    category: 'Stalls',
    position: { x: order, y: 0 },
    flags: [],
    ...seat,
    order,
  }));
const row = (name: string, xs: number[], rest: Partial<SeatFace> = {}, y = 0) =>
  xs.map((x) => ({ row: name, position: { x, y }, ...rest }));
const runsOf = (seats: SeatFace[]) => {
  const { runStarts, runEnds } = readSeating(seats);
  return [...runStarts].map((start, seat) => [start, runEnds[seat]]);
};

describe('the seating of a plan', () => {
  it('ends a run at a gap between positions, whatever the printed numbers say', () => {
    expect(runsOf(faces(row('A', [0, 1, 2, 4, 5])))).to.deep.equal([
      [0, 3],
      [0, 3],
      [0, 3],
      [3, 5],
      [3, 5],
    ]);
  });

  it('ends a run at a new row, section or floor, and between two seats on an aisle', () => {
    const seats = faces([
      { row: 'A' },
      { row: 'B' },
      { row: 'B', section: 'Box' },
      { row: 'B', section: 'Box', position: { x: 3, y: 0, floor: '2' } },
      { row: 'C', flags: ['aisle'] },
      { row: 'C', flags: ['aisle'] },
      { row: 'C' },
    ]);
    expect(runsOf(seats)).to.deep.equal([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, 7],
      [5, 7],
    ]);
  });

  it('keeps a curved row together, and a row whose seats have no distance', () => {
    const curved = Array.from({ length: 6 }, (_, n) => ({
      position: { x: 10 * Math.cos(n / 10), y: 10 * Math.sin(n / 10) },
    }));
    expect(readSeating(faces(curved)).runEnds).to.deep.equal(new Int32Array(6).fill(6));
    const heap = Array.from({ length: 3 }, () => ({ position: { x: 0, y: 0 } }));
    expect(readSeating(faces(heap)).runEnds).to.deep.equal(new Int32Array(3).fill(3));
  });

  it('prefers the front to the back and the middle of the full row to its sides', () => {
    const seats = faces([...row('A', [0, 1, 2]), ...row('B', [0, 1, 2, 3, 4], {}, 1)]);
    const { depths, centralities, views } = readSeating(seats);
    expect([...depths]).to.deep.equal([0, 0, 0, 1, 1, 1, 1, 1]);
    expect([...centralities]).to.deep.equal([0, 1, 0, 0, 0.5, 1, 0.5, 0]);
    expect([...views]).to.deep.equal([6000, 10000, 6000, 0, 2000, 4000, 2000, 0]);
  });

  it('counts a restricted view half', () => {
    const [clear, restricted] = faces([{}, { flags: ['restricted_view'] }]);
    if (!clear || !restricted) throw new Error('two seats were made');
    expect([...readSeating([clear, { ...restricted, row: 'A' }]).views]).to.deep.equal([
      6000, 3000,
    ]);
  });

  it('takes the parts of one row in several sections for one full row', () => {
    const seats = faces([
      ...row('A', [0, 1], { section: 'Left' }),
      ...row('A', [4, 5, 6], { section: 'Middle' }),
      ...row('A', [9, 10], { section: 'Right' }),
      ...row('A', [0, 5, 10], { section: 'Balcony' }, 20),
    ]);
    const middle = readSeating(seats).centralities.indexOf(1);
    expect(seats[middle]?.section).to.equal('Middle');
    expect(readSeating(seats).centralities[8]).to.equal(1);
  });

  it('gives a companion seat to the accessible seats beside it, past other companions', () => {
    const flags = ['companion', 'accessible', 'companion', 'companion', '', 'companion'];
    const seats = faces(flags.map((flag) => ({ flags: flag ? [flag] : [] })));
    expect([...readSeating(seats).companionsOf]).to.deep.equal([
      [0, [1]],
      [2, [1]],
      [3, [1]],
    ]);
  });
});
