import { expect } from 'chai';
import { renderDay } from './reconcile.ts';
import { readSweepsCommand, renderReport, renderSweeps } from './sweeps.ts';

const sweepId = '0198c9d7-4444-7000-8000-000000000001';
const sweep = {
  sweepId,
  eventName: 'Quartets',
  cause: 'cancelled',
  state: 'running',
  startedAt: '2027-02-01T09:00:00.000Z',
};

describe('./holdfast sweeps', () => {
  it('reads what is asked for, and says what to write otherwise', () => {
    expect(readSweepsCommand({ operands: ['list'] })).to.deep.equal({ kind: 'list' });
    expect(readSweepsCommand({ operands: ['pause', sweepId.toUpperCase()] })).to.deep.equal({
      kind: 'pause',
      sweepId,
    });
    for (const operands of [[], ['list', 'x'], ['show'], ['show', 'x'], ['stop', sweepId]]) {
      expect(() => readSweepsCommand({ operands }), operands.join(' ')).to.throw();
    }
  });

  it('prints a line a sweep, and of one how its bookings fare', () => {
    expect(renderSweeps([])).to.include('No event');
    expect(renderSweeps([sweep]))
      .to.include(sweepId)
      .and.include('Quartets');
    const text = renderReport({
      ...sweep,
      endedAt: null,
      outcomes: { repaid: 12, waiting_for_funds: 3, failed: 0 },
      remaining: 5,
      perSecond: 96.4,
    });
    expect(text).to.include('12  repaid').and.include('3  waiting for funds');
    expect(text).to.include('5  to do').and.not.include('failed');
  });
});

describe('./holdfast reconcile', () => {
  it('prints both sides of a day and each difference that is not settled', () => {
    const differences = ['2027-02-03T00:00:00.000Z', null].map((resolvedAt) => ({
      ...{ kind: 'missing_here', bookingId: null, resolvedAt },
      remedy: resolvedAt === null ? 'Look it up.' : 'Settled long ago.',
    }));
    const text = renderDay({
      ...{ day: '2027-02-01', state: 'done', coversUntil: '2027-02-02T00:00:00.000Z' },
      ...{ unresolved: 1, differences },
      sums: [
        { movement: 'capture', currency: 'EUR', countThere: 2, thereMinor: 700, hereMinor: 0 },
        { movement: 'refund', currency: 'EUR', countThere: 1, thereMinor: 100, hereMinor: 100 },
      ],
    });
    expect(text).to.include('700 EUR in minor units, here 0').and.include('here the same');
    expect(text).to.include('missing here: Look it up.').and.not.include('Settled');
    expect(text).to.include('1 differences.');
  });
});
