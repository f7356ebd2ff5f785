import { expect } from 'chai';
import { readBookingsCommand, renderList } from './bookings.ts';

const ID = '0198c9d5-6a02-7f3e-8b10-2c4d5e6f7081';
const read = (operands: string[], flags: string[] = [], values: [string, string][] = []) =>
  readBookingsCommand({ operands, flags: new Set(flags), values: new Map(values) });

describe('holdfast bookings', () => {
  it('reads what is asked for', () => {
    expect(read(['list'])).to.deep.equal({ kind: 'list', query: '' });
    const asked = read(['list'], ['stuck'], [['status', 'voiding']]);
    expect(asked).to.deep.equal({ kind: 'list', query: 'stuck=true&status=voiding' });
    for (const kind of ['explain', 'resume'] as const) {
      expect(read([kind, ID.toUpperCase()])).to.deep.equal({ kind, bookingId: ID });
    }
  });

  it('says what to write instead of anything else', () => {
    for (const operands of [
      [],
      ['lists'],
      ['list', ID],
      ['explain'],
      ['resume', 'x'],
      ['explain', ID, ID],
    ]) {
      expect(() => read(operands), operands.join(' ')).to.throw();
    }
  });

  it('prints a line a booking, or that none waits', () => {
    expect(renderList([])).to.equal('No booking waits.');
    const one = {
      bookingId: ID,
      status: 'capturing',
      seconds: 61.2,
      waitsFor: 'the payment provider: capture',
      attempts: 7,
      error: 'no answer',
    };
    expect(renderList([one, one]).split('\n')).to.have.lengthOf(2);
    expect(renderList([one])).to.equal(
      `${ID}  capturing       61 s  waits for the payment provider: capture  asked 7 times  no answer`,
    );
  });
});
