import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import Joi from 'joi';
import { type EventFile, eventSchema, planSchema, venueSchema } from '../plans/catalog-schema.ts';
import { catalogFiles } from '../plans/generate.ts';
import { localTime } from '../plans/local-time.ts';
import type { Point } from '../plans/rows.ts';

const FOLDER = join(import.meta.dirname, '../catalog');
const SEAT_DIAMETER = 20;

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.json'))
  .sort();
const read = (path: string): unknown => JSON.parse(readFileSync(join(FOLDER, path), 'utf8'));

const slugs = files
  .filter((f) => f.endsWith('venue.json'))
  .map((f) => f.replace('/venue.json', ''));
const plans = new Map(
  slugs.map((slug) => [slug, Joi.attempt(read(`${slug}/plan.json`), planSchema)]),
);
const venues = new Map(
  slugs.map((slug) => [slug, Joi.attempt(read(`${slug}/venue.json`), venueSchema)]),
);
const { events } = Joi.attempt(
  read('programme.json'),
  Joi.object<{ events: EventFile[] }>({ events: Joi.array().items(eventSchema).required() }),
);

type Seat = {
  guid: string;
  zone: string;
  row: string;
  number: string;
  category: string;
  at: Point;
};

const seatsBySlug = new Map(slugs.map((slug) => [slug, seatsOf(slug)]));

function seatsOf(slug: string): Seat[] {
  return plans.get(slug)!.zones.flatMap((zone) =>
    zone.rows.flatMap((row) =>
      row.seats.map((seat) => ({
        guid: seat.seat_guid,
        zone: zone.zone_id,
        row: row.row_number,
        number: seat.seat_number,
        category: seat.category,
        at: {
          x: zone.position.x + row.position.x + seat.position.x,
          y: zone.position.y + row.position.y + seat.position.y,
        },
      })),
    ),
  );
}

const rowOf = (slug: string, zone: string, row: string) =>
  seatsBySlug.get(slug)!.filter((seat) => seat.zone === zone && seat.row === row);
const numbersOf = (seats: Seat[]) => seats.map((seat) => Number(seat.number));
const distance = (a: Point, b: Point) => Math.hypot(a.x - b.x, a.y - b.y);

function distanceToLine(point: Point, a: Point, b: Point): number {
  const area = (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x);
  return Math.abs(area) / distance(a, b);
}

/** The circle through three points; its radius grows without bound as they come to lie in line. */
function circleThrough(a: Point, b: Point, c: Point): { centre: Point; radius: number } {
  const d = 2 * (a.x * (b.y - c.y) + b.x * (c.y - a.y) + c.x * (a.y - b.y));
  const [aa, bb, cc] = [a, b, c].map((p) => p.x ** 2 + p.y ** 2) as [number, number, number];
  const centre = {
    x: (aa * (b.y - c.y) + bb * (c.y - a.y) + cc * (a.y - b.y)) / d,
    y: (aa * (c.x - b.x) + bb * (a.x - c.x) + cc * (b.x - a.x)) / d,
  };
  return { centre, radius: distance(centre, a) };
}

/** Pairs of seats that overlap, found through a grid whose cells are as wide as a seat. */
function overlaps(seats: Seat[]): string[] {
  const cells = new Map<string, Seat[]>();
  const found: string[] = [];
  for (const seat of seats) {
    const [column, line] = [seat.at.x, seat.at.y].map((n) => Math.floor(n / SEAT_DIAMETER));
    for (const x of [-1, 0, 1]) {
      for (const y of [-1, 0, 1]) {
        for (const other of cells.get(`${column! + x}/${line! + y}`) ?? []) {
          const apart = distance(seat.at, other.at);
          if (apart < SEAT_DIAMETER) found.push(`${other.guid} ${seat.guid} ${apart.toFixed(1)}`);
        }
      }
    }
    const key = `${column}/${line}`;
    cells.set(key, [...(cells.get(key) ?? []), seat]);
  }
  return found;
}

describe('The demo catalog', () => {
  it('equals what its generator writes, byte for byte, with no file besides', () => {
    const written = catalogFiles();
    expect(files).to.deep.equal([...written.keys()].sort());
    for (const [path, content] of written) {
      const same = readFileSync(join(FOLDER, path), 'utf8') === content;
      expect(same, `${path} is stale: run node demo/plans/generate.ts`).to.equal(true);
    }
  });

  it('stays below 4 MB', () => {
    const bytes = files.reduce((sum, path) => sum + statSync(join(FOLDER, path)).size, 0);
    expect(bytes).to.be.below(4_000_000);
  });

  it('has eight houses in eight cities and countries, of the sizes that the demo needs', () => {
    const all = [...venues.values()];
    expect(new Set(all.map((venue) => venue.country)).size).to.equal(8);
    expect(new Set(all.map((venue) => venue.city)).size).to.equal(8);
    const sizes = all.map((venue) => venue.seatCount).sort((a, b) => b - a);
    for (const [i, about] of [20000, 8000, 2500, 1900, 900, 600, 250, 120].entries()) {
      expect(sizes[i]).to.be.within(about * 0.97, about * 1.03);
    }
  });

  for (const slug of slugs) {
    describe(slug, () => {
      const plan = plans.get(slug)!;
      const venue = venues.get(slug)!;
      const seats = seatsBySlug.get(slug)!;

      it('counts its seats, and gives each an id that is unique and safe in a URL', () => {
        expect(venue.slug).to.equal(slug);
        expect(seats).to.have.length(venue.seatCount);
        expect(new Set(seats.map((seat) => seat.guid)).size).to.equal(seats.length);
        for (const { guid, zone, row, number } of seats) {
          expect(guid).to.match(/^[A-Z0-9-]{3,64}$/);
          expect(guid).to.equal(`${zone}-${row}-${number}`);
        }
      });

      it('never repeats a uuid, of whatever object', () => {
        const found = plan.zones.flatMap((zone) => [
          zone.uuid,
          ...zone.rows.map((row) => row.uuid),
          ...zone.areas.map((area) => area.uuid),
        ]);
        expect(new Set(found).size).to.equal(found.length);
      });

      it('uses each of its categories, and no other', () => {
        const named = plan.categories.map((category) => category.name).sort();
        expect([...new Set(seats.map((seat) => seat.category))].sort()).to.deep.equal(named);
        expect(named).to.include.members(Object.keys(venue.categoryFlags));
      });

      it('draws every seat inside the plan, and none over another', () => {
        for (const { at } of seats) {
          expect(at.x).to.be.within(SEAT_DIAMETER, plan.size.width - SEAT_DIAMETER);
          expect(at.y).to.be.within(SEAT_DIAMETER, plan.size.height - SEAT_DIAMETER);
        }
        expect(overlaps(seats)).to.deep.equal([]);
      });

      it('places a companion beside each wheelchair', () => {
        const wheelchairs = seats.filter((seat) => seat.category === 'Wheelchair');
        const companions = seats.filter((seat) => seat.category === 'Companion');
        expect(wheelchairs).to.not.have.length(0);
        expect(companions).to.have.length(wheelchairs.length);
        for (const { at, guid } of wheelchairs) {
          const near = companions.filter((seat) => distance(seat.at, at) < 40);
          expect(near, guid).to.not.have.length(0);
        }
      });

      it('misses at least one number inside a row', () => {
        const gaps = plan.zones
          .filter((zone) => zone.rows.every((row) => row.row_label === undefined))
          .flatMap((zone) => zone.rows)
          .filter((row) => {
            const all = row.seats.map((seat) => Number(seat.seat_number));
            return new Set(all).size === all.length && Math.max(...all) > all.length;
          });
        expect(gaps).to.not.have.length(0);
      });
    });
  }

  const curved: [slug: string, zone: string, row: string, bendPx: number][] = [
    ['nordhamn-arena', '109', '1', 10],
    ['lake-terrace-amphitheater', '204', '28', 10],
    ['teatro-boccadoro', 'PLATEA', 'C', 50],
    ['teatro-boccadoro', 'GAL', 'A', 700],
    ['tonsaal-am-schanzengraben', 'PARKETT', '10', 20],
    ['fairwater-playhouse', 'STALLS', 'C', 50],
    ['fairwater-playhouse', 'UPPER', 'A', 50],
    ['theatre-des-verriers', 'BALCON', 'B', 50],
    ['kammersaal-am-fluss', 'STALLS', 'C', 20],
    ['cave-de-la-lanterne', 'BAR', 'A', 80],
  ];
  for (const [slug, zone, row, bendPx] of curved) {
    it(`bends row ${row} of ${zone} in ${slug}: an arc, with every seat on it`, () => {
      const points = rowOf(slug, zone, row).map((seat) => seat.at);
      const [first, middle, last] = [0, Math.floor(points.length / 2), points.length - 1].map(
        (i) => points[i]!,
      ) as [Point, Point, Point];
      const { centre, radius } = circleThrough(first, middle, last);
      for (const point of points) expect(distance(point, centre)).to.be.closeTo(radius, 1);
      expect(distanceToLine(middle, first, last)).to.be.above(bendPx);
    });
  }

  it('leaves out seat 13 in Bristol, without a gap in the row; boxes have too few to show it', () => {
    const numbers = numbersOf(seatsBySlug.get('fairwater-playhouse')!);
    expect(numbers).to.include(12).and.to.include(14).and.to.not.include(13);
    const row = rowOf('fairwater-playhouse', 'STALLS', 'C');
    const [twelve, fourteen] = ['12', '14'].map((n) => row.find((seat) => seat.number === n)!.at);
    expect(distance(twelve!, fourteen!)).to.be.below(25);
  });

  it('leaves out row 13 in Chicago, seat 17 and box 17 in Genova, and table 13 in Montréal', () => {
    const rows = (slug: string) => seatsBySlug.get(slug)!.map((seat) => Number(seat.row));
    expect(rows('lake-terrace-amphitheater')).to.include(14).and.to.not.include(13);
    expect(rows('cave-de-la-lanterne')).to.include(14).and.to.not.include(13);
    expect(rows('teatro-boccadoro')).to.include(18).and.to.not.include(17);
    const numbers = numbersOf(seatsBySlug.get('teatro-boccadoro')!);
    expect(numbers).to.include(13).and.to.not.include(17);
  });

  it('leaves a pillar its place: the number is missing and so is the room', () => {
    const row = rowOf('fairwater-playhouse', 'STALLS', 'N');
    expect(numbersOf(row)).to.include.members([7, 8, 10, 22, 24]).and.to.not.include(9);
    expect(numbersOf(row)).to.not.include(23);
    const [before, after] = ['22', '24'].map((n) => row.find((seat) => seat.number === n)!.at);
    expect(distance(before!, after!)).to.be.above(40);
  });

  it('counts from the middle in Zürich: odd to the left, even to the right', () => {
    const row = numbersOf(rowOf('tonsaal-am-schanzengraben', 'PARKETT', '5'));
    const odd = Array.from({ length: 16 }, (_, i) => 31 - 2 * i);
    expect(row).to.deep.equal([...odd, ...odd.map((n) => n + 1).reverse()]);
  });

  describe('programme', () => {
    it('has at least 40 events, none twice at one time in one house, and some in every house', () => {
      expect(events).to.have.length.of.at.least(40);
      expect(new Set(events.map((e) => `${e.venue} ${e.startsAt}`)).size).to.equal(events.length);
      expect(new Set(events.map((e) => e.name)).size).to.equal(events.length);
      expect([...new Set(events.map((e) => e.venue))].sort()).to.deep.equal(slugs);
    });

    it('prices each category of its plan, and no other, in the money and zone of the house', () => {
      for (const event of events) {
        const { currency, timeZone } = venues.get(event.venue)!;
        expect([event.currency, event.timeZone]).to.deep.equal([currency, timeZone]);
        const priced = event.prices.map((price) => price.category).sort();
        const named = plans
          .get(event.venue)!
          .categories.map((category) => category.name)
          .sort();
        expect(priced, event.name).to.deep.equal(named);
      }
    });

    it('plays in 2027, by day or in the evening on the clock of the house', () => {
      for (const { name, startsAt, timeZone } of events) {
        const local = localTime(Date.parse(startsAt), timeZone);
        expect(local, name).to.match(/^2027-\d\d-\d\d (1[1-9]|2[01]):(00|15|30|45)$/);
      }
    });

    it('has one instant for each season: 19:30 in Vienna is 18:30 UTC in winter, 17:30 in summer', () => {
      const starts = new Map(events.map((event) => [event.name, event.startsAt]));
      expect(starts.get('Beethoven: the late quartets')).to.equal('2027-03-14T18:30:00.000Z');
      expect(starts.get('Fanny Hensel: piano trio and songs')).to.equal('2027-06-18T17:30:00.000Z');
    });

    it('sells each event before it plays, and most of them already by November 2026', () => {
      for (const event of events)
        expect(event.onSaleAt < event.startsAt, event.name).to.equal(true);
      const open = events.filter((event) => event.onSaleAt < '2026-11-01');
      expect(open.length).to.be.above(events.length * 0.9);
      expect(open.length).to.be.below(events.length);
    });

    it('has exactly one hot event, in a house of 250 to 650 seats, not yet on sale', () => {
      const hot = events.filter((event) => event.hot);
      expect(hot).to.have.length(1);
      expect(venues.get(hot[0]!.venue)!.seatCount).to.be.within(250, 650);
      expect(hot[0]!.onSaleAt > '2027').to.equal(true);
    });

    it('fills the arena of about 20,000 more than once', () => {
      expect(events.filter((event) => event.venue === 'nordhamn-arena')).to.have.length.above(1);
    });
  });
});
