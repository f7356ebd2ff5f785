import type { Section } from '../rows.ts';
import { boxed, type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

/** A small house of 1904: curved orchestre, one balcony, a gallery and six loges. */
function layout(): Layout {
  const skip = [13];
  const orchestre: Section = {
    code: 'ORCH',
    name: 'Orchestre',
    category: { A: 'Carré or', G: 'Orchestre' },
    at: { x: 0, y: 180 },
    radius: 620,
    rows: 14,
    blocks: [
      [10, 13],
      [10, 13],
    ],
    skip,
    wheelchair: { P: [1, 3, 24, 26] },
  };
  const balcon: Section = {
    code: 'BALCON',
    name: 'Balcon',
    category: 'Balcon',
    at: { x: 0, y: 670 },
    radius: 1110,
    rows: 6,
    blocks: [
      [8, 9],
      [13, 14],
      [8, 9],
    ],
    skip,
  };
  const galerie: Section = {
    code: 'GALERIE',
    name: 'Galerie',
    category: 'Galerie',
    at: { x: 0, y: 900 },
    radius: 1340,
    rows: 3,
    blocks: [
      [7, 7],
      [13, 14],
      [7, 7],
    ],
    skip,
    pillars: { B: [8, 22] },
    restricted: { C: [8, 9, 21, 22] },
  };
  const loges = (code: string, name: string, facing: 100 | 260): Section => ({
    code,
    name,
    category: 'Loge',
    at: { x: facing === 100 ? -430 : 430, y: 300 },
    facing,
    rows: 1,
    blocks: [
      [4, 4],
      [4, 4],
      [4, 4],
    ],
    aisle: 18,
  });
  return {
    stage: { text: 'SCÈNE', at: { x: -240, y: -120 }, width: 480, height: 200 },
    parts: [
      seated(orchestre),
      boxed(loges('LOGE-J', 'Loges, côté jardin', 100)),
      boxed(loges('LOGE-C', 'Loges, côté cour', 260)),
      seated(balcon),
      seated(galerie),
    ],
  };
}

export const verriers: Venue = {
  slug: 'theatre-des-verriers',
  name: 'Théâtre des Verriers',
  address: '9 rue de la Cristallerie',
  postcode: '69001',
  city: 'Lyon',
  country: 'FR',
  timeZone: 'Europe/Paris',
  currency: 'EUR',
  latitude: 45.7701,
  longitude: 4.8325,
  amenities: ['hearing loop', 'foyer bar', 'step-free orchestre', 'cloakroom'],
  rules: ['Doors close at the announced time', 'Phones off, not just silent'],
  categories: [
    { name: 'Carré or', color: '#a16207', share: 1 },
    { name: 'Loge', color: '#9f1239', share: 0.9 },
    { name: 'Orchestre', color: '#c2410c', share: 0.75 },
    { name: 'Balcon', color: '#15803d', share: 0.6 },
    { name: 'Galerie', color: '#0e7490', share: 0.4 },
    { name: 'Restricted view', color: '#64748b', share: 0.25 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.4 },
    { name: 'Companion', color: '#a78bfa', share: 0.4 },
  ],
  layout,
  shows: [
    {
      at: '2027-01-15 20:00',
      name: 'Molière: Le Misanthrope',
      artists: ['Compagnie du Quai Sourd', 'Anselme Vauthier', 'Maïa Delorme'],
      category: 'theatre',
      description:
        'Alceste at a dinner party that will not end, by the light of the table lamps and in Molière’s own verse.',
      tags: ['Molière', 'comedy', 'classic'],
      topPriceMinor: 5200,
      minutes: 125,
      notes: { language: 'French' },
    },
    {
      at: '2027-02-13 20:30',
      name: 'Les Étincelles: winter session',
      artists: ['Les Étincelles'],
      category: 'music',
      description:
        'A glass harmonica, two accordions and a singer who used to blow glass in this very building.',
      tags: ['folk', 'chamber pop'],
      topPriceMinor: 3800,
      minutes: 95,
    },
    {
      at: '2027-03-27 15:00',
      name: 'Guignol and the stolen weathercock',
      artists: ['Théâtre de la Petite Gnafronne'],
      category: 'family',
      description:
        'Lyon’s own puppet hero in a new adventure, with the traditional right of children to shout warnings.',
      tags: ['puppets', 'Lyon', 'matinée'],
      topPriceMinor: 1800,
      minutes: 55,
      ageLimit: 4,
      notes: { language: 'French' },
    },
    {
      at: '2027-05-22 20:00',
      name: 'Marivaux: Le Jeu de l’amour et du hasard',
      artists: ['Compagnie du Quai Sourd', 'Lison Abitbol', 'Youri Kermadec'],
      category: 'theatre',
      description:
        'Masters and servants change clothes on stage, and the audience chooses, with coloured cards, who notices first.',
      tags: ['Marivaux', 'comedy'],
      topPriceMinor: 4800,
      minutes: 110,
      notes: { language: 'French, with English surtitles on Saturdays' },
    },
    {
      at: '2027-10-23 20:30',
      name: 'Basile Okonjo: Presque sérieux',
      artists: ['Basile Okonjo'],
      category: 'comedy',
      description:
        'The comedian’s new hour on his grandmother’s driving lessons, tried out for the first time outside Villeurbanne.',
      tags: ['stand-up', 'new show'],
      topPriceMinor: 3400,
      minutes: 80,
      ageLimit: 12,
      notes: { language: 'French' },
    },
    {
      at: '2027-12-11 20:00',
      name: 'Coraline Vasseur: one night, unplugged',
      artists: ['Coraline Vasseur', 'Quatuor Fourvière'],
      category: 'music',
      description:
        'After two years of arenas, one concert without microphones for six hundred people. There will be no second date.',
      tags: ['chanson', 'acoustic', 'one night only'],
      topPriceMinor: 8500,
      minutes: 105,
      hot: true,
      onSale: '2027-09-01 10:00',
      notes: { names: 'Tickets carry the holder’s name' },
    },
  ],
};
