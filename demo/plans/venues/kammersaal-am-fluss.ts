import type { Section } from '../rows.ts';
import { type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

/** A chamber hall: gently curved stalls, a gallery along both walls and across the back. */
function layout(): Layout {
  const stalls: Section = {
    code: 'STALLS',
    name: 'Stalls',
    category: { A: 'Stalls', J: 'Rear stalls' },
    at: { x: 0, y: 150 },
    radius: 900,
    rows: 12,
    blocks: [
      [8, 8],
      [8, 8],
    ],
    pillars: { H: [1, 16], L: [1, 16] },
    wheelchair: { M: [1, 15] },
  };
  const side = (code: string, name: string, facing: 90 | 270): Section => ({
    code,
    name,
    category: 'Side gallery',
    at: { x: facing === 90 ? -330 : 330, y: 330 },
    facing,
    rows: 1,
    blocks: [[13, 13]],
  });
  const rear: Section = {
    code: 'GALLERY',
    name: 'Rear gallery',
    category: { A: 'Gallery', B: 'Restricted view' },
    at: { x: 0, y: 600 },
    radius: 1350,
    rows: 2,
    blocks: [
      [8, 9],
      [8, 9],
    ],
    skip: [13],
  };
  return {
    stage: { text: 'PODIUM', at: { x: -150, y: -60 }, width: 300, height: 130 },
    parts: [
      stalls,
      side('GALL', 'Side gallery left', 90),
      side('GALR', 'Side gallery right', 270),
      rear,
    ].map(seated),
  };
}

export const kammersaal: Venue = {
  slug: 'kammersaal-am-fluss',
  name: 'Kammersaal am Fluss',
  address: 'Uferzeile 23',
  postcode: '1020',
  city: 'Wien',
  country: 'AT',
  timeZone: 'Europe/Vienna',
  currency: 'EUR',
  latitude: 48.2136,
  longitude: 16.3829,
  amenities: ['step-free stalls', 'cloakroom', 'wine bar by the canal'],
  rules: ['Latecomers are seated between works', 'Coughs are forgiven between movements'],
  categories: [
    { name: 'Stalls', color: '#9f1239', share: 1 },
    { name: 'Rear stalls', color: '#c2410c', share: 0.8 },
    { name: 'Side gallery', color: '#15803d', share: 0.65 },
    { name: 'Gallery', color: '#0e7490', share: 0.5 },
    { name: 'Restricted view', color: '#64748b', share: 0.35 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.5 },
    { name: 'Companion', color: '#a78bfa', share: 0.5 },
  ],
  layout,
  shows: [
    {
      at: '2027-01-10 11:00',
      name: 'Haydn at eleven: Opus 76',
      artists: ['Ursulinen-Quartett'],
      category: 'classical',
      description:
        'Three of the six “Erdődy” quartets on a Sunday morning, with coffee included and no clapping before the second.',
      tags: ['Haydn', 'string quartet', 'matinée'],
      topPriceMinor: 3600,
      minutes: 75,
      doorsBefore: 60,
    },
    {
      at: '2027-02-05 19:30',
      name: 'Schubert: Winterreise',
      artists: ['Leopold Tannhofer', 'Akiko Shirasawa'],
      category: 'classical',
      description:
        'The twenty-four songs in the cold of February, sung by a baritone who walked here from Linz to prepare.',
      tags: ['Schubert', 'song recital'],
      topPriceMinor: 5200,
      minutes: 80,
      notes: { language: 'German', interval: 'none' },
    },
    {
      at: '2027-03-14 19:30',
      name: 'Beethoven: the late quartets',
      artists: ['Ursulinen-Quartett'],
      category: 'classical',
      description:
        'Opus 131 and Opus 132 in one evening, the first of two with which the quartet ends its Beethoven cycle.',
      tags: ['Beethoven', 'string quartet', 'cycle'],
      topPriceMinor: 4800,
      minutes: 110,
      onSale: '2026-12-01 10:00',
      notes: { interval: '20 minutes' },
    },
    {
      at: '2027-04-25 17:00',
      name: 'The listening city: an evening with Dr Ottilie Brandauer',
      artists: ['Dr Ottilie Brandauer'],
      category: 'talk',
      description:
        'Why the same street sounds different in each century, told with a microphone, a map and three volunteers.',
      tags: ['sound', 'history', 'Vienna'],
      topPriceMinor: 2200,
      minutes: 80,
      notes: { language: 'German' },
    },
    {
      at: '2027-06-18 19:30',
      name: 'Fanny Hensel: piano trio and songs',
      artists: ['Trio Leopoldstadt', 'Marlene Czerwinski'],
      category: 'classical',
      description:
        'The trio in D minor, nine songs, and the sonata that her brother never let into print.',
      tags: ['Fanny Hensel', 'piano trio', 'song'],
      topPriceMinor: 4400,
      minutes: 95,
      notes: { interval: '20 minutes' },
    },
    {
      at: '2027-11-06 15:00',
      name: 'The Magic Flute in a suitcase',
      artists: ['Kofferoper Wien'],
      category: 'family',
      description:
        'Mozart for four singers, one pianist and a trunk of costumes. The serpent needs volunteers of six and over.',
      tags: ['Mozart', 'opera for children'],
      topPriceMinor: 2600,
      minutes: 65,
      ageLimit: 6,
      notes: { language: 'German' },
    },
  ],
};
