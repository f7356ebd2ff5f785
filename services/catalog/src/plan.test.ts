import { expect } from 'chai';
import { MOST_SEATS, readPlan } from './plan.ts';

const row = {
  row_number: 'A',
  row_label: 'Loge %s',
  position: { x: 1, y: 2 },
  seats: [
    { seat_guid: 'A-1', seat_number: '1', position: { x: 0.1, y: 0.2 }, category: 'Stalls' },
    { seat_guid: 'A-3', seat_number: 3, position: { x: 5, y: 0 }, category: 'Stalls' },
  ],
};
const zone = { name: 'Parkett', position: { x: 10, y: 20 }, rows: [row], areas: [] };
const pretix = {
  name: 'Hall',
  categories: [{ name: 'Stalls', color: '#fff' }],
  zones: [zone],
  size: { width: 100, height: 100 },
};

const sections = (seat: object) => ({
  categories: ['Stalls'],
  sections: [
    { name: 'Left', rows: [{ name: 'A', seats: [{ number: '1', x: 0, y: 0, ...seat }] }] },
  ],
});

const problemsOf = (input: object): string[] => {
  const plan = readPlan(input as Record<string, unknown>);
  return 'problems' in plan ? plan.problems : [];
};

describe('a seat plan', () => {
  it('of pretix adds the positions up, names the rows, and keeps the original', () => {
    const plan = readPlan({ pretix, categoryFlags: { Stalls: ['accessible'] } });
    expect(plan).to.deep.equal({
      seats: [
        {
          seatId: 'A-1',
          label: 'Parkett, Loge A, seat 1',
          section: 'Parkett',
          row: 'A',
          number: '1',
          order: 0,
          position: { x: 11.1, y: 22.2 },
          category: 'Stalls',
          flags: ['accessible'],
        },
        {
          seatId: 'A-3',
          label: 'Parkett, Loge A, seat 3',
          section: 'Parkett',
          row: 'A',
          number: '3',
          order: 1,
          position: { x: 16, y: 22 },
          category: 'Stalls',
          flags: ['accessible'],
        },
      ],
      categories: ['Stalls'],
      original: JSON.stringify(pretix),
    });
  });

  it('of our own form makes ids from section, row and number where none is given', () => {
    const plan = readPlan(sections({ category: 'Stalls', flags: ['companion'], floor: '1' }));
    expect('seats' in plan && plan.seats[0]).to.deep.equal({
      seatId: 'Left-A-1',
      label: 'Left, row A, seat 1',
      section: 'Left',
      row: 'A',
      number: '1',
      order: 0,
      position: { x: 0, y: 0, floor: '1' },
      category: 'Stalls',
      flags: ['companion'],
    });
  });

  it('of a plain number has that many seats of one category, each its own', () => {
    const plan = readPlan({ seatCount: 10 });
    if ('problems' in plan) throw new Error(plan.problems.join());
    expect(plan.seats.map((seat) => seat.seatId)).to.have.length(10);
    expect(new Set(plan.seats.map((seat) => seat.seatId)).size).to.equal(10);
    expect(plan.categories).to.deep.equal(['General']);
  });

  const faulty: [string, object, RegExp][] = [
    ['in no form', {}, /exactly one/],
    ['in two forms', { seatCount: 1, sections: [] }, /exactly one/],
    ['without seats', { seatCount: 0 }, /whole number/],
    ['with too many seats', { seatCount: MOST_SEATS + 1 }, /whole number/],
    ['with an unknown category', sections({ category: 'Gold' }), /not declared/],
    ['with an unknown member', sections({ category: 'Stalls', price: 3 }), /price is not known/],
    ['with a position as text', sections({ category: 'Stalls', x: '1' }), /x must be a number/],
    [
      'with an endless seat id',
      sections({ category: 'Stalls', seatId: 'x'.repeat(65) }),
      /1 to 64 characters/,
    ],
    ['of pretix without zones', { pretix: { categories: [] } }, /zones must be a list/],
    [
      'of pretix with a row label too long for an offer',
      {
        pretix: { ...pretix, zones: [{ ...zone, rows: [{ ...row, row_label: 'x'.repeat(121) }] }] },
      },
      /row_label must be text of 1 to 120 characters/,
    ],
    [
      'with one seat twice',
      { pretix: { ...pretix, zones: [...pretix.zones, ...pretix.zones] } },
      /A-1 is there twice/,
    ],
  ];
  for (const [what, input, problem] of faulty) {
    it(`${what} is refused, with where and why`, () => {
      expect(problemsOf(input).join('\n')).to.match(problem);
    });
  }

  it('lists at most fifty problems', () => {
    const seats = Array.from({ length: 200 }, () => ({}));
    const plan = { categories: [], sections: [{ name: 'A', rows: [{ name: '1', seats }] }] };
    expect(problemsOf(plan)).to.have.length(50);
  });
});
