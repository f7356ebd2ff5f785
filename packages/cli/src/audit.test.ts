import { expect } from 'chai';
import { readQuestion } from './audit.ts';

const EVENT = '0198c9d4-0000-7000-8000-000000000001';
const ask = (values: Record<string, string>, ...flags: string[]) =>
  readQuestion({ flags: new Set(flags), values: new Map(Object.entries(values)) });

describe('the question to the audit', () => {
  it('is about all invariants, the chains, a booking or a seat', () => {
    expect(ask({})).to.deep.equal({ kind: 'invariants' });
    expect(ask({}, 'chain')).to.deep.equal({ kind: 'chain' });
    expect(ask({ booking: EVENT.toUpperCase() })).to.deep.equal({
      kind: 'booking',
      bookingId: EVENT,
    });
    expect(ask({ seat: `${EVENT}/BOX 3/1` })).to.deep.equal({
      kind: 'seat',
      eventId: EVENT,
      seatId: 'BOX 3/1',
    });
  });

  it('is refused with the form that is wanted, and when there are two', () => {
    expect(() => ask({ booking: '42' })).to.throw('--booking 42');
    for (const seat of ['A-1', EVENT, `${EVENT}/`]) {
      expect(() => ask({ seat })).to.throw(`--seat ${seat}`);
    }
    expect(() => ask({ booking: EVENT }, 'chain')).to.throw('questions of their own');
  });
});
