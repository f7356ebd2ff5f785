import type { Section } from '../rows.ts';
import { boxed, type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

/** Tiers of boxes on a horseshoe: three places at the parapet, two behind them. */
function boxTier(tier: number, radius: number, count: number, category: string): Section {
  return {
    code: `P${tier}`,
    name: `Palchi, ordine ${['I', 'II', 'III', 'IV'][tier - 1]}`,
    category,
    at: { x: 0, y: 330 + radius },
    radius,
    rows: 2,
    rowPitch: 26,
    blocks: Array.from({ length: count }, () => [3, 2]),
    aisle: 30,
    skip: [17],
  };
}

/** An Italian house: 17, not 13, is the number nobody wants, for seats and boxes alike. */
function layout(): Layout {
  const platea: Section = {
    code: 'PLATEA',
    name: 'Platea',
    category: { A: 'Poltronissima', H: 'Platea' },
    at: { x: 0, y: 180 },
    radius: 600,
    rows: 22,
    blocks: [
      [14, 18],
      [14, 18],
    ],
    skip: [17],
    wheelchair: { X: [1, 3, 5, 32, 34] },
  };
  const galleria: Section = {
    code: 'GAL',
    name: 'Galleria',
    category: 'Galleria',
    at: { x: 0, y: 330 + 1000 },
    radius: 1000,
    rows: 6,
    blocks: Array.from({ length: 5 }, () => [20, 24]),
    skip: [17],
  };
  const loggione: Section = {
    ...galleria,
    code: 'LOG',
    name: 'Loggione',
    category: 'Loggione',
    at: { x: 0, y: 330 + 1230 },
    radius: 1230,
    rows: 6,
    blocks: Array.from({ length: 5 }, () => [20, 24]),
    pillars: { B: [30, 31, 76, 77], D: [30, 31, 81, 82] },
    restricted: { C: [29, 30, 31, 32, 80, 81, 82, 83], E: [30, 31, 86, 87], F: [30, 31, 90, 91] },
  };
  const tiers = [
    boxTier(1, 660, 21, 'Palco'),
    boxTier(2, 740, 23, 'Palco'),
    boxTier(3, 820, 25, 'Palco alto'),
    boxTier(4, 900, 27, 'Palco alto'),
  ];
  return {
    stage: { text: 'PALCOSCENICO', at: { x: -380, y: -140 }, width: 760, height: 220 },
    parts: [seated(platea), ...tiers.map(boxed), seated(galleria), seated(loggione)],
  };
}

export const boccadoro: Venue = {
  slug: 'teatro-boccadoro',
  name: 'Teatro Boccadoro',
  address: 'Via dei Cordai 18',
  postcode: '16124',
  city: 'Genova',
  country: 'IT',
  timeZone: 'Europe/Rome',
  currency: 'EUR',
  latitude: 44.4097,
  longitude: 8.9298,
  amenities: ['surtitles in Italian and English', 'cloakroom', 'foyer bar', 'lift to all tiers'],
  rules: ['Latecomers are seated at the interval', 'No photography during the performance'],
  categories: [
    { name: 'Poltronissima', color: '#9f1239', share: 1 },
    { name: 'Palco', color: '#b45309', share: 0.9 },
    { name: 'Platea', color: '#d97706', share: 0.8 },
    { name: 'Palco alto', color: '#4d7c0f', share: 0.55 },
    { name: 'Galleria', color: '#0e7490', share: 0.38 },
    { name: 'Loggione', color: '#1d4ed8', share: 0.2 },
    { name: 'Restricted view', color: '#64748b', share: 0.1 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.25 },
    { name: 'Companion', color: '#a78bfa', share: 0.25 },
  ],
  layout,
  shows: [
    {
      at: '2027-01-16 20:00',
      name: 'Verdi: Simon Boccanegra',
      artists: ['Orchestra e Coro del Boccadoro', 'Ruggero Malvasi', 'Elena Tarconi'],
      category: 'opera',
      description:
        'The doge of Genoa in his own city: a new production that lets the harbour in through the back of the stage.',
      tags: ['Verdi', 'new production', 'season opening'],
      topPriceMinor: 18000,
      minutes: 175,
      notes: { language: 'Italian', interval: '25 minutes' },
    },
    {
      at: '2027-02-21 15:30',
      name: 'Rossini: Il barbiere di Siviglia',
      artists: ['Orchestra e Coro del Boccadoro', 'Tommaso Fierli', 'Giada Pellerano'],
      category: 'opera',
      description:
        'A Sunday matinée of the quickest comedy in the repertoire, sung by the house’s young ensemble.',
      tags: ['Rossini', 'comedy', 'matinée'],
      topPriceMinor: 12500,
      minutes: 165,
      notes: { language: 'Italian', interval: '25 minutes' },
    },
    {
      at: '2027-04-10 20:00',
      name: 'Puccini: Tosca',
      artists: ['Orchestra e Coro del Boccadoro', 'Noemi Castellaro', 'Adrián Sotomayor'],
      category: 'opera',
      description:
        'Noemi Castellaro sings her first Tosca, with a Te Deum that uses the boxes for its bells.',
      tags: ['Puccini', 'role debut'],
      topPriceMinor: 17500,
      minutes: 160,
      notes: { language: 'Italian', interval: 'two of 20 minutes' },
    },
    {
      at: '2027-05-29 20:30',
      name: 'Paganini: 24 capricci',
      artists: ['Livia Morandelli'],
      category: 'classical',
      description:
        'All twenty-four caprices in one evening, by a violinist born three streets from where Paganini was.',
      tags: ['Paganini', 'violin', 'recital'],
      topPriceMinor: 7500,
      minutes: 100,
    },
    {
      at: '2027-10-09 20:00',
      name: 'Monteverdi: L’Orfeo',
      artists: ['La Bottega Armonica', 'Samuele Ardizzone'],
      category: 'opera',
      description:
        'The first great opera with its original instruments, cornetts in the galleria and the underworld in the pit.',
      tags: ['Monteverdi', 'early music', 'period instruments'],
      topPriceMinor: 13500,
      minutes: 120,
      notes: { language: 'Italian' },
    },
    {
      at: '2027-12-18 16:00',
      name: 'Tchaikovsky: The Nutcracker',
      artists: ['Compagnia di Danza della Riviera', 'Orchestra del Boccadoro'],
      category: 'family',
      description:
        'The Christmas ballet with sixty dancers, a children’s corps from the city’s schools and real snow in the square outside.',
      tags: ['ballet', 'Tchaikovsky', 'Christmas'],
      topPriceMinor: 11000,
      minutes: 120,
      ageLimit: 5,
      notes: { interval: '25 minutes' },
    },
  ],
};
