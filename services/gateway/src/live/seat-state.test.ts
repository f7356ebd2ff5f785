import type { SeatCode, SeatDelta } from '@holdfast/shared/contracts/seat-map.ts';
import { expect } from 'chai';
import fc from 'fast-check';
import { createSeatState, type StreamEntry } from './seat-state.ts';

const epoch = 'one';
const idOf = (at: number) => `${1_000 + at}-0`;

/** Entries as a stream has them, with repeats and late arrivals; seats are 0 to 5. */
const entries = fc
  .array(
    fc.array(
      fc.tuple(
        fc.nat(5),
        fc.integer({ min: 1, max: 9 }),
        fc.nat(3),
        fc.integer({ min: 1_000, max: 1_060 }),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    { maxLength: 40 },
  )
  .map((all) =>
    all.map(
      (changes, at): StreamEntry => ({
        id: idOf(at + 1),
        epoch,
        // A version of a seat is one thing only.
        changes: changes.map(([order, version, , endsAtMs]): SeatDelta => {
          const code = ((order + version) % 4) as SeatCode;
          return [order, version, code, code === 1 ? 1_000 + ((endsAtMs + version) % 60) : 0];
        }),
      }),
    ),
  );

/** What a seat is by all entries: its highest version, free once its hold has ended. */
function seatsBy(all: readonly StreamEntry[], nowMs: number): Map<number, SeatCode> {
  const highest = new Map<number, SeatDelta>();
  for (const change of all.flatMap(({ changes }) => changes)) {
    if ((highest.get(change[0])?.[1] ?? 0) < change[1]) highest.set(change[0], change);
  }
  return new Map(
    [...highest].map(([order, [, , code, ends]]) => [
      order,
      code === 1 && ends <= nowMs ? 0 : code,
    ]),
  );
}

const sorted = (seats: ReadonlyMap<number, SeatCode>) => [...seats].sort(([a], [b]) => a - b);

describe('the state of an event’s seats', () => {
  it('tells a follower everything, in whatever parts the entries come', () => {
    fc.assert(
      fc.property(entries, fc.array(fc.integer({ min: 1, max: 9 })), (all, sizes) => {
        const state = createSeatState({ epoch, lastId: '0-0', entries: [], trimmed: false });
        const client = new Map<number, SeatCode>();
        let at = 0;
        for (const size of [...sizes, all.length]) {
          const part = all.slice(at, at + size);
          at += part.length;
          for (const [order, code] of state.advance(part, 1_000 + at)) client.set(order, code);
        }
        expect(sorted(client)).to.deep.equal(sorted(seatsBy(all, 1_000 + at)));
      }),
    );
  });

  it('tells who comes back what he missed, so that he knows what everybody knows', () => {
    fc.assert(
      fc.property(entries, fc.nat(40), fc.nat(60), (all, left, late) => {
        const known = Math.min(left, all.length);
        // His snapshot, or the frames he had, stood at the instant of the last entry he knows.
        const client = seatsBy(all.slice(0, known), 1_000 + known);
        const lastId = all.at(-1)?.id ?? '0-0';
        const state = createSeatState({ epoch, lastId, entries: all, trimmed: false });
        const nowMs = 1_000 + all.length + late;
        const position = `${epoch}~${known === 0 ? '0-0' : idOf(known)}`;
        const missed = state.since(position, nowMs);
        if (typeof missed === 'string') throw new Error(missed);
        for (const [order, code] of missed) client.set(order, code);
        expect(sorted(client)).to.deep.equal(sorted(seatsBy(all, nowMs)));
      }),
    );
  });

  it('tells each end of a hold once, and none of a hold that went on', () => {
    const held: StreamEntry = {
      id: idOf(1),
      epoch,
      changes: [
        [1, 2, 1, 1_010],
        [2, 2, 1, 1_010],
      ],
    };
    const extended: StreamEntry = { id: idOf(2), epoch, changes: [[2, 3, 1, 1_030]] };
    const state = createSeatState({ epoch, lastId: '0-0', entries: [], trimmed: false });
    expect(state.advance([held, extended], 1_002)).to.deep.equal([
      [1, 1],
      [2, 1],
    ]);
    expect(state.advance([], 1_009)).to.deep.equal([]);
    expect(state.advance([], 1_010)).to.deep.equal([[1, 0]]);
    expect(state.advance([], 1_029)).to.deep.equal([]);
    expect(state.advance([], 1_040)).to.deep.equal([[2, 0]]);
    expect(state.advance([], 1_050)).to.deep.equal([]);
  });

  it('keeps as much as the stream does, and knows what it no longer has', () => {
    const many = Array.from(
      { length: 7_000 },
      (_, at): StreamEntry => ({
        id: idOf(at),
        epoch,
        changes: [[at, 1, 2, 0]],
      }),
    );
    const state = createSeatState({ epoch, lastId: '0-0', entries: [], trimmed: false });
    state.advance(many, 9_000);
    expect(state.since(`${epoch}~${idOf(1_998)}`, 9_000)).to.equal('gap');
    expect(state.since(`${epoch}~${idOf(1_999)}`, 9_000)).to.have.length(5_000);
    expect(state.since(`two~${idOf(6_999)}`, 9_000)).to.equal('epoch');
    expect(state.since(`${epoch}~${idOf(7_000)}`, 9_000)).to.equal('position_unknown');
  });
});
