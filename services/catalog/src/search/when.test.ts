import { expect } from 'chai';
import { localTimeOf, spanOf, spansOf, type When } from './when.ts';

const at = (text: string) => Date.parse(text);
const shown = (when: When, zone: string, now: string) => {
  const { fromMs, toMs } = spanOf(when, zone, at(now));
  return [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
};

describe('when', () => {
  it('is counted on the calendar of the venue', () => {
    // A Wednesday evening in Vienna, Thursday already in Tokyo.
    const now = '2027-01-13T20:00:00Z';
    expect(shown('today', 'Europe/Vienna', now)).to.deep.equal([
      '2027-01-12T23:00:00.000Z',
      '2027-01-13T23:00:00.000Z',
    ]);
    expect(shown('today', 'Asia/Tokyo', now)).to.deep.equal([
      '2027-01-13T15:00:00.000Z',
      '2027-01-14T15:00:00.000Z',
    ]);
    expect(shown('tomorrow', 'Europe/Vienna', now)).to.deep.equal([
      '2027-01-13T23:00:00.000Z',
      '2027-01-14T23:00:00.000Z',
    ]);
    expect(shown('next_7_days', 'UTC', now)).to.deep.equal([
      '2027-01-13T00:00:00.000Z',
      '2027-01-20T00:00:00.000Z',
    ]);
    expect(shown('this_month', 'UTC', now)).to.deep.equal([
      '2027-01-13T00:00:00.000Z',
      '2027-02-01T00:00:00.000Z',
    ]);
  });

  it('takes the next weekend from Monday on, and what is left of one that has begun', () => {
    const weekend = (now: string) => shown('this_weekend', 'UTC', now);
    const whole = ['2027-01-16T00:00:00.000Z', '2027-01-18T00:00:00.000Z'];
    expect(weekend('2027-01-11T09:00:00Z')).to.deep.equal(whole);
    expect(weekend('2027-01-16T09:00:00Z')).to.deep.equal(whole);
    expect(weekend('2027-01-17T09:00:00Z')).to.deep.equal(['2027-01-17T00:00:00.000Z', whole[1]]);
    expect(weekend('2027-01-18T09:00:00Z')[0]).to.equal('2027-01-23T00:00:00.000Z');
  });

  it('gives the day that a clock changes its 23 or 25 hours', () => {
    const hours = (now: string) => {
      const { fromMs, toMs } = spanOf('today', 'Europe/Vienna', at(now));
      return (toMs - fromMs) / 3_600_000;
    };
    expect([hours('2027-03-28T12:00:00Z'), hours('2027-10-31T12:00:00Z')]).to.deep.equal([23, 25]);
  });

  it('puts zones of one calendar together and others apart', () => {
    const spans = spansOf(
      'today',
      ['Europe/Vienna', 'Asia/Tokyo', 'Europe/Zurich'],
      at('2027-01-13T12:00:00Z'),
    );
    expect(spans.map((span) => span.timeZones)).to.deep.equal([
      ['Europe/Vienna', 'Europe/Zurich'],
      ['Asia/Tokyo'],
    ]);
  });

  it('shows the time on the wall of the venue', () => {
    const start = new Date('2027-07-14T18:30:00Z');
    expect(localTimeOf(start, 'Europe/Vienna')).to.equal('2027-07-14T20:30');
    expect(localTimeOf(start, 'America/New_York')).to.equal('2027-07-14T14:30');
  });
});
