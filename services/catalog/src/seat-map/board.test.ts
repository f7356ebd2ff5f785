import { SEAT_STATUSES } from '@holdfast/shared/contracts/holds.ts';
import { expect } from 'chai';
import fc from 'fast-check';
import type { SeatFace } from '../seat.ts';
import {
  applyChanges,
  applyDeltas,
  type Board,
  type BoardChange,
  codeAt,
  createBoard,
  deltaOf,
  statusAt,
} from './board.ts';

const face = (order: number): SeatFace => ({
  seatId: `S-${order}`,
  label: `Seat ${order}`,
  section: 'Stalls',
  row: 'A',
  number: String(order),
  order,
  position: { x: order, y: 0 },
  category: 'Stalls',
  flags: [],
});
const boardOf = (seats: number) =>
  createBoard(
    'event',
    1,
    Array.from({ length: seats }, (_, order) => face(order)),
  );
const never = Number.POSITIVE_INFINITY;
const change = (order: number, version: number, status: BoardChange['status'], endsAtMs = never) =>
  ({ seatId: `S-${order}`, version, status, endsAtMs }) satisfies BoardChange;

/** What a reader can see of a board. */
const seen = ({ codes, statuses, endsAtMs, versions }: Board) => ({
  codes: [...codes],
  statuses: [...statuses],
  endsAtMs: [...endsAtMs],
  versions: [...versions],
});

describe('a board', () => {
  it('takes newer changes, tells which seats changed and passes over seats it does not have', () => {
    const board = boardOf(3);
    const changed = applyChanges(board, [
      change(0, 1, 'available'),
      change(1, 2, 'held', 5_000),
      change(2, 4, 'sold'),
      change(9, 1, 'sold'),
    ]);
    expect(changed).to.deep.equal([0, 1, 2]);
    expect(seen(board)).to.deep.equal({
      codes: [0, 1, 2],
      statuses: [0, 1, 3],
      endsAtMs: [never, 5_000, never],
      versions: [1, 2, 4],
    });
  });

  it('keeps the highest version, whatever comes late or twice', () => {
    const board = boardOf(1);
    applyChanges(board, [change(0, 3, 'committing')]);
    const late = applyChanges(board, [change(0, 2, 'held', 9_000), change(0, 3, 'available')]);
    expect(late).to.deep.equal([]);
    expect(statusAt(board, 0, 0)).to.equal('committing');
    expect(applyChanges(board, [change(0, 4, 'available')])).to.deep.equal([0]);
    expect(statusAt(board, 0, 0)).to.equal('available');
  });

  it('frees a held seat at its own end without a change, and not before', () => {
    const board = boardOf(1);
    applyChanges(board, [change(0, 2, 'held', 5_000)]);
    expect([codeAt(board, 0, 4_999), codeAt(board, 0, 5_000)]).to.deep.equal([1, 0]);
    expect([statusAt(board, 0, 4_999), statusAt(board, 0, 5_000)]).to.deep.equal([
      'held',
      'available',
    ]);
  });

  it('counts a place that is not in the plan as blocked, and takes no change for it', () => {
    const board = boardOf(1);
    expect(codeAt(board, 7, 0)).to.equal(3);
    expect(applyDeltas(board, [[7, 2, 0, 0]])).to.deep.equal([]);
  });

  const anyChange = fc.record({
    order: fc.nat({ max: 4 }),
    version: fc.integer({ min: 1, max: 8 }),
  });
  /** One truth for each version of a seat, as the store has it. */
  const truth = (order: number, version: number) => {
    const status = SEAT_STATUSES[(order * 7 + version * 3) % SEAT_STATUSES.length] ?? 'sold';
    return change(order, version, status, status === 'held' ? 1_000 * version : never);
  };

  it('comes to the same from the same changes, in any order, repeated, or as deltas', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { minLength: 1, maxLength: 40 }), fc.nat(), (picks, seed) => {
        const changes = picks.map(({ order, version }) => truth(order, version));
        const inOrder = boardOf(5);
        applyChanges(inOrder, changes);
        const turned = [...changes.slice(seed % changes.length), ...changes];
        const repeated = boardOf(5);
        applyChanges(repeated, turned.toReversed());
        const byDeltas = boardOf(5);
        for (const one of changes) {
          const alone = boardOf(5);
          const indexes = applyChanges(alone, [one]);
          applyDeltas(
            byDeltas,
            indexes.map((index) => deltaOf(alone, index)),
          );
        }
        expect(seen(repeated)).to.deep.equal(seen(inOrder));
        expect(seen(byDeltas)).to.deep.equal(seen(inOrder));
      }),
    );
  });
});
