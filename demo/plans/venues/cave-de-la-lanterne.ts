import { buildTables, COMPANION, numbers, type Section, WHEELCHAIR } from '../rows.ts';
import { type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

/** A jazz cellar: tables of four, but no table 13; a bent bar, and a bench along the back wall. */
function layout(): Layout {
  const labels = numbers(22, [13]);
  const tables = buildTables(
    labels.map((label, i) => {
      const [line, column] = [Math.floor(i / 6), i % 6];
      const shift = line % 2 === 0 ? 0 : 55;
      const category = line === 0 ? 'Front table' : 'Table';
      return { label, at: { x: column * 110 - 275 + shift, y: 180 + line * 105 }, category };
    }),
    4,
    26,
  );
  for (const seat of tables.find(({ label }) => label === '23')?.places ?? []) {
    if (seat.number === '3') seat.category = WHEELCHAIR;
    if (seat.number === '4') seat.category = COMPANION;
  }
  const bar: Section = {
    code: 'BAR',
    name: 'Bar',
    category: 'Bar stool',
    at: { x: 470, y: 360 },
    facing: 300,
    radius: 160,
    rows: 1,
    blocks: [[15, 15]],
    skip: [13],
    pitch: 27,
  };
  const bench: Section = {
    code: 'BENCH',
    name: 'Back bench',
    category: 'Bench',
    at: { x: -30, y: 600 },
    rows: 1,
    blocks: [
      [9, 9],
      [9, 9],
    ],
    skip: [13],
    pillars: { A: [4] },
  };
  return {
    stage: { text: 'BANDSTAND', at: { x: -130, y: 0 }, width: 260, height: 110 },
    parts: [
      { code: 'T', name: 'Tables', rows: tables, rowLabel: 'Table %s' },
      seated(bar),
      seated(bench),
    ],
  };
}

export const lanterne: Venue = {
  slug: 'cave-de-la-lanterne',
  name: 'Cave de la Lanterne',
  address: '4117 rue des Tisserands',
  postcode: 'H2W 1S8',
  city: 'Montréal',
  country: 'CA',
  timeZone: 'America/Toronto',
  currency: 'CAD',
  latitude: 45.5172,
  longitude: -73.5796,
  amenities: ['table service', 'ramp from the yard', 'house piano of 1926'],
  rules: ['18 and over after 21:00', 'Two sets, no talking through ballads'],
  categories: [
    { name: 'Front table', color: '#9f1239', share: 1 },
    { name: 'Table', color: '#c2410c', share: 0.8 },
    { name: 'Bar stool', color: '#15803d', share: 0.65 },
    { name: 'Bench', color: '#0e7490', share: 0.55 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.5 },
    { name: 'Companion', color: '#a78bfa', share: 0.5 },
  ],
  layout,
  shows: [
    {
      at: '2027-01-21 20:30',
      name: 'Odette Larivière Quartet: snow songs',
      artists: ['Odette Larivière', 'Marcus Whitfield', 'Ji-ho Lim', 'Benoît Tessier'],
      category: 'music',
      description: 'New tunes for alto saxophone, written during last January’s power cut.',
      tags: ['jazz', 'quartet', 'premiere'],
      topPriceMinor: 4200,
      minutes: 120,
      ageLimit: 18,
      notes: { sets: '20:30 and 21:45' },
    },
    {
      at: '2027-02-18 20:30',
      name: 'The Pelletier Organ Trio',
      artists: ['Gaston Pelletier', 'Ruthie Vance', 'Amadou Sy'],
      category: 'music',
      description:
        'Hammond, guitar and drums, as loud as the vault allows, which is louder than you think.',
      tags: ['jazz', 'organ trio', 'groove'],
      topPriceMinor: 3800,
      minutes: 120,
      ageLimit: 18,
      notes: { sets: '20:30 and 21:45' },
    },
    {
      at: '2027-04-08 19:30',
      name: 'Rags and stomps of the 1910s',
      artists: ['Professor Lucille’s Parlor Orchestra'],
      category: 'music',
      description:
        'Joplin, Lamb and their forgotten rivals on instruments of the time, with the dances explained and attempted.',
      tags: ['ragtime', 'Scott Joplin', 'early jazz'],
      topPriceMinor: 3600,
      minutes: 100,
      notes: { sets: '19:30 and 20:30' },
    },
    {
      at: '2027-06-26 21:00',
      name: 'Late set: Hana Moreau, solo piano',
      artists: ['Hana Moreau'],
      category: 'music',
      description:
        'One long improvisation on the old house piano. Nobody, Hana Moreau included, knows how long.',
      tags: ['jazz', 'solo piano', 'improvisation'],
      topPriceMinor: 5000,
      minutes: 75,
      ageLimit: 18,
    },
    {
      at: '2027-09-16 19:00',
      name: 'Five-minute funerals',
      artists: ['Xavier Thibodeau', 'Mei-Lin Garneau', 'Duncan Fairweather'],
      category: 'comedy',
      description:
        'Comedians bury things that deserve it: a phone company, a haircut, a language exam. The band plays them out.',
      tags: ['stand-up', 'bilingual', 'live band'],
      topPriceMinor: 2800,
      minutes: 90,
      ageLimit: 18,
      notes: { language: 'English and French' },
    },
    {
      at: '2027-11-12 20:30',
      name: 'Septet Boréal plays Ladies’ Choice',
      artists: ['Septet Boréal', 'Celestine Okafor'],
      category: 'music',
      description:
        'A whole evening of pieces by women who wrote for the big bands and were seldom named on the label.',
      tags: ['jazz', 'septet', 'history'],
      topPriceMinor: 4600,
      minutes: 125,
      ageLimit: 18,
      onSale: '2027-05-03 10:00',
      notes: { sets: '20:30 and 21:50' },
    },
  ],
};
