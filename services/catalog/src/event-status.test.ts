import { EVENT_STATUSES } from '@holdfast/shared/contracts/events.ts';
import { expect } from 'chai';
import { checkStatusChange, nextTurnOf, type ShownStatus, shownStatusOf } from './event-status.ts';

const at = (hour: number) => new Date(Date.UTC(2027, 0, 1, hour));
const event = { startsAt: at(20), onSaleAt: at(8), offSaleAt: at(18), endsAt: at(23) };

describe('the status of an event', () => {
  it('is shown by what is stored, the window of the sale, the seats left and the end', () => {
    const cases: [(typeof EVENT_STATUSES)[number], number, number | undefined, ShownStatus][] = [
      ['draft', 9, 5, 'draft'],
      ['published', 7, 5, 'published'],
      ['published', 8, 5, 'on_sale'],
      ['published', 8, undefined, 'on_sale'],
      ['published', 8, 0, 'sold_out'],
      ['published', 7, 0, 'published'],
      ['published', 18, 5, 'off_sale'],
      ['published', 23, 5, 'completed'],
      ['off_sale', 9, 5, 'off_sale'],
      ['off_sale', 23, 5, 'completed'],
      ['postponed', 9, 5, 'postponed'],
      ['postponed', 23, 5, 'postponed'],
      ['rescheduled', 7, 5, 'rescheduled'],
      ['rescheduled', 9, 5, 'rescheduled'],
      ['rescheduled', 9, 0, 'sold_out'],
      ['cancelled', 9, 5, 'cancelled'],
    ];
    for (const [status, hour, left, shown] of cases) {
      const name = `${status} at ${hour} with ${left}`;
      expect(shownStatusOf({ ...event, status }, at(hour), left), name).to.equal(shown);
    }
  });

  it('is over half a day after the start where no end is named, and on sale until then', () => {
    const open = { status: 'published', startsAt: at(8), onSaleAt: at(7) } as const;
    expect([19, 20].map((hour) => shownStatusOf(open, at(hour)))).to.deep.equal([
      'on_sale',
      'completed',
    ]);
  });

  it('turns next at the nearest instant to come, and never after the end', () => {
    const turns = [7, 8, 19, 22, 23].map((hour) =>
      nextTurnOf({ ...event, status: 'published' }, at(hour)),
    );
    expect(turns).to.deep.equal([at(8), at(18), at(20), at(23), undefined]);
  });

  it('changes only as it may: never back from cancelled, nor to a draft, nor from postponed to sold', () => {
    const may = EVENT_STATUSES.map((from) => [
      from,
      EVENT_STATUSES.filter(
        (to) =>
          checkStatusChange(
            { name: 'Quartet', status: from, startsAt: at(1) },
            { status: to, startsAt: at(2) },
          ) === undefined,
      ),
    ]);
    expect(Object.fromEntries(may)).to.deep.equal({
      draft: ['draft', 'published', 'cancelled'],
      published: ['published', 'off_sale', 'postponed', 'rescheduled', 'cancelled'],
      off_sale: ['published', 'off_sale', 'postponed', 'rescheduled', 'cancelled'],
      postponed: ['postponed', 'rescheduled', 'cancelled'],
      rescheduled: ['off_sale', 'postponed', 'rescheduled', 'cancelled'],
      cancelled: [],
    });
  });

  it('becomes rescheduled with a new date, and not without', () => {
    const from = { name: 'Quartet', status: 'postponed', startsAt: at(1) } as const;
    expect(checkStatusChange(from, { status: 'rescheduled', startsAt: at(1) })?.code).to.equal(
      'invalid_request',
    );
    expect(checkStatusChange(from, { status: 'rescheduled', startsAt: at(2) })).to.equal(undefined);
  });
});
