import { expect } from 'chai';
import { type CheckoutStep, explainBooking } from './explain.ts';

const place: CheckoutStep = {
  step: 'place',
  state: 'done',
  since: '2027-01-08T10:00:00.000Z',
  endedAt: '2027-01-08T10:00:00.000Z',
  attempts: null,
  nextAttemptAt: null,
  error: null,
};
const waiting = (step: string, parts: Partial<CheckoutStep> = {}): CheckoutStep => ({
  ...place,
  step,
  state: 'waiting',
  endedAt: null,
  ...parts,
});

describe('the explanation of a booking', () => {
  it('says of an end what it means, and that nothing is to be done', () => {
    const sold = explainBooking({ status: 'confirmed', reason: null }, [place]);
    expect(sold).to.deep.equal({
      summary: 'It is sold: money captured, tickets live.',
      advice: 'Nothing is to be done.',
      isResumable: false,
    });
    const failed = explainBooking({ status: 'failed', reason: 'lost_card' }, [place]);
    expect(failed.summary).to.include('Reason: lost_card.');
  });

  it('names the broker while a message of an ended booking waits for it', () => {
    const steps = [place, waiting('tell: booking.confirmed.v1')];
    const { advice, isResumable } = explainBooking({ status: 'confirmed', reason: null }, steps);
    expect(advice).to.include('booking.confirmed.v1').and.to.include('Kafka');
    expect(isResumable).to.equal(false);
  });

  it('names what a booking in the middle waits for, and the last error', () => {
    const call = waiting('capture', { attempts: 7, error: 'no answer' });
    const asked = explainBooking({ status: 'capturing', reason: null }, [place, call]);
    expect(asked.summary)
      .to.include('to capture')
      .and.to.include('7 times')
      .and.to.include('no answer');
    const bank = explainBooking({ status: 'capturing', reason: null }, [place, waiting('await')]);
    expect(bank.advice).to.include('bank');
    const pin = explainBooking({ status: 'authorized', reason: null }, [place, waiting('pin')]);
    expect(pin.summary).to.include('catalog');
    for (const one of [asked, bank, pin]) expect(one.isResumable).to.equal(true);
  });

  it('says so when nothing is under way that would take it on', () => {
    const lost = explainBooking({ status: 'voiding', reason: 'seat_conflict' }, [place]);
    expect(lost.summary).to.include('Nothing is under way');
    expect(lost.isResumable).to.equal(true);
  });

  it('tells of a refund that is still owed by a cancelled booking', () => {
    const steps = [place, waiting('refund', { attempts: 2 })];
    const owed = explainBooking({ status: 'cancelled', reason: 'asked for' }, steps);
    expect(owed.summary).to.include('to refund');
    expect(owed.isResumable).to.equal(true);
  });
});
