import { CONTRACTS } from '@holdfast/shared/contracts/all.ts';
import { bookingConfirmed } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { eventCreated } from '@holdfast/shared/contracts/events.ts';
import { bookingEventChanged } from '@holdfast/shared/contracts/moved-bookings.ts';
import { Fault } from '@holdfast/shared/errors.ts';
import { newId } from '@holdfast/shared/ids.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { expect } from 'chai';
import { type EventFacts, occasionOf, writeMail } from './mail.ts';

const messageOf = (contract: Contract<object>, data: object = contract.example) => ({
  ...newMessage(contract, {
    key: newId(),
    version: 1,
    time: new Date('2027-03-01T10:00:00Z'),
    origin: systemOrigin('test', 'c-1'),
    data: contract.example,
  }),
  data,
});
const { name, venueName, startsAt, timeZone } = eventCreated.example;
const event: EventFacts = { name, venueName, startsAt, timeZone };
const mara = { name: 'Mara Lindqvist', email: 'mara@example.org' };

describe('mails', () => {
  it('tell of bookings, holds, money and accounts, and of nothing else', () => {
    const told = CONTRACTS.filter((contract) => occasionOf(messageOf(contract)) !== undefined);
    expect(told.map(({ type }) => type)).to.have.members([
      'booking.confirmed.v1',
      'booking.failed.v1',
      'booking.cancelled.v1',
      'booking.seats_cancelled.v1',
      'booking.event_changed.v1',
      'hold.ending_soon.v1',
      'refund.succeeded.v1',
      'transfer.accepted.v1',
      'transfer.declined.v1',
      'transfer.expired.v1',
      'user.registered.v1',
      'user.tier_changed.v1',
    ]);
  });

  it('are written for every occasion, also while its people and event are unknown', () => {
    for (const contract of CONTRACTS) {
      const occasion = occasionOf(messageOf(contract));
      if (occasion === undefined) continue;
      for (const known of [true, false]) {
        const mail = writeMail(occasion, known ? mara : undefined, known ? event : undefined);
        expect(mail.to).to.equal(
          known ? 'Mara Lindqvist <mara@example.org>' : `user ${occasion.userId}`,
        );
        expect(mail.messageId).to.equal(`<${occasion.messageId}@holdfast>`);
        expect(mail.subject + mail.text).not.to.match(/undefined|null|NaN|Invalid|_/);
      }
    }
  });

  it('name seats, the amount in the decimals of its currency, and the time at the venue', () => {
    const booking = { ...bookingConfirmed.example, totalMinor: 4_800 };
    for (const [currency, amount] of [
      ['EUR', '48.00 EUR'],
      ['JPY', '4800 JPY'],
      ['KWD', '4.800 KWD'],
    ] as const) {
      const occasion = occasionOf(messageOf(bookingConfirmed, { ...booking, currency }));
      if (occasion === undefined) expect.fail('no occasion');
      const { subject, text } = writeMail(occasion, mara, event);
      expect(subject).to.equal('Your tickets: Beethoven: the late quartets');
      expect(text).to.equal(
        `Your booking is paid: 1 ticket (STALLS-C-14), ${amount} in all.\nBeethoven: the late quartets, Kammersaal am Fluss, Sunday, 14 March 2027 at 19:30.`,
      );
    }
  });

  it('say of an event that moved what is known: no date yet, another one, or the old one after all', () => {
    const { oldStartsAt } = bookingEventChanged.example;
    const written = (change: object) => {
      const moved = { ...bookingEventChanged.example, ...change };
      const occasion = occasionOf(messageOf(bookingEventChanged, moved));
      if (occasion === undefined) expect.fail('no occasion');
      const { subject, text } = writeMail(occasion, mara, event);
      return `${subject.split(':')[0]}. ${text.split(' Your tickets')[0]}`;
    };
    const first = 'Sunday, 14 March 2027 at 19:30';
    expect(written({ cause: 'postponed', newStartsAt: oldStartsAt })).to.equal(
      `Postponed. It does not begin on ${first}; we write when it will.`,
    );
    expect(written({})).to.equal(
      `New date. It was to begin on ${first}, and will now on Sunday, 18 April 2027 at 19:30.`,
    );
    expect(written({ newStartsAt: oldStartsAt })).to.equal(
      `New date. It takes place after all: on ${first}.`,
    );
  });

  it('are not written of what breaks its contract', () => {
    const broken = messageOf(bookingConfirmed, { ...bookingConfirmed.example, seats: 'all' });
    expect(() => occasionOf(broken)).to.throw(Fault, /seats/);
  });
});
