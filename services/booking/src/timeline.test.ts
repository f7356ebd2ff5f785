import { expect } from 'chai';
import fc from 'fast-check';
import { cursorOf, readCursor, type TimelineEntry, tellInFull, tellPlainly } from './timeline.ts';

const ENTRY: TimelineEntry = {
  at: '2027-01-08T10:00:00.412345Z',
  micros: 1_799_402_400_412_345,
  place: 'ticket:0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71:000002',
  source: 'audit',
  subject: 'ticket',
  subjectId: '0198c9d5-7b1a-7c44-9d21-5f0e6a3b8c71',
  seatId: 'STALLS-C-14',
  action: 'ticket.void',
  before: 'live',
  after: 'void',
  amountMinor: null,
  currency: null,
  actor: 'user:0198c9d4-0c3d-7b22-9f83-1a2b3c4d5e6f',
  reason: 'customer_request',
  requestId: 'request',
  correlationId: 'correlation',
  details: {},
};

describe('timeline', () => {
  it('tells a buyer who acted without naming others', () => {
    const by = (actor: string, reader = 'somebody') => tellPlainly({ ...ENTRY, actor }, reader).by;
    expect(by('user:me', 'me')).to.equal('you');
    expect(by('user:admin', 'me')).to.equal('somebody_else');
    expect(by('system:sweeper', 'me')).to.equal('holdfast');
    expect(JSON.stringify(tellPlainly(ENTRY, 'me'))).to.not.match(/user:|requestId|correlation/);
  });

  it('tells an admin everything but the places by which it pages', () => {
    const { micros: _micros, place: _place, ...all } = ENTRY;
    expect(tellInFull(ENTRY)).to.deep.equal(all);
  });

  it('reads back each cursor that it wrote, and no other text', () => {
    fc.assert(
      fc.property(fc.nat(), fc.uuid(), fc.nat(999_999), (micros, id, seq) => {
        const place = `payment:${id}:${String(seq).padStart(6, '0')}`;
        expect(readCursor(cursorOf({ ...ENTRY, micros, place }))).to.deep.equal({ micros, place });
      }),
    );
    for (const text of ['', 'AAAA', Buffer.from('12 a b').toString('base64url')]) {
      expect(readCursor(text)).to.equal(undefined);
    }
  });
});
