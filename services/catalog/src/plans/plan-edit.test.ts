import { expect } from 'chai';
import type { SeatFace } from '../seat.ts';
import { comparePlans } from './plan-edit.ts';

const seat = (seatId: string, order: number, edit: Partial<SeatFace> = {}): SeatFace => ({
  ...{ seatId, label: seatId, section: 'Stalls', row: 'A', number: seatId, order },
  ...{ position: { x: order, y: 0 }, category: 'Stalls', flags: ['aisle', 'companion'] },
  ...edit,
});
const idsOf = (faces: readonly SeatFace[]) => faces.map((face) => face.seatId);

describe('plans compared', () => {
  it('tell the seats that come, go, change and move', () => {
    const before = [seat('1', 0), seat('2', 1), seat('3', 2), seat('4', 3)];
    const after = [seat('0', 0), seat('1', 1), seat('2', 1), seat('3', 2, { category: 'Gallery' })];
    const { added, dropped, changed, moved } = comparePlans(before, after);
    expect([idsOf(added), dropped, idsOf(changed), idsOf(moved)]).to.deep.equal([
      ['0'],
      ['4'],
      ['3'],
      ['1'],
    ]);
  });

  const changes: [string, Partial<SeatFace>][] = [
    ['label', { label: 'Other' }],
    ['section', { section: 'Gallery' }],
    ['row', { row: 'B' }],
    ['number', { number: '9' }],
    ['category', { category: 'Gallery' }],
    ['flags', { flags: ['aisle', 'restricted_view'] }],
  ];
  for (const [what, edit] of changes) {
    it(`take a seat of another ${what} for changed`, () => {
      const { changed, moved } = comparePlans([seat('1', 0)], [seat('1', 0, edit)]);
      expect([idsOf(changed), moved]).to.deep.equal([['1'], []]);
    });
  }

  it('take a seat that becomes a standing place for changed', () => {
    const { position: _none, ...standing } = seat('1', 0);
    expect(idsOf(comparePlans([seat('1', 0)], [standing]).changed)).to.deep.equal(['1']);
  });

  it('take flags in another order for the same, and another place for a move', () => {
    const same = comparePlans([seat('1', 0)], [seat('1', 0, { flags: ['companion', 'aisle'] })]);
    expect(same).to.deep.equal({ added: [], dropped: [], changed: [], moved: [] });
    const moved = comparePlans([seat('1', 0)], [seat('1', 0, { position: { x: 3, y: 4 } })]);
    expect([moved.changed, idsOf(moved.moved)]).to.deep.equal([[], ['1']]);
  });
});
