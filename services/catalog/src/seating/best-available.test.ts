import { expect } from 'chai';
import fc from 'fast-check';
import type { SeatFace } from '../seat.ts';
import { chooseSeats } from './best-available.ts';
import { chooseQuickly } from './candidates.ts';
import { reasonsOf } from './choice-reasons.ts';
import { companionsAlone, singlesLeft } from './seat-policy.ts';
import { type SeatWish, SPREADS } from './seat-wish.ts';
import { readSeating, type Seating } from './seating.ts';

/** Rows of seats by a letter each: o ordinary, A accessible, C companion, x of another category. */
function plan(...rows: string[]): Seating {
  const faces: SeatFace[] = [];
  rows.forEach((row, y) => {
    [...row].forEach((letter, x) => {
      if (letter === ' ') return;
      faces.push({
        seatId: `${y}-${x}`,
        label: '',
        section: y < 3 ? 'Front' : 'Back',
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
const all = (seating: Seating) => new Uint8Array(seating.faces.length).fill(1);
const wishOf = (partySize: number, rest: Partial<SeatWish> = {}): SeatWish => ({
  partySize,
  needs: [],
  spread: 'near',
  ...rest,
});
const seatsOf = (seating: Seating, free: Uint8Array, wish: SeatWish) =>
  chooseSeats(seating, free, wish)?.seats;

describe('best available', () => {
  it('takes the middle of the front row, and says that all sit side by side', () => {
    const seating = plan('ooooooo', 'ooooooo');
    expect(chooseSeats(seating, all(seating), wishOf(3))).to.deep.equal({
      seats: [2, 3, 4],
      spread: 'adjacent',
      leavesSingle: false,
    });
  });

  it('prefers a row further back to leaving a single seat, and a single seat to parting', () => {
    const seating = plan('ooo', 'oooo');
    expect(seatsOf(seating, all(seating), wishOf(2))).to.deep.equal([3, 4]);
    expect(chooseSeats(seating, freeOf('1110000'), wishOf(2))).to.deep.equal({
      seats: [0, 1],
      spread: 'adjacent',
      leavesSingle: true,
    });
  });

  it('parts a party near, and only unless it wants to stay together', () => {
    const seating = plan('oo oo oo', 'o ooo o');
    expect(chooseSeats(seating, all(seating), wishOf(4))).to.deep.equal({
      seats: [0, 1, 2, 3],
      spread: 'near',
      leavesSingle: false,
    });
    expect(chooseSeats(seating, all(seating), wishOf(4, { spread: 'adjacent' }))).to.equal(
      undefined,
    );
  });

  it('scatters a party only if it asks for that', () => {
    const seating = plan(`oo${' '.repeat(30)}oo`, 'o', 'o', 'oo');
    const free = freeOf('11110011');
    expect(chooseSeats(seating, free, wishOf(6))).to.equal(undefined);
    expect(chooseSeats(seating, free, wishOf(6, { spread: 'scattered' }))).to.deep.equal({
      seats: [0, 1, 2, 3, 6, 7],
      spread: 'scattered',
      leavesSingle: false,
    });
    expect(chooseSeats(seating, free, wishOf(7, { spread: 'scattered' }))).to.equal(undefined);
  });

  it('stays within the categories and the section asked for', () => {
    const seating = plan('xxoooo', 'oooooo', 'oooooo', 'oooooo');
    const other = { categories: new Set(['Other']) };
    expect(seatsOf(seating, all(seating), wishOf(2, other))).to.deep.equal([0, 1]);
    expect(seatsOf(seating, all(seating), wishOf(3, other))).to.equal(undefined);
    expect(seatsOf(seating, all(seating), wishOf(2, { section: 'Back' }))).to.deep.equal([20, 21]);
    expect(seatsOf(seating, all(seating), wishOf(2, { section: 'Nowhere' }))).to.equal(undefined);
  });

  it('gives as many accessible seats as are needed, with their companions and no more', () => {
    const seating = plan('ooACAoo', 'ooACooo');
    const needs = ['accessible'];
    expect(seatsOf(seating, all(seating), wishOf(2, { needs }))).to.deep.equal([2, 3]);
    expect(seatsOf(seating, all(seating), wishOf(4, { needs }))).to.deep.equal([0, 1, 2, 3]);
    expect(
      seatsOf(seating, all(seating), wishOf(3, { needs: ['accessible', 'accessible'] })),
    ).to.deep.equal([2, 3, 4]);
  });

  it('keeps accessible seats from others while enough are left, and not after that', () => {
    const seating = plan('ACoo', 'oooo');
    expect(seatsOf(seating, freeOf('11001100'), wishOf(2))).to.deep.equal([4, 5]);
    expect(seatsOf(seating, freeOf('11001001'), wishOf(2))).to.deep.equal([4, 7]);
    expect(seatsOf(seating, freeOf('11001000'), wishOf(2))).to.deep.equal([0, 1]);
  });

  it('leaves standing places out', () => {
    const seating = plan('oo');
    const [first] = seating.faces;
    const standing = { ...first, position: undefined } as unknown as SeatFace;
    const mixed = readSeating([standing, standing, ...seating.faces]);
    expect(seatsOf(mixed, all(mixed), wishOf(2))).to.deep.equal([2, 3]);
    expect(seatsOf(mixed, freeOf('1110'), wishOf(2, { spread: 'scattered' }))).to.equal(undefined);
  });

  const world = fc
    .record({
      rows: fc.array(fc.stringMatching(/^[ oooooooACx]{1,9}$/), { minLength: 1, maxLength: 5 }),
      seed: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 45, maxLength: 45 }),
      partySize: fc.integer({ min: 1, max: 4 }),
      spread: fc.constantFrom(...SPREADS),
      needs: fc.constantFrom([], [], ['accessible'], ['accessible', 'accessible']),
      section: fc.constantFrom(undefined, undefined, 'Front'),
    })
    .map(({ rows, seed, section, ...wish }) => {
      const seating = plan(...rows);
      const free = Uint8Array.from(seating.faces, (_, seat) => (seed[seat] ? 1 : 0));
      return { seating, free, wish: { ...wish, ...(section && { section }) } };
    });

  it('finds the run that a look at every run finds', () => {
    let found = 0;
    fc.assert(
      fc.property(world, ({ seating, free, wish }) => {
        const expected = bestOfAllRuns(seating, free, wish);
        const choice = chooseSeats(seating, free, wish);
        expect(choice?.spread === 'adjacent' ? choice.seats : undefined).to.deep.equal(expected);
        if (expected === undefined) return;
        found += 1;
        expect(choice?.leavesSingle).to.equal(singlesLeft(seating, free, expected).length > 0);
      }),
      { numRuns: 5_000 },
    );
    expect(found).to.be.greaterThan(500);
  });

  it('chooses the same quickly, wherever that has an answer', () => {
    let found = 0;
    fc.assert(
      fc.property(world, ({ seating, free, wish }) => {
        const quick = chooseQuickly(seating, (seat) => free[seat] === 1, wish);
        const choice = chooseSeats(seating, free, wish);
        if (quick) expect(quick).to.deep.equal(choice);
        const isClean = choice?.spread === 'adjacent' && !choice.leavesSingle;
        const isPlain = seating.kinds.every((kind) => kind === 0) && wish.needs.length === 0;
        if (isClean && isPlain) expect(quick).to.deep.equal(choice);
        if (quick) found += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(found).to.be.greaterThan(500);
  });

  it('ranks a choice by how many of the empty house have a better view', () => {
    fc.assert(
      fc.property(world, ({ seating, free, wish }) => {
        const choice = chooseSeats(seating, free, wish);
        if (choice?.spread !== 'adjacent') return;
        const empty = all(seating);
        const view = (seats: readonly number[]) =>
          seats.reduce((sum, seat) => sum + (seating.views[seat] ?? 0), 0);
        const others = runsOf(seating, empty, wish).map(view);
        expect(reasonsOf(seating, wish, choice).rank).to.deep.equal({
          place: others.filter((other) => other > view(choice.seats)).length + 1,
          of: others.length,
        });
      }),
    );
  });

  it('answers as many different free seats as asked, of the kinds it may give, and alike each time', () => {
    let parted = 0;
    fc.assert(
      fc.property(world, ({ seating, free, wish }) => {
        const choice = chooseSeats(seating, free, wish);
        expect(chooseSeats(seating, free.slice(), { ...wish })).to.deep.equal(choice);
        if (choice === undefined) return;
        const { seats } = choice;
        if (choice.spread !== 'adjacent') parted += 1;
        expect(SPREADS.indexOf(choice.spread)).to.be.at.most(SPREADS.indexOf(wish.spread));
        expect(new Set(seats).size).to.equal(wish.partySize);
        expect(seats.toSorted((a, b) => a - b)).to.deep.equal(seats);
        const mayGive = givable(seating, free, wish);
        for (const seat of seats) expect(mayGive(seat), `seat ${seat}`).to.equal(true);
        expect(fits(seating, seats, wish)).to.equal(true);
        if (choice.spread !== 'near') return;
        expect(new Set(seats.map((seat) => seating.sectionOf[seat])).size).to.equal(1);
        const depths = seats.map((seat) => seating.depths[seat] ?? 0);
        expect(Math.max(...depths) - Math.min(...depths)).to.be.at.most(1);
      }),
      { numRuns: 5_000 },
    );
    expect(parted).to.be.greaterThan(100);
  });

  it('refuses a party that may sit anywhere only when too few seats are left for it', () => {
    fc.assert(
      fc.property(world, ({ seating, free, wish }) => {
        const anywhere: SeatWish = { ...wish, needs: [], spread: 'scattered' };
        if (chooseSeats(seating, free, anywhere)) return;
        const mayGive = givable(seating, free, anywhere);
        const left = seating.faces.filter((_, seat) => mayGive(seat));
        expect(left.length).to.be.lessThan(wish.partySize);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Which seats a party may get, said anew: special ones only for a need or when others run out. */
function givable(seating: Seating, free: Uint8Array, wish: SeatWish) {
  const isOrdinary = (seat: number) => seating.faces[seat]?.flags.length === 0;
  const ordinary = seating.faces.filter((_, seat) => free[seat] === 1 && isOrdinary(seat)).length;
  const any = wish.needs.length > 0 || ordinary < wish.partySize;
  return (seat: number) =>
    free[seat] === 1 &&
    (any || isOrdinary(seat)) &&
    (wish.section === undefined || seating.faces[seat]?.section === wish.section);
}

const accessibleOf = (seating: Seating, seats: readonly number[]) =>
  seats.filter((seat) => seating.faces[seat]?.flags.includes('accessible')).length;

function fits(seating: Seating, seats: readonly number[], wish: SeatWish): boolean {
  if (wish.needs.length === 0) return true;
  return (
    accessibleOf(seating, seats) >= wish.needs.length &&
    companionsAlone(seating, seats, seats).length === 0
  );
}

/** All choices side by side. */
function runsOf(seating: Seating, free: Uint8Array, wish: SeatWish): number[][] {
  const mayGive = givable(seating, free, wish);
  return seating.faces
    .map((_, start) => Array.from({ length: wish.partySize }, (_unused, n) => start + n))
    .filter((run) => run.every(mayGive))
    .filter((run) => new Set(run.map((seat) => seating.runStarts[seat])).size === 1)
    .filter((run) => fits(seating, run, wish));
}

/** The best seats side by side, by trying all. */
function bestOfAllRuns(seating: Seating, free: Uint8Array, wish: SeatWish): number[] | undefined {
  const surplus = (run: number[]) =>
    wish.needs.length > 0 ? accessibleOf(seating, run) - wish.needs.length : 0;
  const view = (run: number[]) => run.reduce((sum, seat) => sum + (seating.views[seat] ?? 0), 0);
  const single = (run: number[]) => (singlesLeft(seating, free, run).length > 0 ? 1 : 0);
  return runsOf(seating, free, wish).toSorted(
    (a, b) => single(a) - single(b) || surplus(a) - surplus(b) || view(b) - view(a),
  )[0];
}
