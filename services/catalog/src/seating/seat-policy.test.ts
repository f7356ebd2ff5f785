import { expect } from 'chai';
import fc from 'fast-check';
import type { SeatFace } from '../seat.ts';
import { judgeChoice, judgeDrop, singlesLeft } from './seat-policy.ts';
import { readSeating } from './seating.ts';

/** Rows of seats by a letter each: o ordinary, A accessible, C companion, x of another category. */
function plan(...rows: string[]) {
  const faces: SeatFace[] = [];
  rows.forEach((row, y) => {
    [...row].forEach((letter, x) => {
      if (letter === ' ') return;
      faces.push({
        seatId: `${y}-${x}`,
        label: '',
        section: 'Stalls',
        row: String(y),
        number: String(x),
        order: faces.length,
        position: { x, y },
        category: letter === 'x' ? 'Other' : 'Stalls',
        flags: letter === 'A' ? ['accessible'] : letter === 'C' ? ['companion'] : [],
      });
    });
  });
  return readSeating(faces);
}
const freeOf = (text: string) => Uint8Array.from(text.replaceAll(' ', ''), (c) => Number(c));
const avoid = { orphans: 'avoid' } as const;
const judge = (seating: ReturnType<typeof plan>, free: string, seats: number[], own?: number[]) =>
  judgeChoice(seating, freeOf(free), avoid, own ? { seats, own } : { seats });

describe('the seat policy', () => {
  it('refuses a choice that leaves a single seat and suggests the nearest that does not', () => {
    expect(judge(plan('ooooo'), '11111', [1, 2])).to.deep.equal({
      rule: 'single_seat_left',
      concerns: [0],
      suggestion: [0, 1],
    });
    expect(judge(plan('ooooo'), '11111', [0, 1])).to.equal(undefined);
  });

  it('allows any choice where the organizer does not mind', () => {
    const verdict = judgeChoice(
      plan('ooooo'),
      freeOf('11111'),
      { orphans: 'allow' },
      {
        seats: [1, 2],
      },
    );
    expect(verdict).to.equal(undefined);
  });

  it('refuses to give back a seat that is left alone, and suggests the nearest that is not', () => {
    const dropped = (seats: string, free: string, leaves: number, others: number[]) =>
      judgeDrop(plan(...seats.split('|')), freeOf(free), avoid, { leaves, others });
    expect(dropped('ooooo', '00011', 0, [1, 2])).to.deep.equal({
      rule: 'single_seat_left',
      concerns: [0],
      suggestion: [2],
    });
    const allowed: [why: string, ...Parameters<typeof dropped>][] = [
      ['it joins a free one', 'ooooo', '00011', 2, [0, 1]],
      ['every other would be alone too', 'ooooo', '00010', 0, [1]],
      ['it is the last', 'ooooo', '00011', 0, []],
      ['the other is of another category', 'oxx', '001', 0, [1]],
      ['the other is for those who need it', 'oAo', '001', 0, [1]],
      ['it is for those who need it', 'Aoo', '001', 0, [1]],
      ['it has no neighbours in any case', 'o|oo', '001', 0, [1]],
    ];
    for (const [why, ...given] of allowed) expect(dropped(...given), why).to.equal(undefined);
    const choice = { leaves: 0, others: [1] };
    const careless = { orphans: 'allow' } as const;
    expect(judgeDrop(plan('ooo'), freeOf('001'), careless, choice)).to.equal(undefined);
  });

  it('takes an aisle and the end of a row for a wall', () => {
    expect(judge(plan('ooo  ooo'), '111111', [3, 4])).to.equal(undefined);
    expect(judge(plan('oooo  oo'), '111111', [0])).to.equal(undefined);
    expect(judge(plan('oooo  oo'), '111111', [1])?.concerns).to.deep.equal([0]);
  });

  it('gives way where the size of the gap leaves one seat alone in any case', () => {
    expect(judge(plan('oooo'), '0111', [1, 2])).to.equal(undefined);
    expect(judge(plan('oooo', 'oooo'), '01111111', [2, 3])).to.equal(undefined);
  });

  it('does not count a seat that was alone before', () => {
    expect(judge(plan('ooooo'), '10111', [2, 3, 4])).to.equal(undefined);
    expect(judge(plan('ooooo'), '10111', [0])).to.equal(undefined);
  });

  it('gives way when no other choice of the size is left in the categories asked', () => {
    expect(judge(plan('ooxxo'), '11111', [1])?.suggestion).to.deep.equal([0]);
    expect(judge(plan('xooxx'), '11111', [1, 2])).to.equal(undefined);
  });

  it('moves only the part of a choice that leaves a seat alone', () => {
    const verdict = judge(plan('ooooo', 'ooooo'), '1111111111', [1, 8, 9]);
    expect(verdict?.suggestion).to.deep.equal([0, 8, 9]);
  });

  it('refuses a companion seat alone, and allows it with its accessible seat', () => {
    const seating = plan('ACooo');
    expect(judge(seating, '11111', [1])).to.deep.equal({
      rule: 'companion_alone',
      concerns: [1],
      suggestion: [2],
    });
    expect(judge(seating, '11111', [0, 1])).to.equal(undefined);
    expect(judge(seating, '01111', [1], [0])).to.equal(undefined);
  });

  it('lets anyone have a companion seat when too few others are left', () => {
    expect(judge(plan('ACooo'), '01001', [1, 4])).to.equal(undefined);
    expect(judge(plan('ACooo'), '01011', [1])?.suggestion).to.deep.equal([3]);
  });

  const world = fc
    .record({
      rows: fc.array(fc.stringMatching(/^[ oACx]{1,7}$/), { minLength: 1, maxLength: 3 }),
      seed: fc.array(fc.boolean(), { minLength: 21, maxLength: 21 }),
      picks: fc.uniqueArray(fc.nat({ max: 20 }), { minLength: 1, maxLength: 4 }),
    })
    .map(({ rows, seed, picks }) => {
      const seating = plan(...rows);
      const free = Uint8Array.from(seating.faces, (_, seat) => (seed[seat] ? 1 : 0));
      return { seating, free, seats: picks.filter((seat) => free[seat] === 1) };
    })
    .filter(({ seats }) => seats.length > 0);

  it('finds the seats that a look at each seat before and after finds', () => {
    fc.assert(
      fc.property(world, ({ seating, free, seats }) => {
        const after = free.slice();
        for (const seat of seats) after[seat] = 0;
        const isAlone = (in_: Uint8Array, seat: number) =>
          in_[seat] === 1 &&
          ![seat - 1, seat + 1].some(
            (one) => in_[one] === 1 && seating.runStarts[one] === seating.runStarts[seat],
          );
        const expected = seating.faces.flatMap((_, seat) =>
          isAlone(after, seat) && !isAlone(free, seat) ? [seat] : [],
        );
        expect(singlesLeft(seating, free, seats)).to.deep.equal(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('suggests a choice of the same size, free, without categories not asked for, that it allows', () => {
    let objections = 0;
    fc.assert(
      fc.property(world, ({ seating, free, seats }) => {
        const verdict = judgeChoice(seating, free, avoid, { seats });
        if (verdict === undefined) return;
        objections += 1;
        const { suggestion } = verdict;
        expect(new Set(suggestion).size).to.equal(seats.length);
        const asked = new Set(seats.map((seat) => seating.categoryOf[seat]));
        for (const seat of suggestion) {
          expect(free[seat]).to.equal(1);
          expect(asked).to.include(seating.categoryOf[seat]);
        }
        const again = judgeChoice(seating, free, avoid, { seats: suggestion });
        if (verdict.rule === 'single_seat_left') expect(again).to.equal(undefined);
        else expect(again?.rule).to.not.equal('companion_alone');
      }),
      { numRuns: 5_000 },
    );
    expect(objections).to.be.greaterThan(100);
  });

  it('objects to a single seat only where the gap could have been sat in without one', () => {
    fc.assert(
      fc.property(world, ({ seating, free, seats }) => {
        const verdict = judgeChoice(seating, free, avoid, { seats });
        if (verdict?.rule !== 'single_seat_left') return;
        const [single = -1] = verdict.concerns;
        const gap = gapAround(seating, free, single);
        const chosen = seats.filter((seat) => gap.includes(seat));
        const ways = choicesOf(gap, chosen.length);
        expect(ways.some((way) => singlesLeft(seating, free, way).length === 0)).to.equal(true);
      }),
      { numRuns: 5_000 },
    );
  });
});

/** The free seats side by side with one. */
function gapAround(seating: ReturnType<typeof plan>, free: Uint8Array, seat: number): number[] {
  const gap = [seat];
  const joins = (one: number) =>
    free[one] === 1 && seating.runStarts[one] === seating.runStarts[seat];
  while (joins((gap[0] ?? 0) - 1)) gap.unshift((gap[0] ?? 0) - 1);
  while (joins((gap.at(-1) ?? 0) + 1)) gap.push((gap.at(-1) ?? 0) + 1);
  return gap;
}

/** All ways to choose `size` of some. */
function choicesOf(of: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return of.flatMap((one, n) =>
    choicesOf(of.slice(n + 1), size - 1).map((others) => [one, ...others]),
  );
}
