import { expect } from 'chai';
import { instantsOf, type Recurrence } from './recurrence.ts';

const shown = (recurrence: Recurrence, zone = 'Europe/Vienna') =>
  instantsOf(recurrence, zone)?.map((instant) => instant.toISOString());

describe('a recurrence', () => {
  it('keeps the time on the wall when the clocks change', () => {
    const weekly = { firstLocal: '2027-03-21T19:30', every: 1, step: 'weeks', count: 3 } as const;
    expect(shown(weekly)).to.deep.equal([
      '2027-03-21T18:30:00.000Z',
      '2027-03-28T17:30:00.000Z',
      '2027-04-04T17:30:00.000Z',
    ]);
    expect(shown(weekly, 'Asia/Tokyo')?.[2]).to.equal('2027-04-04T10:30:00.000Z');
  });

  it('moves a time that is skipped an hour on, and takes the first of one that is there twice', () => {
    const nightly = { every: 1, step: 'days', count: 3 } as const;
    expect(shown({ ...nightly, firstLocal: '2027-03-27T02:30' })).to.deep.equal([
      '2027-03-27T01:30:00.000Z',
      '2027-03-28T01:30:00.000Z',
      '2027-03-29T00:30:00.000Z',
    ]);
    expect(shown({ ...nightly, firstLocal: '2027-10-30T02:30' })?.[1]).to.equal(
      '2027-10-31T00:30:00.000Z',
    );
  });

  it('takes the last day of a shorter month, and comes back to the day', () => {
    const monthly = { firstLocal: '2027-01-31T20:00', every: 1, step: 'months', count: 3 } as const;
    expect(shown(monthly, 'UTC')).to.deep.equal([
      '2027-01-31T20:00:00.000Z',
      '2027-02-28T20:00:00.000Z',
      '2027-03-31T20:00:00.000Z',
    ]);
  });

  it('is none where the first date does not exist', () => {
    const never = { firstLocal: '2027-02-30T20:00', every: 1, step: 'days', count: 1 } as const;
    expect(shown(never)).to.equal(undefined);
  });
});
