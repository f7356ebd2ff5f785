import { expect } from 'chai';
import { explainMiss, isTakeable, liveStatus, type Miss, type Seat, TRANSITIONS } from './seat.ts';

const NOW = new Date('2027-01-01T12:00:00.000Z');
const LATER = new Date('2027-01-01T12:10:00.000Z');

function seat(seatId: string, change: Partial<Seat> = {}): Seat {
  return {
    _id: `event:${seatId}`,
    eventId: 'event',
    seatId,
    label: seatId,
    section: 'Stalls',
    row: 'A',
    number: '1',
    order: 0,
    position: { x: 0, y: 0 },
    category: 'Stalls',
    flags: [],
    status: 'available',
    version: 1,
    ...change,
  };
}

function held(seatId: string, holdId: string, expiresAt = LATER): Seat {
  return seat(seatId, {
    status: 'held',
    hold: {
      id: holdId,
      userId: 'u',
      attemptId: `try of ${holdId}`,
      round: 0,
      takenAt: NOW,
      expiresAt,
    },
  });
}

describe('a seat', () => {
  it('is available again at the very end of its hold, not before', () => {
    expect(liveStatus(held('A', 'h', NOW), NOW)).to.equal('available');
    expect(liveStatus(held('A', 'h', LATER), NOW)).to.equal('held');
    expect(isTakeable(held('A', 'h', NOW), NOW)).to.equal(true);
    expect(isTakeable(held('A', 'h', LATER), NOW)).to.equal(false);
  });

  it('never expires while it is being paid, nor when it is sold or blocked', () => {
    for (const status of ['committing', 'sold', 'blocked'] as const) {
      expect(liveStatus({ ...held('A', 'h', NOW), status }, NOW)).to.equal(status);
    }
  });

  it('is sold only from under a pin, and pinned only from a hold', () => {
    const into = (status: string) =>
      Object.entries(TRANSITIONS).flatMap(([step, { from, to }]) =>
        (to as readonly string[]).includes(status) ? [[step, ...from]] : [],
      );
    expect(into('sold')).to.deep.equal([['confirm', 'committing']]);
    expect(into('committing')).to.deep.equal([['pin', 'held']]);
  });
});

describe('a missed take is explained', () => {
  const cases: [string, Partial<Parameters<typeof explainMiss>[0]>, Miss][] = [
    ['by seats that do not exist', { wanted: ['A', 'Z'] }, { reason: 'not_found', seatIds: ['Z'] }],
    ['by a sale that is not open', { onSaleAt: LATER }, { reason: 'not_on_sale' }],
    [
      'by a try that stands in its hold',
      { found: [held('A', 'known')], settled: new Set(['try of known']) },
      { reason: 'taken', seatIds: ['A'] },
    ],
    ['by a rival that is not settled', { found: [held('A', 'new')] }, { reason: 'contended' }],
    ['by a rival that has gone', { found: [seat('A')] }, { reason: 'contended' }],
    [
      'by an expired hold, which may be taken over',
      { found: [held('A', 'known', NOW)], settled: new Set(['try of known']) },
      { reason: 'contended' },
    ],
    [
      'by holds of the same account that ran out on it',
      { found: [seat('A', { lapses: [{ userId: 'me', until: LATER }] })] },
      { reason: 'cooling', seatIds: ['A'], leftMs: 600_000 },
    ],
    [
      'by nothing where the holds of others ran out, or its own long ago',
      {
        found: [
          seat('A', {
            lapses: [
              { userId: 'other', until: LATER },
              { userId: 'me', until: NOW },
            ],
          }),
        ],
      },
      { reason: 'contended' },
    ],
    [
      'by a sold seat',
      { found: [seat('A', { status: 'sold' })] },
      { reason: 'taken', seatIds: ['A'] },
    ],
    [
      'by a blocked seat',
      { found: [seat('A', { status: 'blocked' })] },
      { reason: 'taken', seatIds: ['A'] },
    ],
  ];
  for (const [how, given, miss] of cases) {
    it(how, () => {
      expect(
        explainMiss({
          wanted: ['A'],
          found: [seat('A')],
          settled: new Set(),
          userId: 'me',
          onSaleAt: NOW,
          now: NOW,
          ...given,
        }),
      ).to.deep.equal(miss);
    });
  }
});
