import { expect } from 'chai';
import fc from 'fast-check';
import { MOST_SEATS, type Plan } from './plan.ts';
import { writeSections } from './plan-sections.ts';
import { writePretix } from './pretix-note.ts';
import { readPlan } from './read-plan.ts';

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

const readWhole = (input: object): Plan => {
  const plan = readPlan(input as Record<string, unknown>);
  if ('problems' in plan) throw new Error(plan.problems.join('\n'));
  return plan;
};

/** Any plan in our own form: floors, curves, flags, standing room, names of all kinds. */
const ownPlan = (() => {
  const name = fc.oneof(
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.constantFrom('A', '%s', '$&'),
  );
  const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
  const coordinate = fc.double({ min: -1e4, max: 1e4, noNaN: true });
  const flags = fc.array(fc.constantFrom('accessible', 'companion', 'aisle', 'own_flag'));
  const category = fc.constantFrom('Stalls', 'Gallery');
  const floor = maybe(fc.constantFrom('1', 'Balcony'));
  const seat = fc.record({ number: name, x: coordinate, y: coordinate, category, flags, floor });
  const row = fc.record({
    name,
    label: maybe(fc.constantFrom('', 'Box %s', 'Row')),
    seatLabel: maybe(fc.constantFrom('Place %s', 'Stool')),
    labelAt: maybe(fc.constantFrom('start', 'end', 'both')),
    curve: maybe(fc.integer({ min: -9, max: 9 })),
    seats: fc.array(seat, { maxLength: 4 }),
  });
  const box = maybe(
    fc.record({ x: coordinate, y: coordinate, width: coordinate, height: coordinate }),
  );
  const section = fc.oneof(
    fc.record({ name, kind: fc.constant('seated'), floor, rows: fc.array(row, { maxLength: 3 }) }),
    fc.record({
      ...{ name, kind: fc.constant('standing'), floor, category, flags, box },
      capacity: fc.integer({ min: 1, max: 5 }),
    }),
  );
  return fc
    .array(section, { minLength: 1, maxLength: 4 })
    .map((all) => ({ categories: ['Stalls', 'Gallery'], sections: all.map(numbered) }))
    .filter(
      ({ sections: all }) =>
        'seats' in readPlan({ categories: ['Stalls', 'Gallery'], sections: all }),
    );

  /** Ids of their own for seats, and names of their own for areas: both must be so in a plan. */
  function numbered(given: object, s: number): object {
    const section = given as { kind: string; rows?: { seats: object[] }[] };
    if (section.kind === 'standing') return { ...section, name: `Area ${s}` };
    const rows = section.rows?.map((one, r) => ({
      ...one,
      seats: one.seats.map((seat, n) => ({ ...seat, seatId: `${s}/${r}/${n}` })),
    }));
    return { ...section, rows };
  }
})();

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
      sections: [
        {
          name: 'Parkett',
          kind: 'seated',
          seats: 2,
          rows: [{ name: 'A', seats: 2, label: 'Loge %s' }],
        },
      ],
      categories: ['Stalls'],
      original: JSON.stringify(pretix),
    });
  });

  it('of pretix may leave out what its schema leaves open, and says seats by their label', () => {
    const { position: _row, row_label: _label, ...bare } = row;
    const { name: _zone, ...nameless } = zone;
    const rows = [{ ...bare, row_label: null, seat_label: 'Stuhl %s' }];
    const plan = readWhole({ pretix: { ...pretix, zones: [{ ...nameless, rows }] } });
    expect(plan.seats.map(({ label, position }) => ({ label, position }))).to.deep.equal([
      { label: 'Zone 1, row A, Stuhl 1', position: { x: 10.1, y: 20.2 } },
      { label: 'Zone 1, row A, Stuhl 3', position: { x: 15, y: 20 } },
    ]);
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

  it('of our own form keeps the order of its lists, whatever the printed numbers are', () => {
    const seats = ['12', '2', '1', '11'].map((number, x) => ({
      ...{ number, x, y: 0, category: 'Stalls' },
    }));
    const rows = [{ name: 'A', curve: 3.5, labelAt: 'both', label: 'Reihe %s', seats }];
    const plan = readWhole({
      categories: ['Stalls'],
      sections: [{ name: 'Left', floor: 'Balcony', rows }],
    });
    expect(plan.seats.map(({ number, order }) => [number, order])).to.deep.equal([
      ['12', 0],
      ['2', 1],
      ['1', 2],
      ['11', 3],
    ]);
    expect(plan.seats[0]).to.deep.include({
      label: 'Left, Reihe A, seat 12',
      position: { x: 0, y: 0, floor: 'Balcony' },
    });
    expect(plan.sections).to.deep.equal([
      {
        name: 'Left',
        kind: 'seated',
        seats: 4,
        floor: 'Balcony',
        rows: [{ name: 'A', seats: 4, label: 'Reihe %s', labelAt: 'both', curve: 3.5 }],
      },
    ]);
  });

  it('has standing areas, whose places are seats without a row and a position', () => {
    const plan = readWhole({
      categories: ['Floor'],
      sections: [
        {
          ...{ name: 'Arena floor', kind: 'standing', capacity: 2, category: 'Floor' },
          ...{ flags: ['accessible'], box: { x: 1, y: 2, width: 30, height: 40 } },
        },
      ],
    });
    const place = {
      section: 'Arena floor',
      row: '',
      category: 'Floor',
      flags: ['accessible'],
    };
    expect(plan.seats).to.deep.equal([
      { ...place, seatId: 'Arena-floor-1', label: 'Arena floor, place 1', number: '1', order: 0 },
      { ...place, seatId: 'Arena-floor-2', label: 'Arena floor, place 2', number: '2', order: 1 },
    ]);
    expect(plan.sections).to.deep.equal([
      {
        name: 'Arena floor',
        kind: 'standing',
        seats: 2,
        rows: [],
        box: { x: 1, y: 2, width: 30, height: 40 },
      },
    ]);
  });

  it('writes flags one way, each once, and keeps those that only the venue knows', () => {
    const flags = ['restricted-view', 'restricted_view', 'near_bar'];
    const plan = readWhole(sections({ category: 'Stalls', flags }));
    expect(plan.seats[0]?.flags).to.deep.equal(['restricted_view', 'near_bar']);
  });

  it("of any own form comes back with the same seats, by our form and by pretix's", () => {
    fc.assert(
      fc.property(ownPlan, (input) => {
        const plan = readWhole(input);
        const byOwn = readWhole(writeSections(plan));
        const byPretix = readWhole({ pretix: JSON.parse(writePretix('Hall', plan)) });
        expect(byOwn).to.deep.equal(plan);
        expect({ ...byPretix, original: null }).to.deep.equal(plan);
        expect(writePretix('Hall', byPretix)).to.equal(byPretix.original);
      }),
      { numRuns: 200 },
    );
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
      'with standing room for nobody',
      {
        categories: ['Floor'],
        sections: [{ name: 'Floor', kind: 'standing', capacity: 0, category: 'Floor' }],
      },
      /capacity must be a whole number/,
    ],
    [
      'with a section of an unknown kind',
      { categories: ['Floor'], sections: [{ name: 'Floor', kind: 'lying', rows: [] }] },
      /kind must be seated or standing/,
    ],
    [
      'of pretix with a damaged note',
      {
        pretix: {
          ...pretix,
          zones: [{ ...zone, areas: [{ uuid: 'holdfast-1:0:{"standing":' }] }],
        },
      },
      /note of an export from here that was damaged/,
    ],
    [
      'with a flag of no words',
      sections({ category: 'Stalls', flags: ['Near bar!'] }),
      /lower-case/,
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
