import { brotliDecompressSync } from 'node:zlib';
import { readSeatMap } from '@holdfast/shared/contracts/seat-map.ts';
import { expect } from 'chai';
import { applyChanges, createBoard } from './board.ts';
import type { FollowedBoard } from './boards.ts';
import { createSnapshots } from './snapshots.ts';

const SEATS = 20_000;

/** The same numbers at each run (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** A board on which buyers took 1 to 6 seats side by side until so many are gone. */
function boardSold(share: number): FollowedBoard {
  const random = createRandom(7);
  const board = createBoard(
    'event',
    3,
    Array.from({ length: SEATS }, (_, order) => ({
      seatId: `S-${order}`,
      label: `Seat ${order}`,
      section: 'Stalls',
      row: 'A',
      number: String(order),
      order,
      position: { x: order, y: 0 },
      category: 'Stalls',
      flags: [],
    })),
  );
  for (let gone = 0; gone < SEATS * share; ) {
    const [first, size, isHeld] = [random(SEATS), 1 + random(6), random(5) === 0];
    const changes = Array.from({ length: size }, (_, n) => ({
      seatId: `S-${first + n}`,
      version: 2,
      status: isHeld ? ('held' as const) : ('sold' as const),
      endsAtMs: isHeld ? 600_000 : Number.POSITIVE_INFINITY,
    }));
    gone += applyChanges(board, changes).length;
  }
  const place = { epoch: 'e1', streamId: '1-1' };
  return { board, place, revision: 1, isAway: false, checkedAt: 0, readAt: 0, young: [] };
}

describe('a snapshot of 20,000 seats', () => {
  for (const share of [0, 0.25, 0.5, 0.75, 0.95]) {
    it(`takes 4,000 bytes at most when ${100 * share} % are taken, and tells each seat`, async () => {
      const followed = boardSold(share);
      const snapshots = createSnapshots({
        find: async () => followed,
        peek: () => followed,
        nowMs: () => 1_000,
      });
      const snapshot = await snapshots.get('event', 'binary-br');
      expect(snapshot?.body.length).to.be.at.most(4_000);
      const map = readSeatMap(brotliDecompressSync(snapshot?.body ?? ''));
      expect(map).to.deep.equal({ planVersion: 3, asOfMs: 1_000, codes: followed.board.codes });
    });
  }
});
