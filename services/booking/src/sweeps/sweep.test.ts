import { expect } from 'chai';
import { causeOf, type EventDate } from './sweep.ts';

const day = (number: number, status = 'published'): EventDate => ({
  status,
  startsAt: new Date(Date.UTC(2027, 2, number)),
});

describe('the cause of a sweep', () => {
  const cases: [string, EventDate | undefined, EventDate, string | undefined][] = [
    ['an event that is cancelled', day(1), day(1, 'cancelled'), 'cancelled'],
    ['a cancellation that is the first we hear', undefined, day(1, 'cancelled'), 'cancelled'],
    ['a change of a cancelled event', day(1, 'cancelled'), day(2, 'cancelled'), undefined],
    ['an event that is postponed', day(1), day(1, 'postponed'), 'postponed'],
    ['one postponed to a date', day(1), day(9, 'postponed'), 'postponed'],
    ['a postponed one that is changed', day(1, 'postponed'), day(1, 'postponed'), undefined],
    ['a postponed one with a date', day(1, 'postponed'), day(9, 'rescheduled'), 'rescheduled'],
    ['a second new date', day(9, 'rescheduled'), day(12, 'rescheduled'), 'rescheduled'],
    ['a new date without a word', day(1), day(2), 'rescheduled'],
    ['a change of anything else', day(1), day(1, 'off_sale'), undefined],
    ['a draft with a new date', day(1, 'draft'), day(2, 'published'), undefined],
    ['the first news of an event', undefined, day(1), undefined],
  ];
  for (const [what, before, after, cause] of cases) {
    it(`is ${cause ?? 'none'} for ${what}`, () => {
      expect(causeOf(before, after)).to.equal(cause);
    });
  }
});
