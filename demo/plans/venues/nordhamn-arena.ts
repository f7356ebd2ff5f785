import { fanSections, numbers, type Section } from '../rows.ts';
import { type Layout, seated } from '../seating-plan.ts';
import type { Venue } from '../venue.ts';

const STRAIGHT = 1980;
const ROW_PITCH = 26;
const SIDE_SECTIONS = 5;

type Tier = { hundred: number; radius: number; rows: number; endSections: number; name: string };

/** A full ring of sections, numbered clockwise from the lower right: side, end, side, end. */
function ring({ hundred, radius, rows, endSections, name }: Tier): Section[] {
  const base = { rows, labels: numbers(rows), pitch: 22, rowPitch: ROW_PITCH };
  const named = (first: number, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const code = String(hundred + first + i);
      return { code, name: `Section ${code}` };
    });
  const side = (first: number, facing: 0 | 180) =>
    named(first, SIDE_SECTIONS).map((wedge, i): Section => {
      const fromMiddle = ((SIDE_SECTIONS - 1) / 2 - i) * (STRAIGHT / SIDE_SECTIONS);
      return {
        ...base,
        ...wedge,
        category: `${name} side`,
        facing,
        at: facing === 0 ? { x: fromMiddle, y: radius } : { x: -fromMiddle, y: -radius },
        blocks: [[16, 16]],
        wheelchair: i % 2 === 0 ? { [String(rows)]: [1, 3, 14] } : {},
      };
    });
  const end = (first: number, from: 0 | 180) =>
    fanSections({
      ...base,
      category: `${name} end`,
      centre: { x: from === 0 ? -STRAIGHT / 2 : STRAIGHT / 2, y: 0 },
      radius,
      from,
      to: from + 180,
      wedges: named(first, endSections),
      aisle: 44,
    });
  const half = SIDE_SECTIONS + endSections;
  return [
    ...side(1, 0),
    ...end(1 + SIDE_SECTIONS, 0),
    ...side(1 + half, 180),
    ...end(1 + half + SIDE_SECTIONS, 180),
  ];
}

/** Six blocks that look at the stage; the mixing desk stands in the last rows of the middle. */
function floor(): Section[] {
  const desk = [5, 6, 7, 8, 9, 10, 11, 12];
  return [-300, 190].flatMap((x, back) =>
    [420, 0, -420].map((y, i): Section => {
      const code = `F${back * 3 + i + 1}`;
      return {
        code,
        name: `Floor ${code}`,
        category: 'Floor',
        at: { x, y },
        facing: 270,
        rows: 15,
        labels: numbers(15),
        pillars: code === 'F5' ? { '13': desk, '14': desk, '15': desk } : {},
        blocks: [[16, 16]],
        pitch: 22,
        rowPitch: ROW_PITCH,
      };
    }),
  );
}

function layout(): Layout {
  const lower = ring({ hundred: 100, radius: 784, rows: 20, endSections: 7, name: 'Lower' });
  const upper = ring({ hundred: 200, radius: 1360, rows: 18, endSections: 9, name: 'Upper' });
  return {
    stage: { text: 'STAGE', at: { x: -900, y: -240 }, width: 420, height: 480 },
    parts: [...floor(), ...lower, ...upper].map(seated),
  };
}

export const nordhamn: Venue = {
  slug: 'nordhamn-arena',
  name: 'Nordhamn Arena',
  address: 'Packhuskajen 40',
  postcode: '411 13',
  city: 'Göteborg',
  country: 'SE',
  timeZone: 'Europe/Stockholm',
  currency: 'SEK',
  latitude: 57.7118,
  longitude: 11.9601,
  amenities: ['step-free access', 'hearing loop', 'cloakroom', 'food court', 'bicycle parking'],
  rules: ['Bags up to A4 size only', 'No professional cameras', 'Cashless venue'],
  categories: [
    { name: 'Floor', color: '#b91c1c', share: 1 },
    { name: 'Lower side', color: '#d97706', share: 0.85 },
    { name: 'Lower end', color: '#ca8a04', share: 0.65 },
    { name: 'Upper side', color: '#0f766e', share: 0.5 },
    { name: 'Upper end', color: '#2563eb', share: 0.38 },
    { name: 'Wheelchair', color: '#7c3aed', share: 0.4 },
    { name: 'Companion', color: '#a78bfa', share: 0.4 },
  ],
  layout,
  shows: [
    {
      at: '2027-02-06 19:30',
      name: 'Midnattsljus: the Long Winter tour',
      artists: ['Midnattsljus', 'Saga Ekdahl'],
      category: 'music',
      description:
        'The Gothenburg five-piece come home with a string section, a tape orchestra and the whole of their third album.',
      tags: ['pop', 'electronic', 'tour'],
      topPriceMinor: 119500,
      minutes: 130,
      doorsBefore: 90,
      ageLimit: 13,
      notes: { support: 'Saga Ekdahl' },
    },
    {
      at: '2027-03-20 15:00',
      name: 'Handball: West Coast Cup finals',
      artists: ['Skärgårdens HK', 'Älvstranden IF'],
      category: 'sport',
      description:
        'Both finals of the cup on one afternoon. One ticket is good for the women’s and the men’s match.',
      tags: ['handball', 'cup final', 'double-header'],
      topPriceMinor: 49500,
      minutes: 270,
      doorsBefore: 60,
      notes: { secondMatch: '17:30' },
    },
    {
      at: '2027-05-15 20:00',
      name: 'Iron Meridian',
      artists: ['Iron Meridian', 'The Salt Assembly'],
      category: 'music',
      description:
        'Twenty years of slow, heavy rock in the round, with the lights hung so low that the front rows can feel them.',
      tags: ['rock', 'metal', 'anniversary'],
      topPriceMinor: 139500,
      minutes: 150,
      doorsBefore: 90,
      ageLimit: 13,
      notes: { support: 'The Salt Assembly' },
    },
    {
      at: '2027-09-25 18:00',
      name: 'Verdi: Requiem for ten choirs',
      artists: ['Västkustens Filharmoni', 'Ten choirs of the coast', 'Ingrid Sollander'],
      category: 'classical',
      description:
        'Eight hundred singers from Strömstad to Kullen fill one end of the bowl for a single evening of Verdi.',
      tags: ['Verdi', 'choral', 'one night only'],
      topPriceMinor: 89500,
      minutes: 95,
      doorsBefore: 75,
    },
    {
      at: '2027-12-04 14:00',
      name: 'The Snow Queen on Ice',
      artists: ['Polstjärnan Ice Theatre'],
      category: 'family',
      description:
        'Andersen’s tale on a frozen stage, with forty skaters, two reindeer made of light and a very small robber girl.',
      tags: ['ice show', 'Andersen', 'Christmas'],
      topPriceMinor: 69500,
      minutes: 120,
      doorsBefore: 60,
      ageLimit: 3,
      notes: { interval: '25 minutes' },
    },
  ],
};
