import { BOOKING_CONTRACTS } from '@holdfast/shared/contracts/bookings.ts';
import { type Contract, newMessage } from '@holdfast/shared/contracts/contract.ts';
import { EVENT_CONTRACTS } from '@holdfast/shared/contracts/events.ts';
import {
  HOLD_CONTRACTS,
  holdEndingSoon,
  holdPinUnsettled,
} from '@holdfast/shared/contracts/holds.ts';
import { systemOrigin } from '@holdfast/shared/origin.ts';
import { expect } from 'chai';
import { frameOf, userOf } from './user-frames.ts';

function messageOf<D extends object>(contract: Contract<D>) {
  return newMessage(contract, {
    key: '0198c9d4-5c1e-7b60-8f0e-3a4a0f6d2b11',
    version: 3,
    time: new Date('2027-03-14T19:30:00.000Z'),
    origin: systemOrigin('test', 'test'),
    data: contract.example,
  });
}

describe('frames of a user’s own', () => {
  it('tell of every change of a hold or booking, and keep what services need to themselves', () => {
    const contracts = [
      ...HOLD_CONTRACTS.filter((one) => one !== holdPinUnsettled),
      ...BOOKING_CONTRACTS,
    ] as readonly Contract<object>[];
    for (const contract of contracts) {
      const message = messageOf(contract);
      const frame = frameOf(message);
      expect(frame, contract.type).to.include({ version: 3, time: message.time });
      expect(JSON.stringify(frame), contract.type).not.to.match(/"(?:pinId|userId)"/);
      expect(userOf(message), contract.type).to.equal('0198c9d4-0000-7000-8000-0000000000aa');
    }
  });

  it('tell every seat that a hold has, beside those that changed', () => {
    const seatIds = ['STALLS-C-14', 'STALLS-C-15'];
    const message = messageOf(holdEndingSoon);
    const frame = frameOf({ ...message, data: { ...message.data, seatIds } });
    expect(frame).to.have.deep.property('hold', {
      holdId: holdEndingSoon.example.holdId,
      eventId: holdEndingSoon.example.eventId,
      seats: [],
      seatIds,
      expiresAt: holdEndingSoon.example.expiresAt,
    });
  });

  it('are not made of reminders between services, nor of other messages', () => {
    expect(frameOf(messageOf(holdPinUnsettled))).to.equal(undefined);
    for (const contract of EVENT_CONTRACTS as readonly Contract<object>[]) {
      expect(frameOf(messageOf(contract)), contract.type).to.equal(undefined);
    }
  });
});
