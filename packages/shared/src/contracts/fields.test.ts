import { expect } from 'chai';
import fc from 'fast-check';
import { instant, zonedInstant } from './fields.ts';

const takes = (text: string) => ({
  utc: instant().validate(text).error === undefined,
  zoned: zonedInstant().validate(text).error === undefined,
});

describe('an instant', () => {
  it('is taken on each day that the calendar has, refused on each that it has not', () => {
    const twoDigits = (most: number) =>
      fc.integer({ min: 0, max: most }).map((one) => String(one).padStart(2, '0'));
    const year = fc.integer({ min: 1, max: 9_999 }).map((one) => String(one).padStart(4, '0'));
    fc.assert(
      fc.property(year, twoDigits(13), twoDigits(32), (...parts) => {
        const day = parts.join('-');
        const at = new Date(`${day}T19:30:00Z`);
        const exists = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
        expect(takes(`${day}T19:30:00Z`), day).to.deep.equal({ utc: exists, zoned: exists });
      }),
      { numRuns: 2_000 },
    );
    for (const [day, exists] of [
      ['2027-02-29', false],
      ['2028-02-29', true],
      ['2100-02-29', false],
      ['2000-02-29', true],
      ['2027-04-31', false],
      ['0000-01-01', false],
    ] as const) {
      expect(takes(`${day}T00:00:00Z`), day).to.deep.equal({ utc: exists, zoned: exists });
    }
  });

  it('of a request may name an offset and leave out the seconds, one of a message may not', () => {
    for (const text of ['2027-03-14T19:30:00+01:00', '2027-03-14T19:30Z']) {
      expect(takes(text), text).to.deep.equal({ utc: false, zoned: true });
    }
    for (const text of ['2027-03-14', '2027-03-14T19:30:00', '2027-03-14T19:60Z', 'x']) {
      expect(takes(text), text).to.deep.equal({ utc: false, zoned: false });
    }
  });

  it('that is refused is answered with an example, not with a pattern', () => {
    const { error } = zonedInstant().label('from').validate('2027-02-30T10:00:00Z');
    expect(error?.message).to.equal(
      '"from" must be an instant that exists, with its offset from UTC, such as 2027-03-14T19:30:00+01:00',
    );
    expect(instant().label('at').validate('now').error?.message).to.equal(
      '"at" must be an instant in UTC that exists, such as 2027-03-14T19:30:00Z',
    );
  });
});
