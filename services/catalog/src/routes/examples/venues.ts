import type { VenueView } from '../views.ts';

/** A plan of our own form: a row of three, and standing room. */
const planFor = (capacity: number) => ({
  categories: ['Stalls', 'Floor'],
  sections: [
    {
      name: 'Stalls',
      rows: [
        {
          name: 'A',
          seats: [
            { number: '1', x: 0, y: 0, category: 'Stalls', flags: ['aisle'] },
            { number: '2', x: 1, y: 0, category: 'Stalls' },
            { number: '3', x: 2, y: 0, category: 'Stalls' },
          ],
        },
      ],
    },
    { name: 'Floor', kind: 'standing', capacity, category: 'Floor' },
  ],
});

const face = {
  name: 'Kammersaal am Fluss',
  address: 'Uferstrasse 4',
  city: 'Wien',
  country: 'AT',
  timeZone: 'Europe/Vienna',
  location: { latitude: 48.2136, longitude: 16.3793 },
  amenities: ['cloakroom'],
  rules: ['No flash'],
};

export const newVenueExample = { ...face, plan: planFor(50) };
export const venueEditExample = { amenities: ['cloakroom', 'bar'], version: 1 };
export const planBodyExample = { plan: planFor(60), version: 1 };

export const venueExample = {
  venueId: '0198c9d4-0000-7000-8000-0000000000f1',
  ...face,
  seatCount: 53,
  categories: ['Stalls', 'Floor'],
  planVersion: 1,
  version: 1,
} satisfies VenueView;

export const replannedVenueExample = {
  ...venueExample,
  seatCount: 63,
  planVersion: 2,
  version: 2,
};

/** A venue as an answer. */
export const venue = { description: 'The venue', example: { venue: venueExample } };
