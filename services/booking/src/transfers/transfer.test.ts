import { NO_TERMS, type Terms } from '@holdfast/shared/contracts/terms.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { expect } from 'chai';
import {
  decideEnd,
  type OfferedTicket,
  refuseOffer,
  TRANSFER_STATUSES,
  type TransferEnd,
} from './transfer.ts';

const BUYER = 'buyer';
const HOLDER = 'holder';
const ticket: OfferedTicket = {
  id: 'ticket',
  bookingId: 'booking',
  holderId: BUYER,
  status: 'live',
  firstEnteredAt: null,
};
const booking = { id: 'booking', userId: BUYER, terms: NO_TERMS, eventName: 'Quartets' };
const event = { isCancelled: false, hasStarted: false };

function codeOf(change: {
  ticket?: Partial<OfferedTicket>;
  terms?: Partial<Terms>;
  event?: Partial<typeof event>;
  userId?: string;
}) {
  return refuseOffer(
    { ticketIds: ['ticket'], userId: change.userId ?? BUYER },
    {
      booking: { ...booking, terms: { ...NO_TERMS, ...change.terms } },
      tickets: new Map([['ticket', { ...ticket, ...change.ticket }]]),
      event: { ...event, ...change.event },
    },
  )?.code;
}

describe('offering tickets', () => {
  it('is for whoever holds them: their buyer, or the person who accepted them', () => {
    expect(codeOf({})).to.equal(undefined);
    expect(codeOf({ ticket: { holderId: HOLDER }, userId: HOLDER })).to.equal(undefined);
    expect(codeOf({ ticket: { holderId: HOLDER } })).to.equal('ticket_transferred');
    expect(codeOf({ userId: 'stranger' })).to.equal('ticket_not_found');
    expect(codeOf({ ticket: { bookingId: 'other' } })).to.equal('ticket_not_found');
  });

  it('is refused for what is not live, was used, or stays with its buyer, and near nothing else', () => {
    expect(codeOf({ ticket: { status: 'void' } })).to.equal('ticket_void');
    expect(codeOf({ ticket: { status: 'reserved' } })).to.equal('ticket_not_live');
    expect(codeOf({ ticket: { firstEnteredAt: new Date(0) } })).to.equal('ticket_used');
    expect(codeOf({ terms: { transferable: false } })).to.equal('ticket_not_transferable');
    expect(codeOf({ event: { isCancelled: true } })).to.equal('event_cancelled');
    expect(codeOf({ event: { hasStarted: true } })).to.equal('event_started');
  });

  it('is all or nothing', () => {
    const refusal = refuseOffer(
      { ticketIds: ['ticket', 'gone'], userId: BUYER },
      { booking, tickets: new Map([['ticket', ticket]]), event },
    );
    expect(refusal?.code).to.equal('ticket_not_found');
  });
});

describe('the end of an offer', () => {
  const ends = TRANSFER_STATUSES.filter((status): status is TransferEnd => status !== 'offered');
  const by = (end: TransferEnd, userId: string | null = 'you') => ({ end, userId });
  const open = { id: 't', status: 'offered' as const, toUserId: null, hasExpired: false };

  it('may be any, once', () => {
    for (const end of ends) {
      expect(decideEnd(open, by(end))).to.deep.equal({ kind: 'accepted', status: end });
      for (const other of ends.filter((one) => one !== end)) {
        const decision = decideEnd({ ...open, status: end, toUserId: 'you' }, by(other));
        expect(isRefusal(decision) && decision.code, `${end}, ${other}`).to.equal('transfer_over');
      }
    }
  });

  it('is no acceptance and no refusal by the recipient after its time, but any other', () => {
    const late = { ...open, hasExpired: true };
    for (const end of ends) {
      const isLate = end === 'accepted' || end === 'declined';
      expect(isRefusal(decideEnd(late, by(end))), end).to.equal(isLate);
    }
  });

  it('is answered again to who brought it, and to nobody else', () => {
    const accepted = { ...open, status: 'accepted' as const, toUserId: 'you', hasExpired: true };
    expect(decideEnd(accepted, by('accepted')).kind).to.equal('ignored');
    expect(decideEnd(accepted, by('accepted', 'other')).kind).to.equal('refused');
    expect(decideEnd({ ...open, status: 'withdrawn' }, by('withdrawn', null)).kind).to.equal(
      'ignored',
    );
  });
});
