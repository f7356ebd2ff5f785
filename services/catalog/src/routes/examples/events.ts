import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import type { showEvent } from '../views.ts';
import { venueExample } from './venues.ts';

const face = {
  name: 'Beethoven: the late quartets',
  description: 'Three evenings, this is the first.',
  artists: ['Quartett am Fluss'],
  category: 'classical',
  startsAt: '2027-03-14T18:30:00.000Z',
  onSaleAt: '2026-12-01T09:00:00.000Z',
  prices: [
    { category: 'Stalls', priceMinor: 4_800 },
    { category: 'Floor', priceMinor: 2_800 },
  ],
  currency: 'EUR',
  terms: exampleTerms,
  tags: ['chamber'],
  metadata: { ageFrom: 6 },
  maxPerUser: 6,
  maxPerOrder: 4,
  seatPolicy: { orphans: 'avoid' },
  status: 'published',
} as const;

const ticketType = { id: 'child', name: 'Child' };

/** What a new event has besides its start, as the events of a series have it too. */
const { startsAt, ...repeated } = {
  ...face,
  venueId: venueExample.venueId,
  ticketTypes: [
    { id: 'full', name: 'Full price', default: true },
    { ...ticketType, percent: 50 },
  ],
};
export const newEventExample = { ...repeated, startsAt };
export const newSeriesExample = {
  recurrence: { firstLocal: '2027-03-21T12:30', every: 1, step: 'weeks', count: 2 },
  durationMinutes: 60,
  event: repeated,
};
export const eventEditExample = { status: 'off_sale', version: 2 };
export const eventPlanExample = { planVersion: 2, heldKeepPrice: true, version: 2 };

export const eventExample = {
  ...face,
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  venueId: venueExample.venueId,
  venueName: venueExample.name,
  city: venueExample.city,
  country: venueExample.country,
  timeZone: venueExample.timeZone,
  location: venueExample.location,
  artists: [...face.artists],
  artistIds: [],
  startsAtLocal: '2027-03-14T19:30',
  images: [],
  translations: {},
  prices: [...face.prices],
  ticketTypes: [
    { id: 'full', name: 'Full price', default: true, prices: [...face.prices] },
    {
      ...ticketType,
      default: false,
      prices: [
        { category: 'Stalls', priceMinor: 2_400 },
        { category: 'Floor', priceMinor: 1_400 },
      ],
    },
  ],
  tags: [...face.tags],
  ready: true,
  seatCount: venueExample.seatCount,
  planVersion: venueExample.planVersion,
  version: 2,
  shownStatus: 'on_sale',
} satisfies ReturnType<typeof showEvent>;

export const editedEventExample = { ...eventExample, seatCount: 63, planVersion: 2, version: 6 };

/** An event as an answer. */
export const event = { description: 'The event', example: { event: eventExample } };
