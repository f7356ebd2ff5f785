import { eventExample } from './events.ts';

const seat = {
  seatId: 'Stalls-A-1',
  label: 'Stalls, row A, seat 1',
  section: 'Stalls',
  row: 'A',
  number: '1',
  order: 0,
  position: { x: 0, y: 0 },
  category: 'Stalls',
  flags: ['aisle'],
  status: 'held',
  version: 2,
};
const none = { available: 0, held: 0, committing: 0, sold: 0, blocked: 0 };

export const seatExample = { seat };
export const seatsExample = { seats: [seat], next: null };
export const availabilityExample = {
  eventId: eventExample.eventId,
  seatCount: eventExample.seatCount,
  totals: { ...none, available: 17, held: 2, sold: 34 },
  categories: [
    { category: 'Stalls', priceMinor: 4_800, ...none, available: 1, held: 2 },
    { category: 'Floor', priceMinor: 2_800, ...none, available: 16, sold: 34 },
  ],
};
