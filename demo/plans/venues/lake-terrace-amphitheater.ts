import { type Fan, fanSections, numbers } from '../rows.ts';
import { type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

const CENTRE = { x: 0, y: 0 };

function sections(hundred: number, count: number, part: string): Fan['wedges'] {
  return Array.from({ length: count }, (_, i) => {
    const code = String(hundred + i + 1);
    return { code, name: `${part} ${code}` };
  });
}

/** Three rising fans around the stage. House rule: neither a row 13 nor a seat 13. */
function layout(): Layout {
  const skip = [13];
  const shared = { centre: CENTRE, rowPitch: 26, skip };
  const fans: Fan[] = [
    {
      ...shared,
      category: { '1': 'Front orchestra', '9': 'Orchestra' },
      radius: 360,
      from: -62,
      to: 62,
      rows: 22,
      labels: numbers(22, skip),
      wedges: sections(100, 5, 'Orchestra'),
    },
    {
      ...shared,
      category: 'Terrace',
      radius: 990,
      from: -66,
      to: 66,
      rows: 28,
      labels: numbers(28, skip),
      wedges: sections(200, 7, 'Terrace'),
      wheelchair: { '1': [1, 5] },
    },
    {
      ...shared,
      category: 'Lawn bench',
      radius: 1790,
      from: -66,
      to: 66,
      rows: 21,
      labels: numbers(21, skip),
      wedges: sections(300, 9, 'Lawn'),
    },
  ];
  return {
    stage: { text: 'STAGE', at: { x: -300, y: -180 }, width: 600, height: 300 },
    parts: fans.flatMap(fanSections).map(seated),
  };
}

export const lakeTerrace: Venue = {
  slug: 'lake-terrace-amphitheater',
  name: 'Lake Terrace Amphitheater',
  address: '2450 South Shoreline Drive',
  postcode: 'IL 60616',
  city: 'Chicago',
  country: 'US',
  timeZone: 'America/Chicago',
  currency: 'USD',
  latitude: 41.8489,
  longitude: -87.6082,
  amenities: ['open air', 'accessible parking', 'food trucks', 'lockers', 'water refill stations'],
  rules: ['Rain or shine', 'No umbrellas in the seats', 'Clear bags only', 'No glass'],
  categories: [
    { name: 'Front orchestra', color: '#be123c', share: 1 },
    { name: 'Orchestra', color: '#ea580c', share: 0.75 },
    { name: 'Terrace', color: '#65a30d', share: 0.5 },
    { name: 'Lawn bench', color: '#0284c7', share: 0.28 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.4 },
    { name: 'Companion', color: '#a78bfa', share: 0.4 },
  ],
  layout,
  shows: [
    {
      at: '2027-06-12 19:30',
      name: 'Delmar Reed and the Cottonwood Revival',
      artists: ['Delmar Reed', 'The Cottonwood Revival'],
      category: 'music',
      description:
        'Country soul for the first warm Saturday of the season, with a nine-piece band and a borrowed gospel choir.',
      tags: ['country', 'soul', 'season opening'],
      topPriceMinor: 14500,
      minutes: 140,
      doorsBefore: 90,
    },
    {
      at: '2027-07-04 18:30',
      name: 'Prairie Symphony: fireworks over the lake',
      artists: ['Prairie Symphony Orchestra', 'Marisol Quintero'],
      category: 'classical',
      description:
        'Dvořák’s New World, Sousa’s marches and, when the sun is down, fireworks from three barges on the lake.',
      tags: ['Dvořák', 'Sousa', 'fireworks', 'Independence Day'],
      topPriceMinor: 9800,
      minutes: 150,
      doorsBefore: 120,
    },
    {
      at: '2027-07-24 20:00',
      name: 'Velvet Switchboard',
      artists: ['Velvet Switchboard', 'Ondine Marsh'],
      category: 'music',
      description:
        'Disco strings, analogue synthesizers and a light show that uses the whole hillside as its screen.',
      tags: ['disco', 'pop', 'dance'],
      topPriceMinor: 16800,
      minutes: 135,
      doorsBefore: 90,
      notes: { support: 'Ondine Marsh' },
    },
    {
      at: '2027-08-14 19:00',
      name: 'Stand-up by the Water',
      artists: ['Rosalind Achebe', 'Terry Kowalczyk', 'June Park-Halloran'],
      category: 'comedy',
      description:
        'Three headliners, forty minutes each, and a host who has promised not to mention the gulls.',
      tags: ['stand-up', 'open air'],
      topPriceMinor: 8500,
      minutes: 150,
      doorsBefore: 60,
      ageLimit: 16,
    },
    {
      at: '2027-09-11 19:30',
      name: 'The Great Lakes Blues Gathering',
      artists: ['Otis Langford Trio', 'Big Hattie Coleman', 'Southport Harp Attack'],
      category: 'music',
      description:
        'Four hours of Chicago blues from its elders and their grandchildren, closing with everybody on stage at once.',
      tags: ['blues', 'festival'],
      topPriceMinor: 11200,
      minutes: 240,
      doorsBefore: 90,
    },
  ],
};
