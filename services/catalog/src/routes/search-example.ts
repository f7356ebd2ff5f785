/** A hit as the documentation shows it. */
export const hitExample = {
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  name: 'Beethoven: the late quartets',
  artists: ['Quartett am Fluss'],
  category: 'classical',
  tags: ['chamber'],
  venueId: '0198c9d4-0000-7000-8000-0000000000f1',
  venueName: 'Kammersaal am Fluss',
  city: 'Wien',
  country: 'AT',
  location: { latitude: 48.2136, longitude: 16.3793 },
  timeZone: 'Europe/Vienna',
  startsAt: '2027-03-14T18:30:00.000Z',
  startsAtLocal: '2027-03-14T19:30',
  onSaleAt: '2026-12-01T09:00:00.000Z',
  status: 'published',
  shownStatus: 'on_sale',
  currency: 'EUR',
  priceFromMinor: 2800,
  priceToMinor: 4800,
  seatCount: 248,
  left: 17,
  stock: 'FEW_TICKETS_LEFT',
  asOf: '2026-12-01T09:04:11.000Z',
};

export const searchExample = {
  hits: [hitExample],
  corrections: [{ word: 'beetoven', meant: ['beethoven'] }],
  total: { events: 1, atLeast: false },
  facets: { category: [{ value: 'classical', events: 1 }] },
  next: null,
};
