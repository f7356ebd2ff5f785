import { numbers, type Section } from '../rows.ts';
import { type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

/** A shoebox with continental numbering: odd seats to the left of the middle, even to the right. */
function layout(): Layout {
  const parkett: Section = {
    code: 'PARKETT',
    name: 'Parkett',
    category: { '1': 'Parkett hinten', '4': 'Parkett', '17': 'Parkett hinten' },
    at: { x: 0, y: 180 },
    radius: 2600,
    rows: 26,
    labels: numbers(26),
    numbering: 'odd-even',
    blocks: [
      [16, 16],
      [16, 16],
    ],
    wheelchair: { '26': [31, 27, 28, 24] },
  };
  const side = (code: string, name: string, facing: 90 | 270): Section => ({
    code,
    name,
    category: { '1': 'Seitenbalkon', '3': 'Restricted view' },
    at: { x: facing === 90 ? -500 : 500, y: 560 },
    facing,
    rows: 3,
    labels: numbers(3),
    blocks: [
      [14, 14],
      [14, 14],
    ],
    pillars: { '2': [8, 22] },
  });
  const balcony: Section = {
    code: 'BALKON',
    name: 'Balkon',
    category: 'Balkon',
    at: { x: 0, y: 1030 },
    radius: 3450,
    rows: 12,
    labels: numbers(12),
    numbering: 'odd-even',
    blocks: [
      [18, 19],
      [18, 19],
    ],
    pillars: { '9': [17, 18], '12': [17, 18] },
  };
  const gallery: Section = {
    ...balcony,
    code: 'GALERIE',
    name: 'Galerie',
    category: 'Galerie',
    at: { x: 0, y: 1440 },
    radius: 3860,
    rows: 9,
    labels: numbers(9),
    pillars: {},
  };
  const choir: Section = {
    code: 'CHOR',
    name: 'Orgelempore',
    category: 'Orgelempore',
    at: { x: 0, y: -190 },
    facing: 180,
    radius: 900,
    rows: 4,
    labels: numbers(4),
    blocks: [
      [13, 15],
      [13, 15],
    ],
  };
  return {
    stage: { text: 'PODIUM', at: { x: -300, y: -120 }, width: 600, height: 240 },
    parts: [
      parkett,
      side('BALKON-L', 'Balkon links', 90),
      side('BALKON-R', 'Balkon rechts', 270),
      balcony,
      gallery,
      choir,
    ].map(seated),
  };
}

export const tonsaal: Venue = {
  slug: 'tonsaal-am-schanzengraben',
  name: 'Tonsaal am Schanzengraben',
  address: 'Bastionsgasse 7',
  postcode: '8002',
  city: 'Zürich',
  country: 'CH',
  timeZone: 'Europe/Zurich',
  currency: 'CHF',
  latitude: 47.3681,
  longitude: 8.5342,
  amenities: ['hearing loop', 'cloakroom', 'foyer bar', 'lift', 'introductory talks'],
  rules: ['Latecomers are seated between works', 'Recording is not permitted'],
  categories: [
    { name: 'Parkett', color: '#9f1239', share: 1 },
    { name: 'Balkon', color: '#c2410c', share: 0.8 },
    { name: 'Parkett hinten', color: '#ca8a04', share: 0.7 },
    { name: 'Seitenbalkon', color: '#15803d', share: 0.55 },
    { name: 'Galerie', color: '#0e7490', share: 0.4 },
    { name: 'Orgelempore', color: '#1d4ed8', share: 0.3 },
    { name: 'Restricted view', color: '#64748b', share: 0.2 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.4 },
    { name: 'Companion', color: '#a78bfa', share: 0.4 },
  ],
  layout,
  shows: [
    {
      at: '2027-01-29 19:30',
      name: 'Mahler: Symphony No. 2, “Resurrection”',
      artists: ['Limmat-Philharmonie', 'Singverein Seefeld', 'Henrike Aarvold'],
      category: 'classical',
      description:
        'Two hundred musicians on the podium, brass in the corridors and the organ for the last eight minutes.',
      tags: ['Mahler', 'symphony', 'choral'],
      topPriceMinor: 15500,
      minutes: 90,
      notes: { introduction: '18:30, foyer', interval: 'none' },
    },
    {
      at: '2027-03-05 19:30',
      name: 'Brahms: the two piano concertos',
      artists: ['Limmat-Philharmonie', 'Tadeusz Wielopolski', 'Margrit Zollikofer'],
      category: 'classical',
      description:
        'One pianist, two concertos, an interval to recover. Margrit Zollikofer conducts.',
      tags: ['Brahms', 'piano', 'concerto'],
      topPriceMinor: 14500,
      minutes: 125,
      notes: { introduction: '18:30, foyer', interval: '25 minutes' },
    },
    {
      at: '2027-03-26 18:00',
      name: 'Bach: St Matthew Passion',
      artists: ['Collegium am Graben', 'Zürcher Knabenkantorei', 'Ansgar Lindqvist'],
      category: 'classical',
      description:
        'The Good Friday performance, with the two choirs and orchestras facing each other across the hall.',
      tags: ['Bach', 'oratorio', 'Good Friday'],
      topPriceMinor: 13000,
      minutes: 190,
      notes: { interval: '30 minutes' },
    },
    {
      at: '2027-05-09 11:00',
      name: 'Peter and the piccolo: a concert for small ears',
      artists: ['Limmat-Philharmonie', 'Flurina Caduff'],
      category: 'family',
      description:
        'An hour in which every instrument introduces itself, and the double basses turn out to be shy.',
      tags: ['children', 'introduction to the orchestra', 'matinée'],
      topPriceMinor: 4500,
      minutes: 60,
      doorsBefore: 60,
      ageLimit: 4,
      notes: { language: 'German and Romansh' },
    },
    {
      at: '2027-09-17 19:30',
      name: 'Clara Schumann and her circle',
      artists: ['Limmat-Philharmonie', 'Yun-seo Baek', 'Odile Perrenoud'],
      category: 'classical',
      description:
        'Her piano concerto, Robert’s “Rhenish” and songs by both, read from the letters that went between them.',
      tags: ['Clara Schumann', 'Robert Schumann', 'season opening'],
      topPriceMinor: 13500,
      minutes: 120,
      notes: { introduction: '18:30, foyer', interval: '25 minutes' },
    },
    {
      at: '2027-11-19 20:00',
      name: 'How ice remembers',
      artists: ['Prof. Seraina Truog', 'Quartett Grimsel'],
      category: 'talk',
      description:
        'A glaciologist plays the crackle of eight-hundred-thousand-year-old ice; a string quartet answers it.',
      tags: ['science', 'climate', 'lecture with music'],
      topPriceMinor: 5500,
      minutes: 95,
      notes: { language: 'German, with English surtitles' },
      onSale: '2027-03-01 09:00',
    },
  ],
};
