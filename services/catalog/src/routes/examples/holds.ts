import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import type { viewHold } from '../views.ts';
import { eventExample } from './events.ts';

export const takeExamples = [
  {
    seats: [{ seatId: 'Stalls-A-1' }, { seatId: 'Stalls-A-2', ticketType: 'child' }],
    durationSeconds: 600,
  },
  { seatIds: ['Stalls-A-1', 'Stalls-A-2'] },
  { bestAvailable: { partySize: 2, category: 'Stalls' } },
  { areas: [{ area: 'Floor', quantity: 2 }] },
];

const seat = { section: 'Stalls', row: 'A', category: 'Stalls' };

/** What the first of the requests above is answered. */
const view = {
  holdId: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
  eventId: eventExample.eventId,
  status: 'held',
  seats: [
    {
      ...seat,
      seatId: 'Stalls-A-1',
      label: 'Stalls, row A, seat 1',
      number: '1',
      ticketType: { id: 'full', name: 'Full price' },
      priceMinor: 4_800,
    },
    {
      ...seat,
      seatId: 'Stalls-A-2',
      label: 'Stalls, row A, seat 2',
      number: '2',
      ticketType: { id: 'child', name: 'Child' },
      priceMinor: 2_400,
    },
  ],
  currency: eventExample.currency,
  totalMinor: 7_200,
  terms: exampleTerms,
  expiresAt: '2026-12-01T09:14:11.000Z',
  createdAt: '2026-12-01T09:04:11.000Z',
} satisfies ReturnType<typeof viewHold>;

export const holdExample = {
  hold: { ...view, offer: 'eyJhbGciOiJFZERTQSIsImtpZCI6I.eyJob2xk.c2ln' },
};
export const releasedExample = { hold: { ...view, status: 'released' } };
export const holdsExample = { holds: [view], next: null };
