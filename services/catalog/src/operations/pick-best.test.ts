import { isRefusal } from '@holdfast/shared/errors.ts';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Event } from '../event.ts';
import type { SeatFace } from '../seat.ts';
import { applyChanges, type BoardChange, createBoard } from '../seat-map/board.ts';
import { createPromisedSeats } from '../seating/promised-seats.ts';
import { createTakenSeats } from '../taken-seats.ts';
import { pickBest } from './pick-best.ts';

const ROW = 6;
const faces = Array.from({ length: 3 * ROW }, (_, order): SeatFace => {
  const [row, number] = [Math.floor(order / ROW), order % ROW];
  return {
    seatId: `S-${order}`,
    label: '',
    section: 'Stalls',
    row: String(row),
    number: String(number),
    order,
    position: { x: number, y: row },
    category: 'Stalls',
    flags: [],
  };
});
const event = {
  _id: 'event',
  version: 1,
  currency: 'EUR',
  prices: [{ category: 'Stalls', priceMinor: 2_500 }],
} as Event;

/** A house, as parties find it at an instant of the store's clock. */
function openHouse(taken = createTakenSeats()) {
  const board = createBoard('event', 1, faces);
  let revision = 1;
  let version = 1;
  let nowMs = 0;
  const deps = { boards: { nowMs: () => nowMs }, promised: createPromisedSeats(), taken };
  return {
    taken,
    change(seats: readonly number[], status: BoardChange['status'], endsAtMs: number) {
      version += 1;
      revision += 1;
      const told = seats.map((seat) => ({ seatId: `S-${seat}`, version, status, endsAtMs }));
      applyChanges(board, told);
    },
    passTo(instant: number) {
      nowMs = instant;
    },
    pick(partySize: number, on = board): readonly number[] | undefined {
      const followed = {
        board: on,
        place: undefined,
        revision,
        isAway: false,
        checkedAt: 0,
        readAt: 0,
        young: [],
      };
      const choice = pickBest(deps as never, { event, followed }, { partySize }, new Set());
      return isRefusal(choice) ? undefined : choice.seats;
    },
    /** What somebody chooses who has never looked at the house before. */
    pickAnew(partySize: number): readonly number[] | undefined {
      return this.pick(partySize, { ...board });
    },
  };
}

const op = fc.oneof(
  fc.record({ kind: fc.constant('take' as const), size: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('free' as const), seat: fc.nat(faces.length - 1) }),
  fc.record({ kind: fc.constant('hold' as const), seat: fc.nat(faces.length - 1) }),
  fc.record({ kind: fc.constant('sell' as const), seat: fc.nat(faces.length - 1) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40 }) }),
);

describe('the best choice of many, one after another', () => {
  it('is what a first look at the house would find, whatever came free meanwhile', () => {
    const taken = createTakenSeats();
    let found = 0;
    fc.assert(
      fc.property(fc.array(op, { maxLength: 25 }), (ops) => {
        const house = openHouse(taken);
        let nowMs = 0;
        for (const step of ops) {
          if (step.kind === 'pass') {
            nowMs += step.ms;
            house.passTo(nowMs);
          } else if (step.kind === 'free') {
            house.change([step.seat], 'available', Number.POSITIVE_INFINITY);
          } else if (step.kind === 'sell') {
            house.change([step.seat], 'sold', Number.POSITIVE_INFINITY);
          } else {
            const seats = step.kind === 'hold' ? [step.seat] : (house.pick(step.size) ?? []);
            house.change(seats, 'held', nowMs + (step.kind === 'hold' ? 10 : 50));
          }
          for (const size of [1, 2, 3]) {
            const choice = house.pick(size);
            expect(choice).to.deep.equal(house.pickAnew(size));
            if (choice) found += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(found).to.be.greaterThan(2_000);
  });

  it('leaves out seats that this process saw taken', () => {
    const house = openHouse();
    const first = house.pick(2) ?? [];
    const at = performance.now();
    for (const seat of first) house.taken.learn(`event:S-${seat}`, at, 60_000);
    house.change([], 'held', 0);
    const second = house.pick(2) ?? [];
    expect(second).to.have.length(2);
    expect(second.filter((seat) => first.includes(seat))).to.deep.equal([]);
  });
});
