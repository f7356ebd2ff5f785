import type { Section } from '../rows.ts';
import { boxed, type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

/** A Victorian playhouse: no seat 13 anywhere, and iron columns that hold up the upper circle. */
function layout(): Layout {
  const skip = [13];
  const stalls: Section = {
    code: 'STALLS',
    name: 'Stalls',
    category: { A: 'Stalls', C: 'Premium stalls', J: 'Stalls' },
    at: { x: 0, y: 180 },
    radius: 700,
    rows: 15,
    blocks: [
      [6, 8],
      [12, 14],
      [6, 8],
    ],
    skip,
    pillars: { N: [9, 23] },
    restricted: { P: [9, 23], Q: [9, 23] },
    wheelchair: { Q: [1, 3, 28, 30] },
  };
  const dressCircle: Section = {
    code: 'DRESS',
    name: 'Dress circle',
    category: { A: 'Dress circle', F: 'Stalls' },
    at: { x: 0, y: 720 },
    radius: 1240,
    rows: 7,
    blocks: [
      [8, 9],
      [14, 15],
      [8, 9],
    ],
    skip,
  };
  const upperCircle: Section = {
    code: 'UPPER',
    name: 'Upper circle',
    category: 'Upper circle',
    at: { x: 0, y: 990 },
    radius: 1510,
    rows: 8,
    blocks: [
      [8, 9],
      [15, 17],
      [8, 9],
    ],
    skip,
    pillars: { C: [9, 10, 24, 25], F: [9, 10, 26, 27] },
    restricted: { D: [9, 10, 11, 23, 24, 25], G: [9, 10, 27, 28] },
  };
  const box = (code: string, name: string, facing: 100 | 260): Section => ({
    code,
    name,
    category: 'Box',
    at: { x: facing === 100 ? -440 : 440, y: 160 },
    facing,
    rows: 1,
    blocks: [
      [4, 4],
      [4, 4],
    ],
  });
  return {
    stage: { text: 'STAGE', at: { x: -260, y: -120 }, width: 520, height: 200 },
    parts: [
      seated(stalls),
      boxed(box('BOXL', 'Boxes, house left', 100)),
      boxed(box('BOXR', 'Boxes, house right', 260)),
      seated(dressCircle),
      seated(upperCircle),
    ],
  };
}

export const fairwater: Venue = {
  slug: 'fairwater-playhouse',
  name: 'Fairwater Playhouse',
  address: '12 Ropewalk Lane',
  postcode: 'BS1 4QD',
  city: 'Bristol',
  country: 'GB',
  timeZone: 'Europe/London',
  currency: 'GBP',
  latitude: 51.4512,
  longitude: -2.5935,
  amenities: ['infrared hearing system', 'stalls bar', 'circle bar', 'step-free stalls'],
  rules: ['No readmission during the acts', 'Under-16s with an adult'],
  categories: [
    { name: 'Premium stalls', color: '#9f1239', share: 1 },
    { name: 'Box', color: '#a16207', share: 0.9 },
    { name: 'Dress circle', color: '#c2410c', share: 0.85 },
    { name: 'Stalls', color: '#15803d', share: 0.7 },
    { name: 'Upper circle', color: '#0e7490', share: 0.4 },
    { name: 'Restricted view', color: '#64748b', share: 0.25 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.35 },
    { name: 'Companion', color: '#a78bfa', share: 0.35 },
  ],
  layout,
  shows: [
    {
      at: '2027-01-23 19:30',
      name: 'Shakespeare: Twelfth Night',
      artists: ['The Ropewalk Company', 'Imogen Adeyemi', 'Callum Strand'],
      category: 'theatre',
      description:
        'Illyria is a seaside hotel out of season. Imogen Adeyemi plays both twins until the last possible moment.',
      tags: ['Shakespeare', 'comedy'],
      topPriceMinor: 6200,
      minutes: 155,
      ageLimit: 10,
      notes: { interval: '20 minutes' },
    },
    {
      at: '2027-02-27 14:00',
      name: 'The Tinderbox',
      artists: ['Pocketful of Puppets'],
      category: 'family',
      description:
        'Andersen’s soldier, three dogs with eyes like teacups, millwheels and towers, and a great many paper lanterns.',
      tags: ['puppets', 'Andersen', 'matinée'],
      topPriceMinor: 2400,
      minutes: 70,
      ageLimit: 5,
    },
    {
      at: '2027-04-16 19:30',
      name: 'Wilde: The Importance of Being Earnest',
      artists: ['The Ropewalk Company', 'Philippa Garrow', 'Desmond Achterberg'],
      category: 'theatre',
      description:
        'Played in one drawing room that grows more crowded by the act. The handbag is the theatre’s own, of 1896.',
      tags: ['Wilde', 'comedy', 'classic'],
      topPriceMinor: 5800,
      minutes: 140,
      notes: { interval: '20 minutes' },
    },
    {
      at: '2027-06-05 20:00',
      name: 'Nadia Birtwhistle: Mild Peril',
      artists: ['Nadia Birtwhistle'],
      category: 'comedy',
      description:
        'Stand-up about allotments, astronauts and the worst ferry in the Hebrides. Recorded for radio.',
      tags: ['stand-up', 'tour', 'recording'],
      topPriceMinor: 3200,
      minutes: 100,
      ageLimit: 16,
      notes: { interval: '20 minutes' },
    },
    {
      at: '2027-10-02 19:30',
      name: 'Webster: The Duchess of Malfi',
      artists: ['Candle & Key', 'Oluwaseun Hartley', 'Frances Mowbray'],
      category: 'theatre',
      description:
        'Revenge tragedy by candlelight. From the fourth act on there is less and less of it.',
      tags: ['Webster', 'Jacobean', 'candlelight'],
      topPriceMinor: 5600,
      minutes: 165,
      ageLimit: 14,
      notes: { interval: '20 minutes', warnings: 'violence, darkness, open flame' },
    },
    {
      at: '2027-11-27 18:30',
      name: 'Dickens: A Christmas Carol',
      artists: ['The Ropewalk Company', 'Bristol Waits'],
      category: 'family',
      description:
        'The playhouse’s thirtieth Carol, with a brass band in the boxes and snow that reaches the dress circle.',
      tags: ['Dickens', 'Christmas', 'live band'],
      topPriceMinor: 4800,
      minutes: 130,
      ageLimit: 6,
      notes: { interval: '20 minutes' },
    },
  ],
};
