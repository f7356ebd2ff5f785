import type { Offer } from '@holdfast/shared/contracts/offer.ts';
import { exampleTerms } from '@holdfast/shared/contracts/terms.ts';
import { isRefusal } from '@holdfast/shared/errors.ts';
import { expect } from 'chai';
import { joinOffers } from './offers.ts';

const offer = (holdId: string, seatIds: string[], parts: Partial<Offer> = {}): Offer => ({
  holdId,
  ...{ userId: 'u', eventId: 'e', eventName: 'E', venueName: 'V', timeZone: 'Europe/Vienna' },
  startsAt: '2027-03-14T18:30:00.000Z',
  seats: seatIds.map((seatId) => ({
    ...{ seatId, label: '', section: '', row: '', number: '', category: 'Stalls' },
    priceMinor: 100,
  })),
  ...{ currency: 'EUR', totalMinor: 100 * seatIds.length, maxPerUser: 8 },
  expiresAt: '2027-01-01T00:10:00.000Z',
  ...parts,
});
const codeOf = (...offers: Offer[]) => {
  const joint = joinOffers(offers);
  return isRefusal(joint) ? joint.code : 'joined';
};

describe('offers of one event', () => {
  it('are one in the order of their holds, with all seats, the earliest end and the lowest limit', () => {
    const early = { expiresAt: '2027-01-01T00:05:00.000Z', maxPerUser: 4 };
    const [a, b] = [offer('a', ['1', '2']), offer('b', ['3'], early)];
    const joint = joinOffers([b, a]);
    expect(joint).to.deep.equal(joinOffers([a, b]));
    expect(joint).to.deep.include({ holdId: 'a', totalMinor: 300, ...early });
    expect(joint).to.deep.include({
      holds: [
        { holdId: 'a', seatIds: ['1', '2'] },
        { holdId: 'b', seatIds: ['3'] },
      ],
    });
  });

  it('go together only when they are of one event, currency and terms, and name nothing twice', () => {
    const a = offer('a', ['1']);
    expect(codeOf(a, offer('b', ['2']))).to.equal('joined');
    expect(codeOf(a, offer('b', ['2'], { eventId: 'other' }))).to.equal('offers_differ');
    expect(codeOf(a, offer('b', ['2'], { currency: 'CHF' }))).to.equal('offers_differ');
    expect(codeOf(a, offer('b', ['2'], { terms: exampleTerms }))).to.equal('offers_differ');
    expect(codeOf(a, offer('a', ['2']))).to.equal('offer_invalid');
    expect(codeOf(a, offer('b', ['1']))).to.equal('offer_invalid');
    expect(codeOf()).to.equal('offer_invalid');
  });
});
