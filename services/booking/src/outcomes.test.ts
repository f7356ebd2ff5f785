import { NO_TERMS } from '@holdfast/shared/contracts/terms.ts';
import { createLogger } from '@holdfast/shared/logger.ts';
import { expect } from 'chai';
import type { Booking } from './booking.ts';
import { createOutcomes } from './outcomes.ts';

const pending: Booking = {
  id: '0198c9d5-1111-7000-8000-000000000042',
  holdId: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
  pinId: '5f0c3e8e-6f5b-5b6e-9a5d-0d9c5d8a7c01',
  holds: [],
  eventId: '0198c9d4-0000-7000-8000-000000000001',
  userId: '0198c9d4-0000-7000-8000-0000000000aa',
  status: 'pending',
  reason: null,
  currency: 'EUR',
  totalMinor: 4_800,
  eventName: 'Quartet',
  venueName: 'Hall',
  startsAt: new Date(0),
  timeZone: 'Europe/Vienna',
  freeCancelUntil: null,
  retakes: null,
  version: 1,
  createdAt: new Date(0),
  changedAt: new Date(0),
  terms: NO_TERMS,
  lines: [],
  seats: [],
};

describe('waiting for an outcome', () => {
  for (const left of ['while it waits', 'before it waits'] as const) {
    it(`ends when the client leaves ${left}, and is not looked for any more`, async () => {
      const asked: string[] = [];
      const outcomes = createOutcomes({
        findSettled: async (ids) => {
          asked.push(...ids);
          return [];
        },
        log: createLogger('test', 'silent'),
      });
      const leaving = new AbortController();
      if (left === 'before it waits') leaving.abort();
      const waiting = outcomes.waitFor(pending.id, {
        read: async () => {
          setImmediate(() => leaving.abort());
          return pending;
        },
        stops: () => false,
        seconds: 25,
        signal: leaving.signal,
      });
      expect(await waiting).to.equal(pending);
      await outcomes.loop.runOnce();
      expect(asked).to.deep.equal([]);
    });
  }
});
